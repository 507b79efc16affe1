"""Time as it is counted from the day of the question: "yesterday", "two weeks ago"."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from memory.recall.times import civil, words
from memory.recall.times.civil import DAY, Asked, Span

_I: Final = re.IGNORECASE
_UNIT: Final = r"day|night|week|fortnight|month|quarter|year"
_PART: Final = "morning|afternoon|evening|night"
# Hours of a day; a night ends on the next one.
_HOURS: Final = {
    "morning": (5, 12),
    "afternoon": (12, 18),
    "evening": (17, 24),
    "night": (18, 30),
}
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
_SATURDAY: Final = 5
# With these "today" says only that somebody is writing now.
_POLITE: Final = re.compile(
    r"\b(?:how are|how's|help|assist|hope|calling|writing|contacting|reaching out|"
    r"here|have an?|having an?)\b[^.?!\n]*$"
)
_GREETING: Final = re.compile(r"\b(?:happy|good|great|nice|lovely)(?: a)?\s+$")
_OFTEN: Final = re.compile(r"\b(?:every|each|any|most|a|per|weekdays?|one)\s+$")
_AT: Final = re.compile(
    r"\b(?:on|last|this|next|since|until|till|by|before|after|from|between|past|and|to)"
    r"\s+(?:the\s+)?$"
)
_TO_A_DAY: Final = re.compile(
    rf"\s*(?:-|\u2013|/|to|through|thru|till|until)\s*(?:{words.WEEKDAY})\b"
)
_FROM_A_DAY: Final = re.compile(
    rf"\b(?:{words.WEEKDAY})\s*(?:-|\u2013|/|to|through|thru|till|until)\s*$"
)
_SPANNING: Final = re.compile(r"\b(?:between|from)\s+\w*\s*(?:\w+\s+)?$")
_PARTED: Final = re.compile(
    r"\b(?:beginning|start|end|middle|half|week|part) of\s+$"
    r"|\b(?:early|late|earlier|later)(?: in)?\s+$"
)
_OVER: Final = re.compile(r"\b(?:at|on|over|during|this|since|before|after)\s+$")


def _a_day(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "today", "yesterday evening", "the day before yesterday"."""
    word, which = match["day"].lower(), match["part"]
    if word in {"today", "tonight"} and _POLITE.search(words.before(match)):
        return ()
    on = asked.today + DAY * {"yesterday": -1, "tomorrow": 1}.get(word, 0)
    if match["further"]:
        on += on - asked.today
    if word == "tonight":
        which = "night"
    return (_hours(on, which) if which else civil.days(on),)


