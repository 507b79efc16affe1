from datetime import UTC, datetime

import pytest

from memory.extraction.dates import resolved
from tests.memory.extraction.dialogues import STARTED, facts, values


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("I work as a nurse", ("occupation", "a nurse")),
        ("I'm a software developer", ("occupation", "a software developer")),
        ("I work for Initech Systems.", ("employer", "Initech Systems")),
        ("My daughter is called Mia.", ("daughter_name", "Mia")),
        ("my dog's name is Rex", ("dog_name", "Rex")),
        ("I have two cats", ("has", "two cats")),
        ("We've got three kids", ("has", "three kids")),
        ("I'm originally from Peru.", ("origin", "Peru")),
        ("My birthday is on June 4.", ("birthday", "June 4")),
        ("my company is Blue Harbor", ("company", "Blue Harbor")),
        ("In my free time I play chess", ("hobby", "play chess")),
    ],
)
def test_plain_facts_of_life(line: str, expected: tuple[str, str]) -> None:
    assert expected in values(f"C: {line}")


@pytest.mark.parametrize(
    "line",
    [
        "My brother works as a nurse",
        "She has two cats",
        "Are you a nurse?",
        "If I had two cats I would buy more",
        "Imagine I'm a lawyer",
        'The sign said "I have two cats"',
    ],
)
def test_nothing_is_taken_of_others_or_suppositions(line: str) -> None:
    assert values(f"C: {line}") == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("I no longer have the iPhone", "iPhone"),
        ("I sold my bike", "bike"),
        ("I don't have the printer anymore", "printer"),
    ],
)
def test_what_she_no_longer_has_is_closed(line: str, what: str) -> None:
    ends = [f for f in facts(f"C: {line}") if f.polarity == "end"]
    assert [(f.value, f.text) for f in ends] == [(what, f"No longer: {what}.")]


@pytest.mark.parametrize(
    "line", ["I don't have my account number", "I no longer have time", "I lost my way"]
)
def test_what_was_never_kept_is_not_closed(line: str) -> None:
    assert not [f for f in facts(f"C: {line}") if f.polarity == "end"]


@pytest.mark.parametrize(
    ("line", "value", "when"),
    [
        ("I moved to Berlin in May.", "moved to Berlin in May", (2025, 5, 1)),
        ("I got married last month!", "got married last month", (2026, 2, 1)),
        ("We sold our house 3 days ago", "sold our house 3 days ago", (2026, 2, 27)),
        ("I visited Oslo last week", "visited Oslo last week", (2026, 2, 23)),
    ],
)
def test_events_are_dated_from_the_day_of_the_message(
    line: str, value: str, when: tuple[int, int, int]
) -> None:
    [event] = [f for f in facts(f"C: {line}") if f.key == "event"]
    assert (event.kind, event.value) == ("event", value)
    assert event.event_at is not None
    assert event.event_at.date() == datetime(*when, tzinfo=UTC).date()


def test_an_event_without_a_date_is_kept_only_when_it_is_one_for_life() -> None:
    assert ("event", "got engaged") in values("C: I got engaged!")
    assert values("C: I went to the shop") == []


def test_words_that_are_no_date_resolve_to_nothing() -> None:
    assert resolved("the blue one", STARTED) is None


def test_an_undated_month_is_the_next_one_when_it_lies_ahead() -> None:
    ahead = resolved("May", STARTED, future=True)
    assert ahead == datetime(2026, 5, 1, tzinfo=UTC)
