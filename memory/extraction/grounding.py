"""Whether words were said: where a quotation stands, and what a value rests on.

A model repeats what it read with other spaces, quotes and capitals. What it points at
counts where it can be found; it is kept as it was said, and nothing else is.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from memory.extraction import dates
from memory.extraction.findings import plain

# Control, format, surrogate and private characters: nothing that anybody reads.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?(?![\w])")
_DATE = re.compile(dates.DATE, re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME_WORD = re.compile(
    r"\d|\b(?:(?:to|yester)day|tomorrow|tonight|week|month|year|weekend|spring|summer|"
    r"autumn|fall|winter|mon|tues?|wednes|thurs?|fri|satur|sun|jan|feb|mar|apr|may|jun|"
    r"jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
_CURRENCIES: Final = {
    "€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollar": "usd",
    "dollars": "usd", "bucks": "usd", "£": "gbp", "pound": "gbp", "pounds": "gbp",
    "quid": "gbp", "¥": "jpy", "yen": "jpy", "franc": "chf", "francs": "chf",
}  # fmt: skip
_NUMERALS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
# A longer value is searched for as it is written.
_MAX_IDENTIFIER_CHARS = 80
_LIKELY_YEARS = 15


def clean(text: str) -> str:
    """Return a text in one line, without characters that cannot be seen."""
    seen = (" " if c.isspace() else c for c in text)
    kept = (c for c in seen if unicodedata.category(c) not in _UNSEEN)
    return " ".join("".join(kept).split())


def located(words: str, text: str) -> tuple[int, int] | None:
    """Return where words stand in a text; case, quotes and spaces may differ."""
    pattern = r"\s+".join(map(re.escape, plain(words).split()))
    if not any(map(str.isalnum, words)):
        return None
    found = re.search(_whole(pattern), plain(text), re.IGNORECASE)
    return found.span() if found else None


def quoted(words: str, text: str) -> tuple[int, int] | None:
    """Return where a quotation stands in a text, in whole words.

    A quotation that breaks off within a word is of all of it: no value is half a word.
    """
    if place := located(words, text):
        return place
    pattern = r"\s+".join(map(re.escape, plain(words).split()))
    found = re.search(pattern, plain(text), re.IGNORECASE)
    if not found or not any(map(str.isalnum, found.group())):
        return None
    start, end = found.span()
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def is_grounded(value: str, words: str, said_at: datetime) -> bool:
    """Say whether a value is in the words, or the same date, amount or number."""
    return (
        _stands_in(value, words)
        or _is_same_date(value, words, said_at)
        or _is_same_amount(value, words)
    )


def adds_nothing(text: str, words: str) -> bool:
    """Say whether every number, code and name of a text is in the words.

    The first word of a sentence is written large whether it is a name or not.
    """
    named = re.findall(r"\S*\d\S*|(?<=\w )[A-ZÀ-Þ][\w'-]+", text)
    return all(_stands_in(name.strip(".,;:!?()\"'"), words) for name in named)


def event_moment(words: str, said_at: datetime, claimed: str = "") -> datetime | None:
    """Return the moment that words speak of, seen from when they were said.

    Args:
        words: What was said.
        said_at: When.
        claimed: The day that a model read in them, as an ISO date; it counts where the
            words speak of a time and our own reading finds none.
    """
    expressions = [match.group() for match in _DATE.finditer(plain(words))]
    for expression in expressions:
        if moment := dates.resolved(expression, said_at):
            return moment
    if not _TIME_WORD.search(words) or not _ISO_DATE.fullmatch(claimed):
        return None
    try:
        day = datetime.combine(
            date.fromisoformat(claimed), datetime.min.time(), said_at.tzinfo
        )
    except ValueError:
        return None
    return day if abs(day.year - said_at.year) <= _LIKELY_YEARS else None


def _stands_in(value: str, words: str) -> bool:
    if located(value, words):
        return True
    value, words = plain(value), plain(words)
    if len(value) > _MAX_IDENTIFIER_CHARS:
        return False
    # "e-mail" is "email", and "LF 204-18" is "LF20418".
    code = any(map(str.isdigit, value))
    parts, between = ([value], r"[\s\-./()+]*") if code else (value.split(), "-?")
    letters = ([re.escape(c) for c in part if c.isalnum()] for part in parts)
    spelt = r"\s+".join(between.join(part) for part in letters if part)
    return bool(spelt and re.search(_whole(spelt), words, re.IGNORECASE))


def _whole(pattern: str) -> str:
    """Let a pattern match no part of another word, number or address."""
    first = r"(?<!\w)(?<!\d[.,])(?<!\w[-@])" if pattern[0].isalnum() else ""
    last = r"(?!\w|[-@]\w|[.,]\d)" if pattern[-1].isalnum() else ""
    more = r"(?!\.\w)" if "@" in pattern else ""
    return f"{first}{pattern}{last}{more}"


def _is_same_date(value: str, words: str, said_at: datetime) -> bool:
    if not _ISO_DATE.fullmatch(value):
        return False
    found = (dates.resolved(m.group(), said_at) for m in _DATE.finditer(plain(words)))
    return any(moment and moment.date().isoformat() == value for moment in found)


def _is_same_amount(value: str, words: str) -> bool:
    told, said = list(_amounts(value)), list(_amounts(words))
    if not told or not all(amount in said for amount in told):
        return False
    rest = _NUMBER.sub(" ", plain(value)).casefold()
    return all(word in _tokens(words) for word in _tokens(rest))


def _tokens(text: str) -> list[str]:
    found = re.findall(r"[€$£¥]|[^\W\d_]+", plain(text).casefold())
    return [_CURRENCIES.get(token, token) for token in found]


def _amounts(text: str) -> Iterator[Decimal]:
    """Yield the numbers of a text, however their thousands and decimals are written."""
    for match in _NUMBER.finditer(plain(text)):
        digits = re.sub(r"[.,' ](?=\d{3}(?!\d))", "", match.group()).replace(",", ".")
        try:
            yield Decimal(digits).normalize()
        except InvalidOperation:  # pragma: no cover - the pattern lets only numbers by
            continue
    for word in re.findall(r"[a-z]+", text.casefold()):
        if word in _NUMERALS:
            yield Decimal(_NUMERALS[word])
