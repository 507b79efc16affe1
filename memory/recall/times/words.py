"""The words that time is told in, and what stands around them."""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from memory.recall.times.civil import Asked, Span

Reader = Callable[[re.Match[str], Asked], Sequence[Span]]
"""Reads what a pattern found; nothing where it is no time after all."""


class Rule(NamedTuple):
    """One way to name a time.

    Attributes:
        words: One of them is in every text that the pattern finds something in.
        pattern: What it looks like.
        read: What it means.
    """

    words: frozenset[str]
    pattern: re.Pattern[str]
    read: Reader


WEEKDAY: Final = (
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"mon|tues?|wed|thu(?:rs?)?|fri|sat|sun"
)
MONTH: Final = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
SEASON: Final = "spring|summer|autumn|fall|winter"
YEAR: Final = r"(?:19|20)\d\d"
OF_A_YEAR: Final = rf"(?:,?\s+(?:of\s+|in\s+)?(?P<year>{YEAR})(?![\w-]|[.,/]\d))?"
"""A pattern for a year that stands behind another expression."""
AT: Final = re.compile(
    r"\b(?:in|on|since|until|till|before|after|during|by|from|of|for|early|mid|late|"
    r"around|about|throughout|over|between|dated|prior to)[\s-]+(?:the\s+|of\s+)?$"
)
OWNED: Final = re.compile(r"\b(?:my|our|your|her|his|their|the|that|a|an)\s+$")
PAPERS: Final = re.compile(
    r"\s+(?:invoice|bill|order|payment|statement|delivery|charge|newsletter|fee|"
    r"booking|purchase|refund|return|appointment|receipt|salary|rent)s?\b"
)
NUMBERS: Final = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fourteen": 14,
    "twenty": 20,
    "thirty": 30,
}
NUMBER: Final = rf"\d{{1,3}}|{'|'.join(NUMBERS)}"
# What is said for no exact number: from how many to how many.
VAGUE: Final = {"couple": (1, 3), "few": (2, 6), "several": (2, 6), "some": (2, 6)}
VAGUELY: Final = r"couple(?: of)?|few|several|some"

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_YEAR_HALVES: Final = (
    ("jan", "feb", "mar", "apr", "may", "jun"),
    ("jul", "aug", "sep", "oct", "nov", "dec"),
)
_MONTHS: Final = (*_YEAR_HALVES[0], *_YEAR_HALVES[1])
WEEKDAYS_NAMED: Final = frozenset(
    {*_WEEKDAYS, *(f"{day}day" for day in ("mon", "tues", "wednes", "thurs", "fri"))}
    | {"saturday", "sunday", "tues", "thur", "thurs"}
)
MONTHS_NAMED: Final = frozenset(
    {*_MONTHS, "january", "february", "march", "april", "june", "july", "august"}
    | {"sept", "september", "october", "november", "december"}
)
SEASONS_NAMED: Final = frozenset(SEASON.split("|"))
FIGURES: Final = "0"
"""Stands among the words of a text for figures that may be a date."""

_WORD: Final = re.compile(r"[a-z]+")
_DIGIT: Final = re.compile(r"\d")
_FIGURES: Final = re.compile(r"\d[/.-]\d|\b(?:19|20)\d\d\b")


def of(text: str) -> set[str]:
    """Return the words of a text, in small letters, and `FIGURES` where it has some.

    This is what every question pays: what has no word of time is read no further.
    """
    text = text.lower()
    found = set(_WORD.findall(text))
    if _DIGIT.search(text) and _FIGURES.search(text):
        found.add(FIGURES)
    return found


def weekday(name: str) -> int:
    """Return the number of a weekday; Monday is 0."""
    return _WEEKDAYS.index(name[:3].lower())


def month(name: str) -> int:
    """Return the number of a month; January is 1."""
    return _MONTHS.index(name[:3].lower()) + 1


def number(word: str) -> int:
    """Return what a number says, in figures or in letters."""
    return int(word) if word.isdigit() else NUMBERS[word.lower()]


def vague(word: str) -> tuple[int, int]:
    """Return from how many to how many a vague word means."""
    return VAGUE[word.split(maxsplit=1)[0].lower()]


def before(match: re.Match[str], characters: int = 40) -> str:
    """Return what stands right before a match, in small letters."""
    start = match.start()
    return match.string[max(0, start - characters) : start].lower()


def after(match: re.Match[str], characters: int = 40) -> str:
    """Return what stands right after a match, in small letters."""
    return match.string[match.end() : match.end() + characters].lower()
