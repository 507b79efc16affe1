"""Bare answers: which asked-for key a token fits, judged by its shape."""

import re
from collections.abc import Callable, Iterator, Sequence

from memory.extraction.accounts import MAX_ACCOUNT_DIGITS
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_TOKEN = re.compile(r"(?<![\w@.+])#?(?P<value>[A-Za-z0-9][\w.-]*[\w]|\d)(?![\w@])")
_BUSY = re.compile(r"[$€£]$")
_MAX_WORDS_FOR_USERNAME = 4
_MIN_DIGITS_OF_NUMBER = 5
_MIN_ACCOUNT = 6
_MIN_USERNAME = 5
_MIN_NAME_PART = 3
_PHRASE_KEYS = (
    "product",
    "payment_method",
    "plan",
    "departure_city",
    "arrival_city",
    "city",
    "state",
    "company",
    "occupation",
)
_PHRASE = re.compile(
    r"^\W*(?:(?:sure|yes|yeah|it'?s|it is|it was|that'?s|the|an?|my|some|i|bought|"
    r"ordered|from|to|in|on|by|with|for|at|about|around|will|pay|paid|of course|ok|"
    r"okay|"
    r"as|work|am)\b[,. ]*)*(?P<value>[^,.;!?\n]{2,50}?)\s*(?:please|thanks|thank "
    r"you)?\s*"
    r"(?:$|[,.;!\n])",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:no|not|don'?t|do not|can'?t|cannot|never|nothing|sure|hold|moment|second|"
    r"minute|why|what|how|know|think|help|need|want|forgot|thanks?|ok|okay|yes|"
    r"please|it|"
    r"you|wrong|broken|damaged|sizes?|small|big|large|awesome|great|cool|hey|hi|hello|oh|yep|yeah|alright|bye|perfect|right|"
    r"glad|love|"
    r"wow|nice|go|get|come|let|agreed|exactly|i|we|he|she|they|didn'?t|isn'?t|one)\b",
    re.IGNORECASE,
)
_MAX_PHRASE_WORDS = 5
_ONE_EACH = ("username", "account_id")


def coded_answers(
    said: Utterance, taken: Sequence[tuple[int, int]], known_name: str
) -> Iterator[Finding]:
    """Order, account and user names given as bare tokens, in any order.

    ``known_name`` helps to tell a user name from an account number: people build
    user names from their names.
    """
    open_keys = [
        k
        for k in said.asked
        if k
        in (
            "order_id",
            "account_id",
            "username",
            "booking_reference",
            "policy_id",
            "claim_id",
            "reference",
        )
    ]
    names_account = "account_id" in open_keys or "username" in open_keys
    if not open_keys:
        return
    for match in _TOKEN.finditer(said.text):
        start, end = match.span("value")
        busy = any(start < e and s < end for s, e in taken)
        if busy or _BUSY.search(said.text[:start]):
            continue
        key = _fit(match["value"], open_keys, known_name, len(said.text.split()))
        if key:
            if key in _ONE_EACH:  # a second one may be the password beside it
                open_keys.remove(key)
            yield Finding(key, match["value"], start, end, 0.88, certain=True)
        elif names_account and _built_from(match["value"], known_name):
            yield Finding("username", match["value"], start, end, 0.8, certain=True)


def phrase_answers(said: Utterance) -> Iterator[Finding]:
    """A few words that answer one open question: a product, a city, a plan."""
    keys = [key for key in _PHRASE_KEYS if key in said.asked]
    if len(keys) != 1 or said.text.rstrip().endswith("?"):
        return
    match = _PHRASE.match(said.text)
    if not match or len(match["value"].split()) > _MAX_PHRASE_WORDS:
        return
    whole = not said.text[match.end() :].strip() and "!" not in said.text
    if not whole or _REFUSAL.search(match["value"]) or "@" in said.text:
        return
    yield group(match, keys[0], confidence=0.75)


def _fit(value: str, keys: Sequence[str], name: str, words: int) -> str:
    """The open key whose shape the token has best, or an empty string."""
    for key in sorted(keys, key=_likeliest_first(value, name)):
        if key == "username":
            if _is_username(value, name, words):
                return key
        elif key == "account_id":
            if _is_account(value, name):
                return key
        elif _is_number(value):
            return key
    return ""


def _likeliest_first(value: str, name: str) -> Callable[[str], bool]:
    """Plain numbers are orders, handles are user names, mixed codes are accounts."""
    if value.isdigit():
        return lambda key: key == "account_id"
    if value.islower() or _built_from(value, name):
        return lambda key: key != "username"
    return lambda key: key != "account_id"


def _is_number(value: str) -> bool:
    digits = sum(c.isdigit() for c in value)
    enough = max(_MIN_DIGITS_OF_NUMBER, len(value) - 4)
    return enough <= digits <= MAX_ACCOUNT_DIGITS


def _is_account(value: str, name: str) -> bool:
    """Letters and digits mixed, or a long number; not a name with digits behind."""
    digits = sum(c.isdigit() for c in value)
    if _built_from(value, name) or not 1 <= digits <= MAX_ACCOUNT_DIGITS:
        return False
    return len(value) >= _MIN_ACCOUNT


def _is_username(value: str, name: str, words: int) -> bool:
    """A single made-up word: built from the name, or letters then digits."""
    if value.isdigit() or value.lower() in NOT_A_NAME:
        return False
    if _built_from(value, name) or re.fullmatch(r"[A-Za-z][\w.-]*\d[\w.-]*", value):
        return True
    long_enough = len(value) >= _MIN_USERNAME
    return words <= _MAX_WORDS_FOR_USERNAME and value.islower() and long_enough


def _built_from(value: str, name: str) -> bool:
    """Whether a token holds a part of the name that is not the name itself."""
    low = value.lower()
    parts = [part for part in name.lower().split() if len(part) >= _MIN_NAME_PART]
    initials = "".join(part[0] for part in name.lower().split())
    built = any(part in low and part != low for part in parts)
    return built or bool(
        len(initials) > 1 and re.fullmatch(rf"{re.escape(initials)}\d+", low)
    )
