"""Accounts, charges and expenses in terse messages about money."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.terse.meals import addresses as delivery_addresses

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    r"(?<![\d ])(?: ?)(?<!\d)(?P<value>(?:0\d|1[0-2]|[12]\d|3[01])(?:0\d|1[0-2]|"
    r"[12]\d|3[01])"
    rf"(?:20)?[12]\d(?!\d)|\d{{1,2}} ?(?:st|nd|rd|th)?(?: of)? {_MONTH}(?: "
    rf"\d{{2,4}})?\b|"
    rf"{_MONTH} \d{{1,2}}(?: ?(?:st|nd|rd|th))?(?: \d{{4}})?\b)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:(?:time|timing|timings)(?: is| was)? (?P<named>\d{3,4}(?: ?[ap]m)?|"
    r"\d{1,2} ?[ap]m)"
    r"|(?P<value>\d{1,4} ?[ap]m))\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\b(?:amount(?: of)?(?: charged?)?(?: is| was)?|charged?(?: of)?(?: amount)?|"
    r"transfer|"
    r"tranfer|send) (?:of )?[$€£]?(?P<value>\d{2,7})(?!\d| ?(?:st|nd|rd|th)\b)"
    r"|\b(?P<paid>\d{1,7}) ?(?:dollars?|dollare|usd|rs|rupees|euros?|pounds?)\b"
    r"|[$€£] ?(?P<signed>\d[\d,.]*)",
    re.IGNORECASE,
)
_BARE_AMOUNT = re.compile(r"^(?:and )?(?P<value>\d{2,3}|[1-9]\d{0,3}00)$")
_AMOUNT_BESIDE_DATE = re.compile(
    r"^(?P<first>\d{2,3}) (?=\d{6,8}$)|(?<=\d )(?:and )(?P<second>\d{2,3})\b",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:account|accounts|ac|acc|a c)(?: (?:number|num|no|to|money|for|the|"
    r"transfer|is))* "
    r"(?P<value>\d{4,12})(?!\d)",
    re.IGNORECASE,
)
_NEW_ADDRESS = re.compile(
    r"\baddress(?: is| to)? (?P<value>(?!on\b|in\b|of\b|please|for\b|change|and\b|is\b|"
    r"to\b|at\b|my\b|as\b|can\b|associated\b|\d+$|\d+ and\b)[\w']+(?: [\w']+){1,8})$",
    re.IGNORECASE,
)
_EXPENSE = (
    r"hotel|food|flights?(?: ticket)?|travel|taxi|cab|room|meals?|petrol|fuel|train|"
    r"other|shopping|parking|lunch|dinner|ticket"
)
_SPENT = re.compile(
    rf"\b(?P<kind>{_EXPENSE})s?(?: (?:cost|amount|expenses?|is|for|was|and|ticket))* "
    r"[$€£]?(?P<value>\d{1,6})(?!\d)"
    rf"|(?<!\d)[$€£]?(?P<before>\d{{1,6}})(?: dollars| usd)? (?:for|in|on) (?:the )?"
    rf"(?P<what>{_EXPENSE})\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:total|expenses?|amount|it|cost|over|bill)(?: (?:amount|is|are|of|over|"
    r"was|cost|"
    r"about|for|in|my|expenses?))* [$€£]?(?P<value>\d{1,6})(?!\d)"
    r"|(?<!\d)(?P<paid>\d{1,6} ?(?:dollars?|usd|rs|rupees|euros?))\b"
    r"|(?:^|\bhave )(?P<bare>\d{2,3}|[1-9]\d?00)(?=$| in\b)",
    re.IGNORECASE,
)
_KIND_ONLY = re.compile(
    rf"^(?P<value>{_EXPENSE})s?(?: (?:expenses?|items?|bill))?$", re.IGNORECASE
)


def dated_charges(said: Utterance) -> Iterator[Finding]:
    """Date, time and amount of a charge, or the amount of a transfer."""
    for match in _DATE.finditer(said.text):
        yield group(match, "charge_date", confidence=0.6)
    for match in _TIME.finditer(said.text):
        yield group(match, "charge_time", match.lastgroup or 0, confidence=0.6)
    for pattern in (_AMOUNT, _AMOUNT_BESIDE_DATE, _BARE_AMOUNT):
        for match in pattern.finditer(said.text):
            yield group(match, "amount", match.lastgroup or 0, confidence=0.6)


def accounts(said: Utterance) -> Iterator[Finding]:
    """Account numbers that are called so.

    A bare four-digit number is as likely the last four of a national id: never
    taken.
    """
    for match in _ACCOUNT.finditer(said.text):
        yield group(match, "account_id", confidence=0.75, certain=True)


def addresses(said: Utterance) -> Iterator[Finding]:
    """The new address of an account."""
    if match := _NEW_ADDRESS.search(said.text):
        yield group(match, "street_address", confidence=0.65, certain=True)
        return
    yield from delivery_addresses(said)


def expenses(said: Utterance) -> Iterator[Finding]:
    """Kinds and amounts of expenses, and their total."""
    for match in _SPENT.finditer(said.text):
        number, kind = ("value", "kind") if match["value"] else ("before", "what")
        amount = group(match, "amount", number, confidence=0.65)
        sentence = f"Claims {amount.value} for {match[kind].lower()}."
        yield Finding(
            "amount", amount.value, amount.start, amount.end, 0.65, sentence=sentence
        )
        yield group(match, "expense_type", kind, confidence=0.6)
    for match in _TOTAL.finditer(said.text):
        yield group(match, "amount", match.lastgroup or 0, confidence=0.6)
    for match in _KIND_ONLY.finditer(said.text):
        yield group(match, "expense_type", confidence=0.6)
