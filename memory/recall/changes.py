"""Questions about what held before, and the changes in a customer's life they name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import F

from memory.models import Fact
from memory.recall.types import Period

_I: Final = re.IGNORECASE
_WHO: Final = r"(?:i|we|you|he|she|they)"
# What has one value at a time, so that it can have had another one before.
_STATE: Final = (
    r"(?:street|home|delivery|shipping|billing|e-?mail|phone|mobile|contact|postal|"
    r"last|family|user|maiden)?\s?-?(?:address(?:es)?|numbers?|phone|mobile|e-?mail|plan|"
    r"subscription|tier|membership|name|surname|card|payment method|bank|job|employer|"
    r"company|flat|apartment|house|home|city|town|country|zip(?: code)?|postcode|"
    r"provider|laptop|device|setup|preference|account)s?"
)
_STATE_VERB: Final = r"(?:be|have|live|work|own|prefer|go by|belong)"
# Done once, and no state: "did I order this previously?" asks for nothing outdated.
_ACT: Final = (
    r"(?:order|bought|buy|ask|said|say|mention|told|tell|discuss|report|contact|wrote|"
    r"writ|purchas|open|sent|send|receiv|complain|call|spok|speak|agree|promis|rais|talk)"
)
_BEFORE_WORDS: Final = frozenset(
    {"used", "use", "previous", "previously", "former", "formerly", "old", "earlier"}
    | {"prior", "before", "until", "till", "still", "originally", "original", "back"}
    | {"past"}
)
_WORD: Final = re.compile(r"[a-z]+")
_ASKS_BEFORE: Final = tuple(
    re.compile(pattern, _I)
    for pattern in (
        rf"\b(?:{_WHO}|that|it) used to"
        r"(?! (?:pay|order|buy|make|sign|log|book|open)\b)",
        rf"\bdid(?:n't)? .{{1,60}}\buse to {_STATE_VERB}\b",
        # "I am used to" tells a habit, "used to pay with" a means.
        r"(?<!get )(?<!got )(?<!am )(?<!are )(?<!'m )(?<!is )"
        rf"\bused to {_STATE_VERB}\b",
        rf"\b(?:previous|former|old|earlier|prior|past|original) {_STATE}\b",
        rf"\b(?:previously|originally)(?! {_ACT})\b",
        r"\bformerly\b",
        r"\b(?:was|were|had|did)\b[^.?!\n]{1,60}\b(?:before|in the past)"
        r"(?=\s*(?:[.?!]|$)| (?:that|this|then|now)\b)",
        r"\bback then\b",
        rf"\b(?:when|while) {_WHO} (?:was |were )?still\b",
    )
)
# "Have I asked this before?" is about what was done, whenever.
_EVER: Final = tuple(
    re.compile(pattern, _I)
    for pattern in (
        rf"\b(?:have|has|had|did) {_WHO}(?: ever| already)? {_ACT}\w*\b"
        r"[^.?!\n]{0,80}\bbefore\b",
        rf"\b{_WHO}(?:'ve| have|'d)?(?: ever| already)? {_ACT}\w*\b"
        r"[^.?!\n]{0,80}\bbefore(?=\s*(?:[.?!]|$))",
    )
)

_CLAUSE: Final = re.compile(
    r"\b(?P<side>before|until|till|prior to|up to|ever since|since|after|once|now that|"
    r"following|when|while)\s+(?P<clause>[^,;.?!\n]{1,80})",
    _I,
)
_CHANGED: Final = re.compile(
    r"\b(?:mov(?:e|ed|ing)(?! forward| on\b| ahead)|relocat\w+|"
    r"chang(?:e|ed|es|ing)|switch(?:ed|ing)?|upgrad\w*|downgrad\w*|replac(?:ed|ing)|updat(?:ed|ing)|married|marriage|wedding|"
    r"divorced?|left(?! (?:for|an?|my|me|the)\b)|"
    r"new (?:job|plan|number|address|card|bank|name|e-?mail|flat|house|home))\b",
    _I,
)
_LASTED: Final = re.compile(
    rf"^{_WHO}(?: still)? (?:was|were|lived|had|paid|worked|used|went)\b", _I
)
_LEAVING: Final = re.compile(r"\b(?:left|leaving|from|out of)\b", _I)
_PLACES: Final = ("street_address", "city", "zip_code", "state", "country")
_WORK: Final = ("employer", "occupation", "job_title", "company")
# What a clause is about, and the keys of the catalogue that tell when it changed. The
# first that fits: an address for e-mail is no place to live in.
_ABOUT: Final[tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]] = tuple(
    (re.compile(rf"\b(?:{pattern})\b", _I), keys)
    for pattern, keys in (
        (r"e-?mail", ("email",)),
        (r"(?:phone|mobile|telephone|my|new|old|the) number", ("phone",)),
        (r"deliver\w*|shipping", ("delivery_address",)),
        (r"billing address", ("billing_address",)),
        (
            r"plan|subscription|tier|membership|(?:up|down)grad\w*",
            ("plan", "member_level"),
        ),
        (r"card|bank|payment(?: method)?|pay(?:ing|ed)?|paid", ("payment_method",)),
        (
            r"(?:sur|last |family )?name|marri\w+|wedding|divorced?",
            ("customer_name",),
        ),
        (r"jobs?|employer|compan\w+|work(?:ed|ing)?", _WORK),
        (
            r"mov(?:e|ed|ing)|relocat\w+|lived?|living|address|flat|house|city|country|"
            r"left|was in|were in",
            _PLACES,
        ),
    )
)
KEYS: Final = frozenset(key for _, keys in _ABOUT for key in keys)
"""The keys whose changes a question can name."""

_ENDS_THERE: Final = frozenset({"before", "until", "till", "prior to", "up to"})
_WHILE: Final = frozenset({"when", "while"})


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that a question names.

    Attributes:
        side: The word that says on which side of it; `_WHILE` for what lasted.
        clause: What changed, in the question's words.
        keys: Keys of the facts that tell when.
        words: All of it, as it was said.
    """

    side: str
    clause: str
    keys: tuple[str, ...]
    words: str


