"""Days and weeks as they are named from today: "yesterday", "last Tuesday"."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from memory.recall.times import civil, counting, words
from memory.recall.times.civil import DAY, Asked, Span

_I: Final = re.IGNORECASE
_PART: Final = "morning|afternoon|evening|night"
# Hours of a day; a night ends on the next one.
_HOURS: Final = {
    "morning": (5, 12),
    "afternoon": (12, 18),
    "evening": (17, 24),
    "night": (18, 30),
}
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


def weekday(match: re.Match[str], asked: Asked) -> Sequence[Span]:
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
    if unit != "weekend" and (which == "past" or (which == "last" and the)):
        return (counting.back_to_now(asked, 1, unit),)
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
        first = today + DAY * 14 * count
        return civil.days(first, first + DAY * 13)
    if unit == "weekend":
        return civil.weekend(today + DAY * 7 * count)
    if unit == "month":
        return civil.month(today.year, today.month + count)
    if unit == "quarter":
        return civil.quarter(today.year, (today.month + 2) // 3 + count)
    return civil.year(today.year + count)


_DAYS_NAMED: Final = frozenset({"today", "tonight", "yesterday", "tomorrow"})
_PARTS_NAMED: Final = frozenset(_PART.split("|"))
_UNITS_NAMED: Final = frozenset({"week", "weekend", "fortnight", "month"}) | frozenset(
    {"quarter", "year"}
)
_BEFORE: Final = frozenset({"before"})

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
        weekday,
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
)