def _this_part(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "this morning", "last night"."""
    if match["last"]:
        return (_hours(asked.today - DAY, "night"),)
    if _POLITE.search(words.before(match)):
        return ()
    return (_hours(asked.today, match["part"]),)


def _hours(on: date, part: str) -> Span:
    return civil.hours(on, *_HOURS[part.lower()])


def _other_day(_: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "the other day": within about a fortnight, and not yesterday."""
    return (civil.days(asked.today - DAY * 14, asked.today - DAY * 2),)


def _weekday(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "on Tuesday", "last Tuesday", "Monday morning"."""
    if not _is_a_weekday(match):
        return ()
    number, which = words.weekday(match["day"]), (match["which"] or "").lower()
    monday = asked.today - DAY * asked.today.weekday()
    ahead = (number - asked.today.weekday() - 1) % 7 + 1
    if which == "this":
        on = monday + DAY * number
    elif which == "next":
        on = monday + DAY * (7 + number)
    elif which in {"coming", "upcoming"} or (asked.future and not which):
        on = asked.today + DAY * ahead
    else:
        on = asked.today - DAY * ((asked.today.weekday() - number - 1) % 7 + 1)
    return (_hours(on, match["part"]) if match["part"] else civil.days(on),)


def _is_a_weekday(match: re.Match[str]) -> bool:
    name, left, right = match["day"], words.before(match), words.after(match)
    if _GREETING.search(left) or (not match["which"] and _OFTEN.search(left)):
        return False
    if name.lower() in {"sat", "sun", "wed", "mon"} and not name[0].isupper():
        return False
    short = not name.lower().endswith("day")
    if short and not (match["which"] or _AT.search(left)):
        return False
    # Opening hours are no days of a calendar.
    if _TO_A_DAY.match(right):
        return bool(_SPANNING.search(left))
    if ends := _FROM_A_DAY.search(left):
        return bool(_SPANNING.search(left[: ends.start()]))
    return True


def _unit(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "last week", "this year", "the month before last", "in the last month"."""
    which, unit = match["which"].lower(), match["unit"].lower()
    the = words.before(match, 8).endswith(("the ", "my "))
    if which == "past" or (which == "last" and the and unit != "weekend"):
        return (_back_to_now(asked, 1, unit),)
    count = {"this": 0, "current": 0, "next": 1, "coming": 1}.get(which, -1)
    return (_counted(asked.today, unit, count),)


def _before_last(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    unit = match["unit"].lower()
    if unit == "night":
        return (_hours(asked.today - DAY * 2, "night"),)
    return (_counted(asked.today, unit, -2),)


def _parted_unit(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "the beginning of the month", "at the weekend": the running or last one."""
    unit, left = match["unit"].lower(), words.before(match)
    if unit != "weekend":
        return (_counted(asked.today, unit, 0),) if _PARTED.search(left) else ()
    if not _OVER.search(left):
        return ()
    begun = asked.future or asked.today.weekday() >= _SATURDAY
    return (_counted(asked.today, unit, 0 if begun else -1),)


def _counted(today: date, unit: str, count: int) -> Span:
    """Return the calendar's week, month … that is so many from the running one."""
    if unit == "week":
        return civil.week(today + DAY * 7 * count)
    if unit == "fortnight":
        return civil.days(today + DAY * 14 * count, today - DAY)
    if unit == "weekend":
        return civil.weekend(today + DAY * 7 * count)
    if unit == "month":
        return civil.month(today.year, today.month + count)
    if unit == "quarter":
        return civil.quarter(today.year, (today.month + 2) // 3 + count)
    return civil.year(today.year + count)


def _rolling(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "in the last 10 days", "over the past few weeks"."""
    counted = match["count"]
    count = words.number(counted) if counted else words.vague(match["vague"])[1]
    return (_back_to_now(asked, count, match["unit"].lower()),)


def _back_to_now(asked: Asked, count: int, unit: str) -> Span:
    if unit in {"hour", "minute"}:
        return Span(asked.moment - _clock(count, unit), asked.moment)
    if unit in {"month", "year", "quarter"}:
        factor = {"month": 1, "quarter": 3, "year": 12}[unit]
        return civil.days(_months_back(asked.today, count * factor), asked.today)
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
    if unit in {"month", "quarter", "year"}:
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
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


_DAYS_NAMED: Final = frozenset({"today", "tonight", "yesterday", "tomorrow"})
_PARTS_NAMED: Final = frozenset(_PART.split("|"))
_UNITS_NAMED: Final = frozenset({"week", "weekend", "fortnight", "month"}) | frozenset(
    {"quarter", "year"}
)
_BEFORE: Final = frozenset({"before"})
_LASTING: Final = frozenset({"last", "past", "previous"})
_AGO: Final = frozenset({"ago", "back"})
_CLOCK_UNIT: Final = r"hour|minute"
RULES: Final = (
    words.Rule(
        _DAYS_NAMED,
        re.compile(
            r"\b(?P<further>the day (?:before|after) )?(?P<day>today|tonight|yesterday|"
            rf"tomorrow)\b(?:\s+(?P<part>{_PART})\b)?",
            _I,
        ),
        _a_day,
    ),
    words.Rule(
        _PARTS_NAMED,
        re.compile(
            r"\b(?:last (?P<last>night)|this (?P<part>morning|afternoon|evening))\b", _I
        ),
        _this_part,
    ),
    words.Rule(frozenset({"other"}), re.compile(r"\bthe other day\b", _I), _other_day),
    words.Rule(
        words.WEEKDAYS_NAMED,
        re.compile(
            r"\b(?:(?P<which>last|this|next|past|previous|coming|upcoming)\s+)?"
            rf"(?P<day>{words.WEEKDAY})\b(?:\s+(?P<part>{_PART})\b)?",
            _I,
        ),
        _weekday,
    ),
    words.Rule(
        _UNITS_NAMED,
        re.compile(r"\bthis time last (?P<unit>week|month|year)\b", _I),
        _this_time,
    ),
    words.Rule(
        _UNITS_NAMED,
        re.compile(
            r"\b(?P<which>last|this|next|past|previous|current|coming)\s+"
            r"(?P<unit>week|weekend|fortnight|month|quarter|year)\b",
            _I,
        ),
        _unit,
    ),
    words.Rule(
        _BEFORE,
        re.compile(
            r"\bthe (?P<unit>night|week|weekend|month|quarter|year) before last\b", _I
        ),
        _before_last,
    ),
    words.Rule(
        _UNITS_NAMED,
        re.compile(r"\bthe (?P<unit>week|weekend|month|quarter|year)\b", _I),
        _parted_unit,
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
