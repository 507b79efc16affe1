"""Time by the calendar: dates, months and years."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from memory.recall.times import civil, words
from memory.recall.times.civil import Asked, Span
from memory.values import dates as forms

_I: Final = re.IGNORECASE
_NTH: Final = r"(?:\s?(?:st|nd|rd|th))"
_TO: Final = r"(?:\s*(?:-|\u2013|to|and|until)\s*(?:the\s+)?"
# A calendar reaches so far back, and so far ahead.
_EARLIEST: Final = 1990
_YEARS_AHEAD: Final = 5
# 29 February comes back after eight years at most.
_YEARS_BACK: Final = 9

_ON: Final = re.compile(
    r"\b(?:on|since|until|till|before|after|from|between|dated)\s+(?:the\s+)?$"
)
_TIED: Final = re.compile(r"\b(?:between|from)\b.{1,30}\b(?:and|to|until|till)\s+$")
_VERSION: Final = re.compile(
    r"\b(?:version|ver|v|firmware|release|build|ios|android|os|driver|ip|model|part)"
    r"\.?\s*$"
)
_STREET: Final = re.compile(
    r"\s+(?:street|st\b|road|rd\b|avenue|ave\b|lane|drive|square|place|close|way\b|court)"
)
# No month has that day, or it is no day at all.
_DAY_BEFORE: Final = re.compile(r"\d(?:st|nd|rd|th)?(?: of)?\s+$")
# "May" before these asks for leave, or says that something is possible.
_MODAL: Final = re.compile(
    r"\s+(?:i|we|you|he|she|it|they|one|be|have|has|not|also|need|want|take|get|or may|"
    r"well|still|just|even|only|seem|sound|look|help|cause|contain|differ|vary|apply|"
    r"go|come|never|already|result|require|affect|i'm|this|that|my|the)\b"
)
# Words that are names of people, or mean something else, besides.
_OTHERWISE: Final = frozenset({"may", "march", "mar", "june", "april", "august", "jan"})
_COUNTED: Final = re.compile(
    r"\s*(?:%|€|\$|£|°)|\s*-?(?:usd|eur|gbp|dollars?|euros?|pounds?|cents?|mah|km|kg|"
    r"kwh|watts?|volts?|mm|cm|mb|gb|tb|miles|metres|meters|minutes|hours|days|nights|"
    r"weeks|months|years|pieces|units|items|points|people|persons|times|steps|words|"
    r"characters|copies|a\.?m\b|p\.?m\b)"
)
_THINGS: Final = re.compile(r"\s+(?!(?:was|is|has|does|its|this|us|as)\b)[a-z]+s\b")
_NTH_ENDS: Final = re.compile(
    r"\s*(?:$|[.,;:?!)]|of (?:the|this|last|next) month|(?:at|about|and|or|i|we|you|my|"
    r"when|did|was|were|is|it|in the|that)\b)"
)
_LEADS_TO_A_YEAR: Final = re.compile(
    r"\b(?P<how>in|since|during|throughout|until|till|before|after|from|of|for|by|around|"
    r"between|early|mid|late|year|over|end of|beginning of|start of|prior to)[\s-]+"
    r"(?:the\s+)?(?:year\s+)?$"
)
_PLAIN_LEAD: Final = frozenset({"in", "since", "during", "throughout", "year"})


def _readings(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "2023-05-08", "5/8/2023": by the order of the place, or by both."""
    text = match["date"]
    left = words.before(match)
    short = match["short"] is not None
    if _VERSION.search(left) or (short and "/" not in text and not _ON.search(left)):
        return ()
    text = text.replace("/", "-") if match["iso"] else text
    found = {forms.day(text, None, region) for region in civil.regions(asked.zone)}
    days = sorted(date.fromisoformat(each) for each in found if each)
    return [civil.days(each) for each in days if each.year >= _EARLIEST]


