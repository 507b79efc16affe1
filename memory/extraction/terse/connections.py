"""Service, plan and place in terse messages about a cable or internet line."""

import re
from collections.abc import Iterator
from dataclasses import replace

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_CITY = r"(?P<city>[a-z][a-z']+(?: [a-z']+){0,2}?)"
_ZIP = r"(?P<zip>\d{5,6})"
_PLACE = (
    re.compile(
        r"^(?:(?:yes|sure|ok|in|my|the|current|location|address|city|name|is)[ ,]+)*"
        rf"{_CITY},?(?: (?:city|and|the|my|with|zip|zipcode|pincode|pin|postal|code|is|"
        rf"number|no))* {_ZIP}$",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:live in|belong to|from|located (?:at|in)) (?P<city>[a-z]{3,}"
        r"(?: (?!city\b|and\b|the\b|my\b|zip\b)[a-z]+)?)"
        rf"(?:(?: [a-z]+){{0,5}} {_ZIP})?",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?P<city>[a-z]{3,}(?: [a-z]{3,})?) city(?:,? zip (?P<zip>\d{5,6}))?$",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bcity(?: name)?(?: is)? (?P<city>(?!is\b|and\b|name\b)[a-z]+"
        r"(?: (?!and\b|zip|pin|is\b|\d)[a-z]+)?)"
        rf"(?:(?: [a-z]+){{0,5}} {_ZIP})?",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_ZIP},?(?: (?:and|is|my|the|city|name))* {_CITY}$", re.IGNORECASE),
)
_BARE_ZIP = re.compile(rf"(?<!\d){_ZIP}(?!\d)")
_PLAN = re.compile(r"(?<!\d)(?P<value>\d{1,4} ?gb)\b", re.IGNORECASE)
_SERVICE = re.compile(
    r"\b(?P<value>(?:cable|internet|phone|broadband|wi-?fi|tv)(?: (?:and|or) "
    r"(?:cable|internet|phone|tv))?)\b",
    re.IGNORECASE,
)


def places(said: Utterance) -> Iterator[Finding]:
    """City and postal code, in either order."""
    for pattern in _PLACE:
        match = pattern.search(said.text)
        if not match or match["city"].lower().split()[0] in NOT_A_NAME - {"park"}:
            continue
        yield group(match, "city", "city", confidence=0.7)
        if match["zip"]:
            yield group(match, "zip_code", "zip", confidence=0.7, certain=True)
        return
    for match in _BARE_ZIP.finditer(said.text):
        yield group(match, "zip_code", "zip", confidence=0.6, certain=True)


def plans(said: Utterance) -> Iterator[Finding]:
    """The data plan chosen or asked about."""
    for match in _PLAN.finditer(said.text):
        plan = group(match, "plan", confidence=0.7, certain=True)
        yield replace(plan, sentence=f"Asked about the {plan.value} plan.")


def services(said: Utterance) -> Iterator[Finding]:
    """The service she wants; questions count, for asking is the interest."""
    if match := _SERVICE.search(said.text):
        yield group(match, "service_type", confidence=0.65, certain=True)
