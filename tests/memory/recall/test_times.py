"""Words of time become stretches of time, by the clock of whoever asks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memory.recall import Period
from memory.recall.times import find, order, tells_time
from tests.memory.recall.expressions import (
    AUCKLAND,
    BERLIN,
    EVERYWHERE,
    KOLKATA,
    NEW_YORK,
    NO_TIME,
    SOMEWHERE,
)

ZONES = (BERLIN, NEW_YORK, AUCKLAND, KOLKATA)
# Wednesday in all four places: 11:00, 5:00, 23:00 and 15:30.
NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)


def ranges(periods: tuple[Period, ...], zone: str) -> str:
    """Write periods as the table does."""
    return " + ".join(
        f"{written(each.start, zone)}..{written(each.end, zone)}" for each in periods
    )


def written(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return ""
    assert moment.tzinfo is UTC
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%dT%H:%M}".removesuffix("T00:00")


def found(text: str, zone: str = BERLIN, now: datetime = NOW) -> str:
    return ranges(find(text, now=now, zone=ZoneInfo(zone)), zone)


@pytest.mark.parametrize("text", EVERYWHERE)
def test_a_question_means_the_same_days_by_every_clock(text: str) -> None:
    answers = {
        zone: found(text, zone) for zone in (BERLIN, NEW_YORK, AUCKLAND, KOLKATA)
    }
    assert answers == dict.fromkeys(answers, EVERYWHERE[text])


@pytest.mark.parametrize(("text", "zone"), SOMEWHERE)
def test_dates_and_seasons_mean_what_they_mean_where_one_is(
    text: str, zone: str
) -> None:
    assert found(text, zone) == SOMEWHERE[text, zone]


@pytest.mark.parametrize("text", NO_TIME)
def test_what_only_looks_like_a_time_is_none(text: str) -> None:
    assert found(text) == ""
    assert found(text, NEW_YORK) == ""


def test_the_day_is_that_of_the_customer_and_not_of_the_server() -> None:
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    assert found("today", BERLIN, late) == "2026-11-19..2026-11-20"
    assert found("today", NEW_YORK, late) == "2026-11-18..2026-11-19"
    assert found("yesterday", AUCKLAND, late) == "2026-11-18..2026-11-19"
    assert found("last week", KOLKATA, datetime(2026, 11, 22, 19, tzinfo=UTC)) == (
        "2026-11-16..2026-11-23"
    )


@pytest.mark.parametrize(
    ("zone", "text", "now", "start", "end"),
    [
        # 25 hours, as the clock goes back; 23 as it goes forward.
        (BERLIN, "yesterday", "2026-10-26T12", "2026-10-24T22:00", "2026-10-25T23:00"),
        (BERLIN, "yesterday", "2026-03-30T12", "2026-03-28T23:00", "2026-03-29T22:00"),
        (NEW_YORK, "yesterday", "2026-11-02T12",
         "2026-11-01T04:00", "2026-11-02T05:00"),
        (NEW_YORK, "yesterday", "2026-03-09T12",
         "2026-03-08T05:00", "2026-03-09T04:00"),
        (AUCKLAND, "last week", "2026-09-28T12",
         "2026-09-20T12:00", "2026-09-27T11:00"),
        (AUCKLAND, "in April", "2026-11-18T10", "2026-03-31T11:00", "2026-04-30T12:00"),
        (KOLKATA, "yesterday", "2026-11-18T10", "2026-11-16T18:30", "2026-11-17T18:30"),
        # A night with an hour twice, and one with an hour less.
        (BERLIN, "last night", "2026-10-25T12", "2026-10-24T16:00", "2026-10-25T05:00"),
        (BERLIN, "last night", "2026-03-29T12", "2026-03-28T17:00", "2026-03-29T04:00"),
        # Where the clock skips midnight, the day begins at one.
        ("Africa/Cairo", "24 April 2026", "2026-11-18T10", "2026-04-23T22:00",
         "2026-04-24T21:00"),
        # Hours are counted in hours, whatever the clock shows.
        (BERLIN, "two hours ago", "2026-10-25T02:00", "2026-10-24T23:30",
         "2026-10-25T00:30"),
        (BERLIN, "in the last 3 hours", "2026-10-25T02:00", "2026-10-24T23:00",
         "2026-10-25T02:00"),
        (BERLIN, "20 minutes ago", "2026-10-25T02:00", "2026-10-25T01:35",
         "2026-10-25T01:45"),
    ],
)  # fmt: skip
def test_days_are_as_long_as_the_clock_makes_them(
    zone: str, text: str, now: str, start: str, end: str
) -> None:
    asked = datetime.fromisoformat(now).replace(tzinfo=UTC)
    (period,) = find(text, now=asked, zone=ZoneInfo(zone))
    assert (period.start, period.end) == (
        datetime.fromisoformat(start).replace(tzinfo=UTC),
        datetime.fromisoformat(end).replace(tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("now", "text", "days"),
    [
        ("2026-03-31", "last month", "2026-02-01..2026-03-01"),
        ("2026-03-31", "in the last month", "2026-02-28..2026-04-01"),
        ("2024-03-31", "in the last month", "2024-02-29..2024-04-01"),
        ("2026-05-31", "three months ago", "2026-02-13..2026-03-16"),
        ("2024-02-29", "a year ago", "2022-11-29..2023-05-31"),
        ("2026-01-01", "yesterday", "2025-12-31..2026-01-01"),
        ("2026-01-01", "last month", "2025-12-01..2026-01-01"),
        ("2026-01-01", "last week", "2025-12-22..2025-12-29"),
        ("2026-01-01", "this week", "2025-12-29..2026-01-05"),
        ("2026-01-01", "over New Year", "2025-12-31..2026-01-02"),
        ("2026-01-15", "last quarter", "2025-10-01..2026-01-01"),
        ("2026-01-15", "last winter", "2024-12-01..2025-03-01"),
        ("2026-01-15", "this winter", "2025-12-01..2026-03-01"),
        ("2026-01-15", "since Christmas", "2025-12-24.."),
        ("2026-12-25", "last Christmas", "2025-12-24..2025-12-27"),
        ("2026-12-31", "next month", "2027-01-01..2027-02-01"),
        ("2026-11-22", "last weekend", "2026-11-14..2026-11-16"),
        ("2026-11-22", "at the weekend", "2026-11-21..2026-11-23"),
        ("2026-11-23", "last weekend", "2026-11-21..2026-11-23"),
        ("2026-11-23", "last Monday", "2026-11-16..2026-11-17"),
        ("2026-03-01", "on the 31st", "2026-01-31..2026-02-01"),
        ("2026-02-28", "on 29 February", "2024-02-29..2024-03-01"),
    ],
)
def test_the_calendar_holds_at_its_edges(now: str, text: str, days: str) -> None:
    noon = datetime.fromisoformat(f"{now}T11:00").replace(tzinfo=UTC)
    assert found(text, BERLIN, noon) == days


def test_a_period_says_the_words_that_it_was_read_from() -> None:
    def words(text: str) -> list[str]:
        periods = find(text, now=NOW, zone=ZoneInfo(BERLIN))
        return [each.words for each in periods]

    assert words("What did I say last Tuesday about it?") == ["last Tuesday"]
    assert words("Was it between March and May?") == ["between March and May"]
    assert words("orders since the beginning of June") == [
        "since the beginning of June"
    ]


def test_a_long_letter_is_read_from_its_end() -> None:
    letter = "In May 2023 I bought a lamp. " * 2_000 + "Was it in June 2024?"
    started = time.perf_counter()
    assert found(letter).endswith("2024-06-01..2024-07-01")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "text",
    ["1 " * 900 + "ago", "may " * 500, "between " * 250 + "May", "last " * 400 + "may",
     "1/" * 990, "from monday to " * 130],
)  # fmt: skip
def test_hostile_text_costs_no_time(text: str) -> None:
    started = time.perf_counter()
    found(text)
    assert time.perf_counter() - started < 0.5


def test_a_question_without_a_word_of_time_is_turned_away_at_the_gate() -> None:
    assert not tells_time("Where is my parcel, and who has signed for order LF-20418?")
    assert tells_time("What did I say on Tuesday?")


def test_the_gate_costs_next_to_nothing(median_us: Callable[..., float]) -> None:
    plain = "Where is my parcel? I ordered a desk lamp and nothing came so far, sadly."
    timed = "What did I say about pricing last Tuesday, between March and May?"
    zone = ZoneInfo(BERLIN)
    # Five times what is asked of it: a busy machine may not turn this red.
    assert median_us(lambda: find(plain, now=NOW, zone=zone)) < 250
    assert median_us(lambda: find(timed, now=NOW, zone=zone)) < 5_000


@pytest.fixture
def median_us() -> Callable[..., float]:
    def measure(work: Callable[[], object]) -> float:
        taken = []
        for _ in range(101):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
        return sorted(taken)[50] * 1_000_000

    return measure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When did I first contact you?", "oldest"),
        ("What was my first order?", "oldest"),
        ("What was my very first complaint?", "oldest"),
        ("What did I ask originally?", "oldest"),
        ("the earliest invoice you have, my oldest", "oldest"),
        ("the first time I called", "oldest"),
        ("What did I order most recently?", "newest"),
        ("the last time I wrote", "newest"),
        ("When did I last pay?", "newest"),
        ("my last order", "newest"),
        ("my latest complaint", "newest"),
        ("Which problems did I have lately?", "newest"),
        ("my most recent message", "newest"),
        ("Is my first name right?", ""),
        ("my last name is Miller", ""),
        ("the first class delivery", ""),
        ("First of all, hello", ""),
        ("Why did I get it in the first place?", ""),
        ("Do I have the latest firmware?", ""),
        ("last week", ""),
        ("Where is my parcel?", ""),
    ],
)
def test_a_question_may_ask_for_the_first_or_the_newest(
    text: str, expected: str
) -> None:
    assert order(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "What did I say this past weekend?",
        "I called over the past weekend",
        "What did we agree on for next fortnight?",
        "I wrote on Tuesday 3 hours ago",
        "yesterday, an hour ago",
        "in the last 2 hours today",
        "between yesterday and 2 hours ago",
        "from Monday until 2 hours ago",
    ],
)
def test_no_everyday_words_of_time_break_it_or_turn_time_round(text: str) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for period in find(text, now=now, zone=ZoneInfo("Europe/Berlin")):
        if period.start and period.end:
            assert period.start < period.end
