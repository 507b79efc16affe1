"""Numbers and levels that tie a customer to the desk's records."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group

MAX_ACCOUNT_DIGITS = 12
"""Longer runs of digits are payment cards (ISO/IEC 7812 begins at 13)."""

_SHORT = 4
_LINK = r"(?:\s*[:=#]+\s*|\s+(?:is|was|are)\s*:?\s*#?\s*|\s+)"
_CODE = r"(?P<value>(?=[\w-]*\d)[A-Za-z0-9][A-Za-z0-9-]{3,39})(?![\w@])"
_SPACED = (
    r"(?P<value>(?:(?!is\b|and\b|or\b|my\b|no\b)[a-z]{1,4} ?)?\d[a-z\d]*"
    r"(?: (?!(?:and|is|my|the|so|or|no|ok|but|for|in|to|can|not|i|it|yes)\b)"
    r"(?:[a-z]{1,3}|\d+)(?![a-z]))*)(?![\w@])"
)
_LABELS: tuple[tuple[str, str], ...] = (
    (
        "order_id",
        r"\border(?:'s)?(?:(?: |-)?(?:id|number|num|no\.?|reference|ref|nr))?(?: ?#)?",
    ),
    (
        "account_id",
        r"\b(?:account|acct|ac|accounting|customer|client)(?:(?: |-)?"
        r"(?:id|number|num|no\.?|nr))?(?: ?#)?",
    ),
    (
        "booking_reference",
        r"\b(?:booking|confirmation|conformation|reservation|pnr)"
        r"(?: (?:confirmation|booking))?(?: (?:id|number|num|no\.?|code|ref\w*))?",
    ),
    ("policy_id", r"\bpolicy(?: ?(?:id|number|num|no\.?))?"),
    ("claim_id", r"\bclaim(?: ?(?:id|number|num|no\.?))?"),
    (
        "reference",
        r"\b(?:tracking|invoice|serial|case|ticket|reference)(?: ?(?:id|number|num|"
        r"no\.?))",
    ),
)
_PLAIN = tuple(
    (key, re.compile(rf"{label}{_LINK}{_CODE}", re.IGNORECASE))
    for key, label in _LABELS
)
_TOKENISED = tuple(
    (key, re.compile(rf"{label}{_LINK}{_SPACED}", re.IGNORECASE))
    for key, label in _LABELS
)
_LEVELS = r"bronze|silver|gold|platinum|diamond|premium|vip|elite|guest"
_LEVEL = (
    re.compile(
        rf"\b(?P<value>{_LEVELS})(?:[- ](?:level|tier|status))? (?:member|customer|"
        r"account holder)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:i'?m|i am|we are)(?: currently| now)? (?:an? )?(?P<value>{_LEVELS})"
        r"(?: level| tier| status)?\s*(?:$|[,.!;\n]|and\b|but\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bmember(?:ship)?(?: level| status| tier)?(?: is|:)?(?: an?| at)? "
        rf"(?P<value>{_LEVELS})\b",
        re.IGNORECASE,
    ),
)
_BARE_LEVEL = re.compile(rf"\b(?P<value>{_LEVELS})\b", re.IGNORECASE)
_MONEY_AFTER = re.compile(
    r"\s*(?:dollars?|usd|eur|gb|items?|pieces?|days?|weeks?)\b", re.IGNORECASE
)


def labelled_numbers(said: Utterance) -> Iterator[Finding]:
    """Order, account, booking, policy and claim numbers that are named as such."""
    for key, pattern in _PLAIN if said.guided or not said.tokenised else _TOKENISED:
        for match in pattern.finditer(said.text):
            finding = group(match, key, certain=True)
            if _is_identifier(finding, match):
                yield finding


def member_levels(said: Utterance) -> Iterator[Finding]:
    """Bronze, silver, gold …: claimed, or answered to the question."""
    patterns = list(_LEVEL)
    if "member_level" in said.asked:
        patterns.append(_BARE_LEVEL)
    for pattern in patterns:
        for match in pattern.finditer(said.text):
            start, end = match.span("value")
            yield Finding("member_level", match["value"].lower(), start, end, 0.9)


def _is_identifier(finding: Finding, match: re.Match[str]) -> bool:
    """Digits enough for the label given, and neither money nor a card."""
    digits = sum(c.isdigit() for c in finding.value)
    named = bool(re.search(r"id|number|num|no|ref|#|nr", match.group().lower()))
    if finding.key == "account_id" and digits > MAX_ACCOUNT_DIGITS:
        return False
    if _MONEY_AFTER.match(match.string[match.end() :]):
        return False
    mixed = any(c.isalpha() for c in finding.value) and len(finding.value) > _SHORT
    least = 3 if named or finding.key != "order_id" else 5
    return digits >= (1 if named and mixed else least)
