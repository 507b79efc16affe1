"""Since when a thing is true, and until when it was, counted from its message."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from memory.extraction.discrete import extract
from memory.types import FactCandidate, Turn

SPRING = datetime(2026, 5, 20, 15, 0, tzinfo=UTC)


def told(text: str, at: datetime = SPRING) -> list[FactCandidate]:
    return extract([Turn(UUID(int=1), "customer", text, at)])


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("I live in Lyon since March.", (2026, 3, 1)),
        ("Since March I live in Lyon.", (2026, 3, 1)),
        ("I have lived in Lyon since 2019.", (2019, 1, 1)),
        ("Since 1 June 2024 I live in Lyon.", (2024, 6, 1)),
        ("As of 1 April I live in Lyon.", (2026, 4, 1)),
        ("I work for Acme since last year.", (2025, 1, 1)),
        ("i live in lyon since march", (2026, 3, 1)),
    ],
)
def test_it_is_true_since_then(text: str, since: tuple[int, int, int]) -> None:
    [fact] = told(text)
    assert fact.polarity == "assert"
    assert fact.valid_from is not None
    assert fact.valid_from.timetuple()[:3] == since


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I lived in Hamburg until last week.", "city"),
        ("I live in Hamburg until yesterday, now I am moving about.", "city"),
        ("I work for Acme until last month.", "employer"),
    ],
)
def test_what_ended_is_an_end_and_no_new_fact(text: str, key: str) -> None:
    [fact] = told(text)
    assert (fact.key, fact.polarity) == (key, "end")
    assert fact.valid_to is not None
    assert fact.valid_to < SPRING


def test_a_move_is_true_since_it_was_made() -> None:
    [city] = [f for f in told("I moved to Lyon in March.") if f.key == "city"]
    assert city.valid_from == datetime(2026, 3, 1, tzinfo=UTC)


def test_what_begins_later_is_not_true_yet() -> None:
    [fact] = told("From 1 June I live in Lyon.")
    assert fact.doubt
    assert fact.confidence < 0.5
    [past] = told("From 1 June I live in Lyon.", SPRING + timedelta(days=30))
    assert not past.doubt
    assert past.valid_from == datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "I live in Lyon.",
        "I live in Lyon. Since March the app has been slow.",
        "My order 5512340987 has been late since March.",
        "I live in Lyon until the work is done.",
    ],
)
def test_what_has_no_date_of_its_own_has_none(text: str) -> None:
    for fact in told(text):
        assert (fact.valid_from, fact.valid_to, fact.polarity) == (None, None, "assert")


@pytest.mark.parametrize("hours", [-11, -5, 0, 5.5, 13])
def test_the_day_is_the_one_of_her_message(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    late = datetime(2026, 3, 1, 0, 30, tzinfo=zone)
    [fact] = told("Since yesterday I live in Lyon.", late)
    assert fact.valid_from is not None
    assert fact.valid_from.tzinfo == zone
    assert fact.valid_from.date().isoformat() == "2026-02-28"
