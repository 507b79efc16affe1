"""The picture of what was known when, as SVG lengths."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from memory.models import Fact, Summary
from memory.timeline import draw

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def fact(key: str, days_ago: int, until: int | None = None) -> Fact:
    return Fact(
        key=key,
        value=f"v{days_ago}",
        valid_from=NOW - timedelta(days=days_ago),
        valid_to=None if until is None else NOW - timedelta(days=until),
    )


def episode(days_ago: int) -> Summary:
    at = NOW - timedelta(days=days_ago)
    return Summary(
        conversation_id=uuid4(),
        topics=["delivery"],
        started_at=at,
        ended_at=at + timedelta(minutes=9),
    )


def test_without_memories_there_is_no_picture() -> None:
    assert draw(facts=[], episodes=[], now=NOW) is None


def test_the_values_of_a_key_follow_each_other_in_one_row() -> None:
    picture = draw(
        facts=[fact("city", 40), fact("city", 100, 40)], episodes=[], now=NOW
    )
    assert picture is not None
    old, new = picture.facts
    assert old.y == new.y
    assert (old.x, old.width, old.over) == ("0.00%", "60.00%", True)
    assert (new.x, new.width, new.over) == ("60.00%", "40.00%", False)


def test_values_that_hold_at_once_have_rows_of_their_own() -> None:
    picture = draw(facts=[fact("product", 9), fact("product", 5)], episodes=[], now=NOW)
    assert picture is not None
    assert len({bar.y for bar in picture.facts}) == 2


def test_what_has_no_row_is_counted() -> None:
    many = [fact(f"key{number}", 10) for number in range(11)]
    picture = draw(facts=many, episodes=[], now=NOW)
    assert picture is not None
    assert len(picture.facts) == 8
    assert picture.left_out == 3


def test_episodes_never_cover_each_other_nor_leave_the_picture() -> None:
    days = (300, 299, 180, 2, 0)
    picture = draw(facts=[], episodes=[episode(d) for d in days], now=NOW)
    assert picture is not None
    bars = [(float(b.x[:-1]), float(b.width[:-1])) for b in picture.episodes]
    assert bars == sorted(bars)
    for (x, width), (following, _) in pairwise(bars):
        # The least that can be seen may touch its neighbour.
        assert x + width <= following + 0.61
    assert all(x + width <= 100.01 for x, width in bars)


@pytest.mark.parametrize("days", [0, 1, 9, 45, 70, 365, 3_650])
def test_the_axis_has_a_few_dates_for_any_stretch_of_time(days: int) -> None:
    picture = draw(facts=[fact("city", days)], episodes=[], now=NOW)
    assert picture is not None
    assert len(picture.ticks) <= 12
    places = [float(tick.x[:-1]) for tick in picture.ticks]
    assert places == sorted(set(places))
    if days >= 9:
        assert len(places) >= 3


def test_a_fact_that_was_taken_over_at_once_can_still_be_seen() -> None:
    picture = draw(facts=[fact("city", 50, 50), fact("name", 90)], episodes=[], now=NOW)
    assert picture is not None
    assert float(picture.facts[0].width[:-1]) > 0.5