def _without_year(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "on 5/8"."""
    if not _ON.search(words.before(match)) or match[0] == "24/7":
        return ()
    first, second = int(match[1]), int(match[2])
    orders = {
        (first, second) if r == "GB" else (second, first)
        for r in civil.regions(asked.zone)
    }
    found = (_days(number, day, None, None, asked) for day, number in sorted(orders))
    return [span for spans in found for span in spans]


def _day_and_month(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "8 May", "the 3rd of March 2024", "May 8th", "3-5 May"."""
    name, left, right = match["month"], words.before(match), words.after(match)
    if _STREET.match(right) or (_COUNTED.match(right) and not match["year"]):
        return ()
    plain = match["nth"] or match["year"] or match["last"] or words.AT.search(left)
    if name.lower() in {"may", "march", "mar"} and not plain:
        # "May 2 of us come?", "these 8 may be wrong"
        month_first = match.start("month") < match.start("day")
        begins = month_first and (not left.strip() or left.rstrip()[-1] in ".?!")
        if not name[0].isupper() or begins or _MODAL.match(right):
            return ()
    year = int(match["year"]) if match["year"] else None
    last = int(match["last"]) if match["last"] else None
    return _days(words.month(name), int(match["day"]), last, year, asked)


def _days(
    number: int, first: int, last: int | None, year: int | None, asked: Asked
) -> Sequence[Span]:
    today = asked.today
    if year is not None:
        years: Iterable[int] = (year,)
    elif asked.future:
        years = range(today.year, today.year + _YEARS_BACK)
    else:
        years = range(today.year, today.year - _YEARS_BACK, -1)
    for each in years:
        begins, ends = _date(each, number, first), _date(each, number, last or first)
        if begins is None or ends is None or ends < begins:
            continue
        if year is not None or (ends >= today if asked.future else begins <= today):
            return (civil.days(begins, ends),)
    return ()


def _date(year: int, number: int, day: int) -> date | None:
    try:
        return date(year, number, day)
    except ValueError:
        return None


def _month(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "in May", "last March", "October 2023", "my May invoice"."""
    which, number = (match["which"] or "").lower(), words.month(match["month"])
    if _DAY_BEFORE.search(words.before(match)):
        return ()
    if match["year"]:
        return (civil.month(int(match["year"]), number),)
    if not _is_a_month(match):
        return ()
    year, running = asked.today.year, asked.today.month
    if which == "this":
        return (civil.month(year, number),)
    if which == "next" or (asked.future and not which):
        ahead = number > running or (number == running and not which)
        return (civil.month(year if ahead else year + 1, number),)
    over = number < running or (number == running and which != "last")
    return (civil.month(year if over else year - 1, number),)


def _is_a_month(match: re.Match[str]) -> bool:
    name, left, right = match["month"], words.before(match), words.after(match)
    which = (match["which"] or "").lower()
    if _STREET.match(right) or (name.lower() == "may" and _MODAL.match(right)):
        return False
    if name.lower() not in _OTHERWISE:
        return True
    if which:
        return which != "this" or name[0].isupper()
    if words.AT.search(left) or _TIED.search(left):
        return True
    of_a_month = words.OWNED.search(left) and words.PAPERS.match(right)
    return of_a_month is not None or right.startswith("'s ")


def _year(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "in 2022", "the invoice for 2022": never a number of something."""
    left, right = words.before(match), words.after(match)
    year = int(match[0])
    lead = _LEADS_TO_A_YEAR.search(left)
    if not (lead or _TIED.search(left)) or _COUNTED.match(right):
        return ()
    plain = lead and lead["how"] in _PLAIN_LEAD
    # "expenses of 2000": a round number is an amount, unless it is said to be a year.
    if not plain and (_THINGS.match(right) or year % 100 == 0):
        return ()
    in_reach = _EARLIEST <= year <= asked.today.year + _YEARS_AHEAD
    return (civil.year(year),) if in_reach else ()


def _iso_month(match: re.Match[str], _: Asked) -> Sequence[Span]:
    """Read "since 2023-05"."""
    if not words.AT.search(words.before(match)):
        return ()
    return (civil.month(int(match[1]), int(match[2])),)


def _nth(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "on the 3rd": of the running month, or of the last that came to it."""
    right = words.after(match)
    if not _ON.search(words.before(match)) or not _NTH_ENDS.match(right):
        return ()
    day, today = int(match[1]), asked.today
    offsets = (0, 1, 2) if asked.future else (0, -1, -2)
    if told := re.match(r"\s*of (last|this|next|the) month", right):
        offsets = ({"last": -1, "next": 1}.get(told[1], 0),) * 3
    for offset in offsets:
        first = civil.month(today.year, today.month + offset).start
        on = _date(first.year, first.month, day) if first else None
        if on and (told or (on >= today if asked.future else on <= today)):
            return (civil.days(on),)
    return ()


_FIGURES: Final = frozenset({words.FIGURES})
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})

RULES: Final = (
    words.Rule(
        _FIGURES,
        re.compile(
            r"(?<![\w./+-])(?P<date>(?P<iso>\d{4}(?:-\d{1,2}-|/\d{1,2}/)\d{1,2}"
            r"(?!\d))|\d{1,2}(?P<by>[/.-])\d{1,2}(?P=by)(?:(?:19|20)\d\d|(?P<short>\d\d))"
            r"(?![\d/-]))(?!\.\d)",
        ),
        _readings,
    ),
    words.Rule(
        _FIGURES,
        re.compile(r"(?<![\w./+-])(\d{1,2})/(\d{1,2})(?![\w/%]|[.,]\d|\s+of\b|-\w)"),
        _without_year,
    ),
    words.Rule(
        words.MONTHS_NAMED,
        re.compile(
            rf"(?<![\w./:-])(?P<day>\d{{1,2}})(?P<nth>{_NTH})?"
            rf"{_TO}(?P<last>\d{{1,2}}){_NTH}?)?\s+(?:of\s+)?"
            rf"(?P<month>{words.MONTH})\b\.?{words.OF_A_YEAR}",
            _I,
        ),
        _day_and_month,
    ),
    words.Rule(
        words.MONTHS_NAMED,
        re.compile(
            rf"\b(?P<month>{words.MONTH})\b\.?\s+(?:the\s+)?(?P<day>\d{{1,2}})"
            rf"(?P<nth>{_NTH})?{_TO}(?P<last>\d{{1,2}}){_NTH}?)?"
            rf"(?![\w:/]|[.,]\d){words.OF_A_YEAR}",
            _I,
        ),
        _day_and_month,
    ),
    words.Rule(
        words.MONTHS_NAMED,
        re.compile(
            r"\b(?:(?P<which>last|this|next)\s+)?"
            rf"(?P<month>{words.MONTH})\b(?!\.?\s+\d{{1,2}}(?!\d)){words.OF_A_YEAR}",
            _I,
        ),
        _month,
    ),
    words.Rule(
        _FIGURES, re.compile(rf"(?<![\w./,+-]){words.YEAR}(?![\w/-]|[.,:]\d)"), _year
    ),
    words.Rule(
        _FIGURES,
        re.compile(rf"(?<![\w./+-])({words.YEAR})-(0[1-9]|1[0-2])(?![\w-])"),
        _iso_month,
    ),
    words.Rule(_ORDINALS, re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b"), _nth),
)
