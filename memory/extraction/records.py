"""Statements of record: what an agent says was done to the customer's record.

Only plain statements count, "I have changed your e-mail to …", "your order 123 was
refunded"; they are the desk's own word (`source` agent). What an agent asks, offers,
repeats or expects is none, and the assistant's words never are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from memory import values
from memory.extraction.findings import Finding, plain, trimmed
from memory.extraction.guards import sentence_bounds, standing
from memory.extraction.keys import Value, named, spec
from memory.extraction.ledger import candidate_of
from memory.refusals import spans
from memory.types import FactCandidate, Turn

_FIELD: Final = (
    r"(?P<field>e-?mail(?: address)?|(?:tele|mobile )?phone(?: number)?|mobile number|"
    r"contact number|user ?name|name|(?:(?:delivery|shipping|billing|home|postal|"
    r"mailing) )?address|plan|subscription|membership(?: level| tier)?|"
    r"preferred language|payment method)"
)
_CHANGED: Final = r"(?:changed|updated|set|corrected|amended|switched|moved|upgraded)"
_SOON: Final = r"(?: just| now| already| also| successfully)*"
_WHERE: Final = (
    r"(?: on file| on record| in (?:our|the) system| on (?:your|the) account)?"
)
_VALUE: Final = r"(?P<value>[^?!;\n]{2,120}?)(?=[?!;\n]|[.](?:\s|$)|$)"
_CHANGES: Final = (
    re.compile(
        rf"\b(?:i|we)(?:'ve| have|){_SOON} {_CHANGED} (?:your|the) (?:new )?{_FIELD}"
        rf"{_WHERE} (?:from \S+ )?to:? {_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\byour (?:new )?{_FIELD}{_WHERE} (?:(?:is|has been|was){_SOON} {_CHANGED} "
        rf"to|is now(?: set to)?):? {_VALUE}",
        re.IGNORECASE,
    ),
)
_DONE: Final = (
    r"(?:refunded|cancell?ed|shipped|re-?shipped|replaced|dispatched|returned|"
    r"re-?ordered|expedited)"
)
_ORDER: Final = r"order (?:number |no\.? |id )?#?(?=[\w-]*\d)[A-Za-z0-9-]{3,30}"
_ACTS: Final = (
    re.compile(
        rf"\b(?:your )?(?P<value>{_ORDER} (?:has been|was|is){_SOON} {_DONE})\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:i|we)(?:'ve| have|){_SOON} (?P<value>{_DONE} (?:your )?{_ORDER})\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:i|we)(?:'ve| have|){_SOON} (?P<value>(?:issued|processed|credited|made)"
        r" (?:you )?(?:an? |the )?(?:full |partial )?(?:refund|credit) (?:of|for) "
        r"(?:[$€£]\s?\d[\d.,]*\d|\d[\d.,]* ?(?:dollars|euros?|pounds|usd|eur|gbp)))",
        re.IGNORECASE,
    ),
)
_NOT_YET: Final = re.compile(
    r"\b(?:once|when|if|after|until|before|unless|should|would|will|could|can|may|might|"
    r"let me|whether|going to|want|like me to|not|n't|never|nearly|almost|as soon as|"
    r"confirm that|to be|you said|you told|you mentioned)\b",
    re.IGNORECASE,
)
_TRAILING: Final = re.compile(
    r"(?:,? (?:as (?:you )?(?:requested|asked)|for you|now|today|instead|and (?:you|i|"
    r"we|it|your)\b.*|so (?:you|that)\b.*|thank.*|please.*|is there.*))+$",
    re.IGNORECASE,
)
_MOST_WORDS: Final = 5
_LEAST_DIGITS: Final = 7


def statements(turns: Sequence[Turn]) -> list[FactCandidate]:
    """Return what the agents of a conversation state about the customer's record."""
    return [
        replace(candidate_of(turn, finding), source="agent")
        for turn in turns
        if turn.author == "agent"
        for finding in _findings(turn)
    ]


def _findings(turn: Turn) -> Iterator[Finding]:
    text = plain(turn.text)
    hidden = spans(text)
    for match in (m for pattern in _CHANGES for m in pattern.finditer(text)):
        finding = _changed(match)
        if finding and _is_plain(text, match, finding, hidden):
            yield finding
    for match in (m for pattern in _ACTS for m in pattern.finditer(text)):
        start, end = match.span("value")
        finding = Finding(
            "action_taken", match["value"], start, end, event_at=turn.sent_at
        )
        if _is_plain(text, match, finding, hidden):
            yield finding


def _changed(match: re.Match[str]) -> Finding | None:
    """Return the new value of the field, when it is one that the field can have."""
    key = named(match["field"])
    start, end = match.span("value")
    value = _TRAILING.sub("", match["value"]).rstrip(" .,")
    if spec(key).value is Value.STREET:
        value = value.split(",")[0]
    start, end = trimmed(match.string, start, start + len(value))
    value = match.string[start:end]
    return Finding(key, value, start, end) if _fits(key, value) else None


def _fits(key: str, value: str) -> bool:
    match spec(key).value:
        case Value.EMAIL:
            return bool(values.normal(Value.EMAIL, value))
        case Value.PHONE:
            digits = sum(c.isdigit() for c in value)
            return digits >= _LEAST_DIGITS and not re.search(r"[a-z]", value)
        case Value.STREET:
            return any(c.isdigit() for c in value) and " " in value
        case Value.CODE:
            return " " not in value
        case Value.LANGUAGE:
            return bool(values.normal(Value.LANGUAGE, value))
        case _:
            words = value.split()
            return len(words) <= _MOST_WORDS and words[0][0].isupper()


def _is_plain(
    text: str,
    match: re.Match[str],
    finding: Finding,
    hidden: Sequence[tuple[int, int]],
) -> bool:
    left, right = sentence_bounds(text, match.start())
    stands = standing(text, finding.start, finding.end)
    before = text[left : match.start()] + re.sub(
        re.escape(finding.value), "", match.group()
    )
    return not (
        stands.question
        or stands.quoted
        or stands.joking
        or text[left:right].rstrip().endswith("?")
        or _NOT_YET.search(before)
        or any(finding.overlaps(*span) for span in hidden)
    )
