"""Quarters, seasons and feasts: what a calendar has besides dates."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from dateutil.easter import easter

from memory.recall.times import civil, words
from memory.recall.times.civil import DAY, Asked, Span

_I: Final = re.IGNORECASE
_FIXED: Final = {
    "christmas": ((12, 24), (12, 26)),
    "christmas eve": ((12, 24), (12, 24)),
    "boxing": ((12, 26), (12, 26)),
    "new year eve": ((12, 31), (12, 31)),
    "new year": ((12, 31), (1, 1)),
    "valentine": ((2, 14), (2, 14)),
    "halloween": ((10, 31), (10, 31)),
}
_BY_EASTER: Final = {
    "good friday": (-2,),
    "easter": (-2, 1),
    "easter sunday": (0,),
    "easter monday": (1,),
}
_THURSDAY: Final = 3
_AFTER_THANKSGIVING: Final = {"black friday": 1, "cyber monday": 4}
_AT_A_FEAST: Final = re.compile(
    r"\b(?:last|this|next|at|on|over|before|after|since|until|till|during|around|by|"
    r"between|from|of|and|to)\s+$"
)
_FEAST_THING: Final = re.compile(
    r"\s+(?:trees?|presents?|gifts?|cards?|edition|market|lights?|decorations?|eggs?|"
    r"bunny|sale|offers?|deals?|collection|jumper|sweater|cake|dinner|party|costumes?|"
    r"stockings?|music|songs?)\b"
)


def _quarter(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "Q3 2023", "in Q1", "the second quarter of 2022"."""
    told = match["number"]
    if (match["nth"] or "").lower() == "last" and not match["year"]:
        return ()
    nth = ("first", "second", "third", "fourth", "last")
    number = int(told) if told else min(nth.index(match["nth"].lower()) + 1, 4)
    if match["year"]:
        return (civil.quarter(int(match["year"]), number),)
    owned = words.OWNED.search(words.before(match)) and words.PAPERS.match(
        words.after(match)
    )
    if told and not (words.AT.search(words.before(match)) or owned):
        return ()
    running = (asked.today.month + 2) // 3
    year = asked.today.year
    if asked.future:
        return (civil.quarter(year if number >= running else year + 1, number),)
    return (civil.quarter(year if number <= running else year - 1, number),)


def _season(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "last summer", "in the spring", "winter 2023"."""
    name, which = match["season"].lower(), (match["which"] or "").lower()
    if match["year"]:
        return _seasons_of(int(match["year"]), name, asked)
    if not which and not _in_a_season(match):
        return ()
    around = [
        civil.season(asked.today.year + each, name, asked.zone)
        for each in (-2, -1, 0, 1)
    ]
    over = [each for each in around if each.end and each.end <= asked.now]
    begun = [each for each in around if each.start and each.start <= asked.now]
    if which in {"last", "past", "previous"}:
        return (over[-1],)
    if which == "next" or (asked.future and not which):
        return (around[len(begun)],) if len(begun) < len(around) else ()
    if which == "this":
        running = begun[-1].end is not None and begun[-1].end > asked.now
        this_year = civil.season(asked.today.year, name, asked.zone)
        return (begun[-1] if running else this_year,)
    return (begun[-1],)


def _in_a_season(match: re.Match[str]) -> bool:
    # "fall" and "spring" are verbs, and a spring is a part.
    left = words.before(match)
    if match["season"].lower() in {"fall", "spring"}:
        return bool(
            re.search(r"\b(?:in|during|over|since|until) (?:the )?$", left)
        ) and (
            not re.match(
                r"\s+(?:apart|off|of|back|into|for|down)\b", words.after(match)
            )
        )
    return bool(
        re.search(r"\b(?:in|during|over|since|until|before|after) (?:the )?$", left)
    )


def _seasons_of(year: int, name: str, asked: Asked) -> Sequence[Span]:
    """A season that runs over new year is that of either year: both are given."""
    found = civil.season(year, name, asked.zone)
    if found.end is None or found.end.year == year or found.end == _new_year(found):
        return (found,)
    before = civil.season(year - 1, name, asked.zone)
    starts = civil.year(year).start
    return (Span(starts, before.end), found)


def _new_year(span: Span) -> object:
    return civil.year(span.start.year).end if span.start else None


def _feast(match: re.Match[str], asked: Asked) -> Sequence[Span]:
    """Read "over Christmas", "since last Easter", "on Black Friday"."""
    name, which = _feast_name(match["feast"]), (match["which"] or "").lower()
    if not match["year"] and name not in {"black friday", "cyber monday"}:
        at = which or _AT_A_FEAST.search(words.before(match))
        if not at or _FEAST_THING.match(words.after(match)):
            return ()
    year = asked.today.year
    if match["year"]:
        return (_feast_of(name, int(match["year"])),)
    around = [_feast_of(name, year + each) for each in (-2, -1, 0, 1, 2)]
    begun = [each for each in around if each.start and each.start <= asked.now]
    over = [each for each in around if each.end and each.end <= asked.now]
    if which == "this":
        return (_feast_of(name, year),)
    if which == "next" or (asked.future and not which):
        return (around[len(begun)],)
    return (over[-1] if which == "last" else begun[-1],)


def _feast_name(said: str) -> str:
    plain = re.sub(r"['\u2019]s?\b|\s+day\b", "", said.lower()).replace(
        "xmas", "christmas"
    )
    plain = " ".join(plain.split())
    return "valentine" if plain.startswith("valentine") else plain


def _feast_of(name: str, year: int) -> Span:
    if name in _FIXED:
        first, last = _FIXED[name]
        ends = date(year, *last)
        # New Year's Eve is in the year before.
        begins = date(year if first <= last else year - 1, *first)
        return civil.days(begins, ends)
    if name in _BY_EASTER:
        from_easter = _BY_EASTER[name]
        return civil.days(*(easter(year) + DAY * each for each in from_easter))
    # Source: 5 U.S.C. 6103: the fourth Thursday of November.
    first_day = date(year, 11, 1)
    thursday = first_day + DAY * ((_THURSDAY - first_day.weekday()) % 7 + 21)
    return civil.days(thursday + DAY * _AFTER_THANKSGIVING.get(name, 0))


_QUARTERS: Final = frozenset({"q", "quarter"})
_FEASTS: Final = frozenset(
    {"christmas", "xmas", "easter", "new", "boxing", "thanksgiving", "halloween"}
    | {"good", "black", "cyber", "valentine", "valentines"}
)

RULES: Final = (
    words.Rule(
        _QUARTERS,
        re.compile(
            r"\b(?:q(?P<number>[1-4])|(?P<nth>first|second|third|fourth|last) "
            r"quarter)\b" + words.OF_A_YEAR,
            _I,
        ),
        _quarter,
    ),
    words.Rule(
        words.SEASONS_NAMED,
        re.compile(
            r"\b(?:(?P<which>last|this|next|past|previous)\s+)?"
            rf"(?P<season>{words.SEASON})\b{words.OF_A_YEAR}",
            _I,
        ),
        _season,
    ),
    words.Rule(
        _FEASTS,
        re.compile(
            r"\b(?:(?P<which>last|this|next)\s+)?(?P<feast>(?:christmas|xmas)"
            r"(?:\s+(?:eve|day))?|boxing day|good friday|"
            r"new year(?:['\u2019]?s)?(?:\s+(?:eve|day))?|"
            r"easter monday|easter(?: sunday)?|thanksgiving|black friday|"
            r"cyber monday|halloween|valentine(?:['\u2019]?s)?(?: day)?)\b"
            + words.OF_A_YEAR,
            _I,
        ),
        _feast,
    ),
)
