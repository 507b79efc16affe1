"""Time as it is counted back from today: "two weeks ago", "in the last 10 days"."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from memory.recall.times import civil, words
from memory.recall.times.civil import DAY, Asked, Span

_I: Final = re.IGNORECASE
_UNIT: Final = "day|night|week|fortnight|month|quarter|year"
_CLOCK_UNIT: Final = "hour|minute"
_DAYS: Final = {
    "day": 1,
    "night": 1,
    "week": 7,
    "fortnight": 14,
    "month": 30.44,
    "quarter": 91.3,
    "year": 365.25,
}
# People count in the unit that they name and mean it to about half of one, and what is
# near they remember better: to a quarter of its distance.
# Source: Huttenlocher, Hedges & Bradburn 1990, "Reports of elapsed time: bounding and
# rounding processes in estimation", J. Exp. Psychol. LMC 16(2).
_HALF_OF: Final = {
    "day": 2,
    "night": 2,
    "week": 3,
    "fortnight": 3,
    "month": 15,
    "quarter": 45,
    "year": 182,
}
_NEAR: Final = 0.25
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


def _rolling(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "in the last 10 days", "over the past few weeks"."""
    counted = match["count"]
    count = words.number(counted) if counted else words.vague(match["vague"])[1]
    return (back_to_now(asked, count, match["unit"].lower()),)


def back_to_now(asked: Asked, count: int, unit: str) -> Span:
    """Return the time from so many units ago until now, in whole days."""
    if unit in {"hour", "minute"}:
        return Span(asked.moment - _clock(count, unit), asked.moment)
    if unit in _MONTHS:
        back = _months_back(asked.today, count * _MONTHS[unit])
        return civil.days(back, asked.today)
    return civil.days(asked.today - DAY * round(count * _DAYS[unit]), asked.today)


def _ago(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "two weeks ago", "half a year ago", "a couple of days ago"."""
    unit = match["unit"].lower()
    if match["count"] is None and match["half"] is None:
        return (_vaguely_ago(match["vague"] or "some", unit, asked),)
    count = words.number(match["count"]) if match["count"] else 0.0
    count += 0.5 if match["half"] or match["more"] or match["more2"] else 0
    if unit in {"hour", "minute"}:
        return (_clock_ago(count, unit, asked),)
    return (around(_back(asked.today, count, unit), count, unit, asked.today),)


def around(on: date, count: float, unit: str, latest: date) -> Span:
    """Return the days that somebody may mean who counts to this one.

    Args:
        on: The day that it is, counted exactly.
        count: How many units she counts.
        unit: Of what.
        latest: No later day is meant.
    """
    distance = count * _DAYS[unit]
    within = DAY * round(min(_HALF_OF[unit], distance * _NEAR))
    return civil.days(on - within, min(on + within, latest))


def _vaguely_ago(word: str, unit: str, asked: Asked) -> Span:
    least, most = words.vague(word)
    if unit in {"hour", "minute"}:
        earliest = asked.moment - _clock(most, unit)
        return Span(earliest, asked.moment - _clock(least, unit) / 2)
    return civil.days(_back(asked.today, most, unit), _back(asked.today, least, unit))


def _back(today: date, count: float, unit: str) -> date:
    if unit in _MONTHS:
        months = count * _MONTHS[unit]
        whole = int(months)
        return _months_back(today, whole) - DAY * round((months - whole) * 30)
    return today - DAY * round(count * _DAYS[unit])


def _months_back(today: date, count: int) -> date:
    first = civil.month(today.year, today.month - count)
    if first.start is None or first.end is None:
        return today
    last = (first.end - DAY).day
    return first.start.date().replace(day=min(today.day, last))


def _clock_ago(count: float, unit: str, asked: Asked) -> Span:
    middle = asked.moment - _clock(count, unit)
    within = max(_clock(count, unit) * _NEAR, timedelta(minutes=5))
    if unit == "hour":
        within = max(within, timedelta(minutes=30))
    return Span(middle - within, min(middle + within, asked.moment))


def _clock(count: float, unit: str) -> timedelta:
    return timedelta(hours=count) if unit == "hour" else timedelta(minutes=count)


def _this_time(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "this time last year"."""
    unit = match["unit"].lower()
    return (around(_back(asked.today, 1, unit), 1, unit, asked.today),)


_LASTING: Final = frozenset({"last", "past", "previous"})
_AGO: Final = frozenset({"ago", "back"})
_THIS: Final = frozenset({"time"})

RULES: Final = (
    words.Rule(
        _THIS,
        re.compile(r"\bthis time last (?P<unit>week|month|year)\b", _I),
        _this_time,
    ),
    words.Rule(
        _LASTING,
        re.compile(
            rf"\b(?:last|past|previous) (?:(?P<count>{words.NUMBER})|(?:a )?"
            rf"(?P<vague>{words.VAGUELY})) (?P<unit>{_UNIT}|{_CLOCK_UNIT})s?\b",
            _I,
        ),
        _rolling,
    ),
    words.Rule(
        _AGO,
        re.compile(
            rf"(?<![\w.-])(?:(?P<half>half an?) |(?P<count>{words.NUMBER})(?P<more> and"
            rf" a half)? |(?:a )?(?P<vague>{words.VAGUELY}) )?"
            rf"(?P<unit>{_UNIT}|{_CLOCK_UNIT})s?(?P<more2> and a half)? "
            r"(?:or so )?(?:ago\b|(?<=s )back\b)",
            _I,
        ),
        _ago,
    ),
)
