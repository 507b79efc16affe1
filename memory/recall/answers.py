"""What kind of answer a question asks for, and which texts hold one."""

import re
from typing import Final

_I: Final = re.IGNORECASE

_TIME: Final = re.compile(
    r"\b(?:yesterday|to(?:day|night|morrow)|ago|(?:last|next|this) \w+|weekend|years?|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|"
    r"july|august|september|october|november|december|recently|since|morning|evening|"
    r"noon|\d{1,2}(?:st|nd|rd|th)|\d{1,2}:\d{2}|\d{1,2} ?[ap]m|(?:19|20)\d\d)\b",
    _I,
)
_NUMBER: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|once|twice|couple|"
    r"several|half|dozen)\b",
    _I,
)
_IDENTIFIER: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{4,}\b")
_ADDRESS: Final = re.compile(r"\S@\S")
# A capital in the middle of a sentence.
_NAME: Final = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")

# What is asked for, and what an answer to it looks like.
_ASKED: Final = (
    (
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:day|date|time|month|year)\b|\bhow long\b", _I
        ),
        _TIME,
    ),
    (
        re.compile(
            r"\bhow (?:many|much|often|long|tall|wide|big|high|far|heavy|old|deep)\b|"
            r"\b(?:price|cost|size|measure\w*|width|height|length|amount|percent\w*|"
            r"total|weigh\w*)\b",
            _I,
        ),
        _NUMBER,
    ),
    (re.compile(r"\be-?mail\b", _I), _ADDRESS),
    (
        re.compile(
            r"\b(?:number|no\.?|code|reference|ref|serial|sku|tracking|invoice|id|iban|"
            r"phone|mobile)\b",
            _I,
        ),
        _IDENTIFIER,
    ),
    (re.compile(r"\b(?:who|whose|whom|names?|called)\b", _I), _NAME),
)

# Possessive: no text, however it is made, makes it try twice.
_QUESTION: Final = re.compile(r"\?[^\w\[]*+(?:\[[^\]]*+\])?\s*+$")
# How a text ends is seen in so many characters.
_END_CHARS: Final = 300

_STAFF: Final = re.compile(
    r"\b(?:you|your|we|us|our|staff|colleagues?|agents?|support|promise[ds]?|"
    r"offer(?:ed)?)\b",
    _I,
)
_CUSTOMER: Final = re.compile(
    r"\b(?:i|my|me|mine|she|he|her|his|him|they|their|customer)\b", _I
)


def forms(question: str) -> tuple[re.Pattern[str], ...]:
    """Return what an answer to this question looks like; empty where nobody knows."""
    return tuple(form for asked, form in _ASKED if asked.search(question))


def holds(text: str, asked: tuple[re.Pattern[str], ...]) -> bool:
    """Say whether a text holds something of one of these forms."""
    return any(form.search(text) for form in asked)


def asks(text: str) -> bool:
    """Say whether a text ends in a question: it tells little itself."""
    return _QUESTION.search(text.rstrip()[-_END_CHARS:]) is not None


def is_about_customer(question: str) -> bool:
    """Say whether a question is about what the customer said, and not the desk."""
    return not _STAFF.search(question) and _CUSTOMER.search(question) is not None
