"""Bookings, routes, dates, parties and seats in terse messages about a journey."""

import re
from collections.abc import Iterator

from memory.extraction.dates import DATE, resolved
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_RUN = re.compile(
    r"(?<!\S)(?:[a-z]{1,4}|[a-z]?\d{1,6}[a-z]{0,4}|[a-z]{1,3}\d{1,5})"
    r"(?: (?:[a-z]{1,3}|\d{1,5}[a-z]{0,2}))*(?!\S)",
    re.IGNORECASE,
)
_MIN_LENGTH, _MAX_LENGTH = 5, 8
_ROUTE = re.compile(
    r"(?:\bfrom |^(?:i want |tickets? |flights? |book )*)?"
    r"(?P<departure>[a-z]{3,}(?: [a-z]{2,})?) to (?P<arrival>[a-z]{3,}(?: [a-z]{3,})?)"
    r"(?=$| on\b| \d| for\b| and\b)",
    re.IGNORECASE,
)
_TO = re.compile(
    r"\b(?:tickets?|flights?|fly|travel|trip|go)(?: \d+)?(?: \w+){0,2}? (?:to|for) "
    r"(?P<value>[a-z]{3,}(?: [a-z]{3,})?)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom (?P<value>[a-z]{4,})(?= |$)", re.IGNORECASE)
_GLUED_DATE = re.compile(
    r"^(?:on |date )?"
    r"(?P<value>(?:0?[1-9]|[12]\d|3[01])(?:0?[1-9]|[12]\d|3[01])(?:20)?[12]\d)$"
)
_SPACED_DATE = re.compile(
    r"(?P<value>\d{1,2}(?: ?(?:st|nd|rd|th))? (?:of )?"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?: ?\d{2,6})?\b|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* ?\d{1,2}"
    r"(?: ?(?:st|nd|rd|th))?(?: ?\d{4})?\b)",
    re.IGNORECASE,
)
_PARTY = re.compile(
    r"\b(?P<value>\d{1,2}|one|two|three|four|five|six)(?: nos?)?(?: of)? "
    r"(?:persons?|passengers?|people|members?|tickets?|adults?)\b",
    re.IGNORECASE,
)
_SEAT = re.compile(
    r"\b(?P<value>(?:middle(?! name)|window|aisle)(?: seat)?|first class|business "
    r"class)\b",
    re.IGNORECASE,
)
_NEW_SEAT = re.compile(
    r"^(?:i want |i need |yes |ok |seat |change to |number |no )*"
    r"(?P<value>[a-k] ?\d{1,2}|\d{1,2} ?[a-k])(?: seat| please)?$",
    re.IGNORECASE,
)


def is_code(value: str, least: int = _MIN_LENGTH, most: int = _MAX_LENGTH) -> bool:
    """Letters and digits mixed, neither long nor short: a booking reference."""
    plain = value.replace(" ", "")
    mixed = any(c.isdigit() for c in plain) and any(c.isalpha() for c in plain)
    return mixed and least <= len(plain) <= most


def bookings(said: Utterance) -> Iterator[Finding]:
    """Booking references such as "g 75 f 34"."""
    if _SPACED_DATE.search(said.text) or _PARTY.search(said.text):
        return
    for match in _RUN.finditer(said.text):
        start, end = _without_words(said.text, *match.span())
        if is_code(said.text[start:end]):
            yield Finding(
                "booking_reference", said.text[start:end], start, end, 0.7, certain=True
            )


def routes(said: Utterance) -> Iterator[Finding]:
    """Where from and where to."""
    found = False
    for match in _ROUTE.finditer(said.text):
        ends = match["departure"].lower(), match["arrival"].lower()
        if any(word in NOT_A_NAME for name in ends for word in name.split()):
            continue
        found = True
        for name, key in (("departure", "departure_city"), ("arrival", "arrival_city")):
            yield group(match, key, name, confidence=0.7)
    if found:
        return
    for key, pattern in (("arrival_city", _TO), ("departure_city", _FROM)):
        for match in pattern.finditer(said.text):
            words = match["value"].lower().split()
            if words[0] not in NOT_A_NAME:
                kept = match["value"] if words[-1] not in NOT_A_NAME else words[0]
                start = match.start("value")
                yield Finding(key, kept, start, start + len(kept), 0.6)


def dates(said: Utterance) -> Iterator[Finding]:
    """The day of the journey; a second date is the way back."""
    pattern = _GLUED_DATE if _GLUED_DATE.match(said.text) else _SPACED_DATE
    for number, match in enumerate(pattern.finditer(said.text)):
        start, end = match.span("value")
        when = None
        if pattern is _SPACED_DATE and re.fullmatch(
            DATE, match["value"], re.IGNORECASE
        ):
            when = resolved(match["value"], said.turn.sent_at, future=True)
        key = "end_date" if number else "start_date"
        yield Finding(key, match["value"], start, end, 0.65, event_at=when)


def parties(said: Utterance) -> Iterator[Finding]:
    """How many travel."""
    for match in _PARTY.finditer(said.text):
        yield group(match, "passengers", confidence=0.7)


def seats(said: Utterance) -> Iterator[Finding]:
    """The kind or number of a seat."""
    for pattern in (_SEAT, _NEW_SEAT):
        for match in pattern.finditer(said.text):
            yield group(match, "seat", confidence=0.65)


def _without_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop everyday words in front of a code ("no htr 635" → "htr 635")."""
    while match := re.match(r"([a-z]+) ", text[start:end], re.IGNORECASE):
        if match.group(1).lower() not in NOT_A_NAME - {"a", "i"}:
            break
        start += match.end()
    while match := re.search(r" ([a-z]+)$", text[start:end], re.IGNORECASE):
        if match.group(1).lower() not in NOT_A_NAME - {"a", "i"}:
            break
        end -= len(match.group())
    return start, end
