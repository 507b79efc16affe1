"""Cars, policies and claims in terse messages about an insurance."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_BRANDS = (
    r"audi|bmw|buick|cadillac|chevrolet|chevy|chrysler|citro[eë]n|dacia|datsun|dodge|"
    r"ferrari|fiat|ford|gmc|honda|hyundai|infiniti|isuzu|jaguar|jeep|kia|lamborghini|"
    r"land rover|lexus|lincoln|mahindra|maruth?[iy](?: suzuki)?|maserati|mazda|mercedes"
    r"(?:[ -]benz)?|mini|mitsubishi|nissan?|opel|peugeot|pontiac|porsche|ram|renault|"
    r"rover|saab|saturn|seat|skoda|smart|subaru|suzuki|tata|tesla|toyota|vauxhall|"
    r"volkswagen|vw|volvo"
)
_BRAND = re.compile(rf"\b(?P<value>{_BRANDS})\b", re.IGNORECASE)
_AFTER_BRAND = re.compile(
    r"\b(?:" + _BRANDS + r")\b(?:,? (?:and )?(?:the )?(?:its )?(?:car )?"
    r"(?:model(?: is)?(?: the)?)?)? ?"
    r"(?P<value>(?!(?:19|20)\d\d\b|and\b|year\b|model\b|make\b)[a-z0-9]+"
    r"(?: (?!(?:19|20)\d\d\b|and\b|year\b|model\b|cc\b|with\b)[a-z0-9]{1,6}\b)?)",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"\bmodel(?: of (?:the|my) car)?(?: is| name)? (?:the )?"
    r"(?P<value>(?!(?:19|20)\d\d\b|and\b|year\b|wrong|number)[a-z0-9]+"
    r"(?: (?!(?:19|20)\d\d\b|and\b|year\b)[a-z0-9]{1,6}\b)?)",
    re.IGNORECASE,
)
_MAKE = re.compile(
    r"\bmake(?: of (?:the|my) car)?(?: is)? (?P<value>[a-z]{3,}(?: suzuki)?)",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"(?<![\d ])(?:(?<!\d) )?(?<!\d)(?P<value>(?:19[6-9]|20[0-3])\d)(?!\d)"
)
_POLICY = re.compile(
    r"(?<![\w])(?P<value>(?!(?:ssn|no|num|number|is|and|zip|my)\b)[a-z]{2,4} "
    r"?\d{7,13})(?!\w)",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"(?<![\w])(?P<value>(?!(?:ssn|no|num|and|is|zip|my|the|car|year|of|in)\b)"
    r"[a-z]{2,3} ?\d{3})(?![\w])(?! \d)",
    re.IGNORECASE,
)


def policies(said: Utterance) -> Iterator[Finding]:
    """Policy numbers such as "pvx 752197308"."""
    for match in _POLICY.finditer(said.text):
        yield group(match, "policy_id", confidence=0.7, certain=True)


def claims(said: Utterance) -> Iterator[Finding]:
    """Claim numbers such as "lrx 603", unless the message names a car."""
    if _BRAND.search(said.text):
        return
    for match in _CLAIM.finditer(said.text):
        yield group(match, "claim_id", confidence=0.7, certain=True)


def vehicles(said: Utterance) -> Iterator[Finding]:
    """Make, model and year of a car."""
    if re.search(r"\bphone|screen\b", said.text):
        return
    for pattern in (_MAKE, _BRAND):
        for match in pattern.finditer(said.text):
            if match["value"].lower() not in NOT_A_NAME | {"sure"} or pattern is _BRAND:
                yield group(match, "vehicle_brand", confidence=0.7)
    for pattern in (_AFTER_BRAND, _MODEL):
        for match in pattern.finditer(said.text):
            if match["value"].lower() not in NOT_A_NAME:
                yield group(match, "vehicle_model", confidence=0.65)
    for match in _YEAR.finditer(said.text):
        yield group(match, "vehicle_year", confidence=0.7)