class _Held(NamedTuple):
    """A value that held once, and what came after it."""

    key: str
    value: str
    since: datetime
    until: datetime
    next_value: str | None


def asks_before(text: str) -> bool:
    """Return whether a question wants what held before, and holds no more."""
    if _BEFORE_WORDS.isdisjoint(_WORD.findall(text.lower())):
        return False
    if any(change.side in _ENDS_THERE for change in _changes(text)):
        return True
    for pattern in _EVER:
        text = pattern.sub(" ", text)
    return any(pattern.search(text) for pattern in _ASKS_BEFORE)


def periods_of_changes(
    text: str, *, customer_id: UUID, asked_at: datetime
) -> tuple[Period, ...]:
    """Return the time before or after the changes that a question names.

    One query, in the customer's scope: when her values of those keys ended. A change
    that is not known has no moment, and gives no period.

    Args:
        text: The question, such as "Which plan was I on before I moved?".
        customer_id: Whose changes.
        asked_at: Changes of later are not known yet.
    """
    named = list(_changes(text))
    if not named:
        return ()
    rows = Fact.objects.filter(
        customer_id=customer_id,
        key__in={key for change in named for key in change.keys},
        valid_to__lte=asked_at,
        # What was only corrected never held.
        valid_to__gt=F("valid_from"),
    ).order_by("valid_to")
    held = [
        _Held(key, value, since, until, next_value)
        for key, value, since, until, next_value in rows.values_list(
            "key", "value", "valid_from", "valid_to", "superseded_by__value"
        )
        if until is not None
    ]
    found = (
        period
        for change in named
        for period in _periods(change, [it for it in held if it.key in change.keys])
    )
    return tuple(dict.fromkeys(found))


def _changes(text: str) -> Iterator[_Change]:
    for match in _CLAUSE.finditer(text):
        side, clause = match["side"].lower(), match["clause"].strip()
        told = _LASTED if side in _WHILE else _CHANGED
        if not told.search(clause):
            continue
        # "What was my number until I changed it?"
        keys = _keys(clause) or (_keys(text) if side in _ENDS_THERE else ())
        if keys:
            yield _Change(side, clause, keys, match[0].strip())


def _keys(words: str) -> tuple[str, ...]:
    return next((keys for pattern, keys in _ABOUT if pattern.search(words)), ())


def _periods(change: _Change, held: list[_Held]) -> Iterable[Period]:
    lost = [it for it in held if _says(change.clause, it.value)]
    if change.side in _WHILE:
        return [Period(it.since, it.until, change.words) for it in lost]
    gained = [it for it in held if _says(change.clause, it.next_value)]
    # "before I moved to Leeds" and "before I left Leeds" are two moments.
    named = lost or gained if _LEAVING.search(change.clause) else gained or lost
    if not held:
        return []
    # Of several changes of one kind the last one is meant, unless a value is named.
    moment = max(it.until for it in named or held)
    if change.side in _ENDS_THERE:
        return [Period(None, moment, change.words)]
    return [Period(moment, None, change.words)]


def _says(clause: str, value: str | None) -> bool:
    return bool(value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", clause, _I))
