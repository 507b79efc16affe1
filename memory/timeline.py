"""Lays out "what we knew, and when": facts and episodes over time, as SVG lengths.

Across, everything is a percentage, so that the picture fits a phone without scrolling
and needs no style attribute; down, everything is pixels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from memory.models import Fact, Summary

_HEAD_PX = 26
_ROW_PX = 25
_BAR_PX = 20
_GAP_PX = 14
# More rows than this are a table, and that stands below the picture.
_MAX_ROWS = 8
_MAX_TICKS = 10
# So much of the width is the least that a name can be read on, and that can be seen.
_NAME_SHARE = 0.1
_SEEN_SHARE = 0.006
_MONTH_DAYS = 30.44
# Up to here the axis counts days, from here on months.
_DAY_TICKS_DAYS = 100
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time with a name on it.

    Attributes:
        x: Where it begins, as a percentage of the width.
        width: How long it is, as a percentage of the width.
        y: Its upper edge, in pixels.
        title: What it says on hover and to a screen reader.
        over: Whether it is history.
    """

    label: str
    title: str
    x: str
    width: str
    y: int
    over: bool = False
    height: int = _BAR_PX


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis; every second one may be left out where it is narrow."""

    x: str
    label: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture: sizes in pixels down, percentages across.

    Attributes:
        facts: Bars of the facts.
        episodes: Bars of the episodes.
        episodes_y: Where the lane of the episodes begins.
        left_out: Facts for which there was no row.
    """

    ticks: list[Tick]
    facts: list[Bar]
    episodes: list[Bar]
    episodes_y: int
    height: int
    left_out: int
    facts_y: int = _HEAD_PX


@dataclass(frozen=True, slots=True)
class _Axis:
    start: datetime
    end: datetime

    def share(self, at: datetime) -> float:
        return min(max((at - self.start) / (self.end - self.start), 0.0), 1.0)


def draw(
    *, facts: Sequence[Fact], episodes: Sequence[Summary], now: datetime
) -> Timeline | None:
    """Return the picture of a customer's facts and episodes; None when there are none.

    Args:
        facts: Current ones first, by importance; the last ones are left out when there
            are too many.
        episodes: In any order.
        now: Where the axis ends.
    """
    starts = [fact.valid_from for fact in facts] + [e.started_at for e in episodes]
    if not starts:
        return None
    start = min(starts)
    axis = _Axis(start, max(now, start + timedelta(days=1)))
    rows = _fact_rows(facts, axis.end)
    shown = rows[:_MAX_ROWS]
    episodes_y = _HEAD_PX + max(1, len(shown)) * _ROW_PX + _GAP_PX
    return Timeline(
        ticks=list(_ticks(axis)),
        facts=[
            _fact_bar(fact, axis, _HEAD_PX + place * _ROW_PX + 6)
            for place, row in enumerate(shown)
            for fact in row
        ],
        episodes=_episode_bars(episodes, axis, episodes_y + 6),
        episodes_y=episodes_y,
        height=episodes_y + _ROW_PX + 8,
        left_out=sum(len(row) for row in rows[_MAX_ROWS:]),
    )


def _fact_rows(facts: Sequence[Fact], end: datetime) -> list[list[Fact]]:
    """Share a row among the values of a key, where their times do not overlap."""
    order = {
        key: place for place, key in enumerate(dict.fromkeys(f.key for f in facts))
    }
    by_key = sorted(facts, key=lambda fact: (order[fact.key], fact.valid_from))
    rows: list[list[Fact]] = []
    for _, group in groupby(by_key, key=lambda fact: fact.key):
        own: list[list[Fact]] = []
        for fact in group:
            free = (r for r in own if (r[-1].valid_to or end) <= fact.valid_from)
            row = next(free, None)
            if row is None:
                own.append([fact])
            else:
                row.append(fact)
        rows += own
    return rows


def _fact_bar(fact: Fact, axis: _Axis, y: int) -> Bar:
    until = fact.valid_to or axis.end
    begin = axis.share(fact.valid_from)
    width = max(axis.share(until) - begin, _SEEN_SHARE)
    ends = f"to {until:%d %b %Y}" if fact.valid_to else "until now"
    return Bar(
        label=f"{fact.key} {fact.value}",
        title=f"{fact.key}: {fact.value}, from {fact.valid_from:%d %b %Y} {ends}",
        x=_percent(min(begin, 1 - width)),
        width=_percent(width),
        y=y,
        over=fact.valid_to is not None,
    )


def _episode_bars(episodes: Iterable[Summary], axis: _Axis, y: int) -> list[Bar]:
    """An hour of chat is a hair in a year: a bar is as wide as its name may be."""
    bars = []
    room = 1.0
    for episode in sorted(episodes, key=lambda e: e.started_at, reverse=True):
        actual = axis.share(episode.ended_at) - axis.share(episode.started_at)
        begin = min(axis.share(episode.started_at), 1 - _SEEN_SHARE)
        width = max(min(max(actual, _NAME_SHARE), room - begin), _SEEN_SHARE)
        room = begin
        name = ", ".join(episode.topics) or "Conversation"
        bars.append(
            Bar(
                label=name.capitalize(),
                title=f"{name.capitalize()}, {episode.ended_at:%d %b %Y}",
                x=_percent(begin),
                width=_percent(width),
                y=y,
            )
        )
    return bars[::-1]


def _ticks(axis: _Axis) -> Iterable[Tick]:
    days = (axis.end - axis.start) / timedelta(days=1)
    short = days < _DAY_TICKS_DAYS
    if short:
        dates = _days(axis, step=max(1, round(days / _MAX_TICKS)))
    else:
        months = days / _MONTH_DAYS
        fits = (step for step in _MONTH_STEPS if months / step <= _MAX_TICKS)
        dates = _months(axis, step=next(fits, _MONTH_STEPS[-1]))
    for place, at in enumerate(dates):
        label = f"{at.day} {at:%b}" if short else f"{at:%b}"
        if not short and (place == 0 or at.month == 1):
            label = f"{at:%b %Y}"
        yield Tick(_percent(axis.share(at)), label, minor=place % 2 == 1)


def _days(axis: _Axis, *, step: int) -> list[datetime]:
    at = _midnight(axis.start) + timedelta(days=1)
    dates = []
    while at < axis.end:
        dates.append(at)
        at += timedelta(days=step)
    return dates


def _months(axis: _Axis, *, step: int) -> list[datetime]:
    month = axis.start.year * 12 + axis.start.month  # the month after the first
    month += -month % step
    dates = []
    while (at := datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)) < axis.end:
        dates.append(at)
        month += step
    return dates


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"
