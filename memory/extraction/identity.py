"""Who the customer is: name, user name, company."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_WORD = r"[^\W\d_][\w'.-]*"
_NAME = rf"{_WORD}(?: {_WORD}){{0,3}}"
_INTRODUCED = re.compile(
    r"(?:\bmy (?:full |first |last |sur|real |new )?name(?:'s| is now| is| was)|"
    r"\bfull name(?: is|:)|(?:^|[,.;!\n]\s*)(?:the |and )*name(?: is\b|\s*:)|"
    r"\bcall me|\byou(?:'re| are) (?:speaking|talking|chatting) (?:with|to)|"
    r"\bi go by|\bthis is|\bi am called)(?:\s*:\s*|\s+)"
    rf"(?P<value>{_NAME})",
    re.IGNORECASE,
)
_I_AM = re.compile(
    r"\b(?:I am|I'm|Im|this is|here is) (?P<value>[A-Z][\w'-]+(?: [A-Z][\w'-]+)"
    r"{0,2})(?=$|[,.!]| and\b| here\b| from\b)"
)
_LOWER_I_AM = re.compile(
    r"^(?:hi|hello|hey|hiya|good \w+)?[ ,!.]*(?:there)?[ ,!.]*(?:i'm|i am|this is) "
    r"(?P<value>[a-z]{3,})(?=$|[,.!]| and\b| here\b| from\b)"
)
_ANSWER = re.compile(
    r"^\W*(?:(?:sure|yes|yeah|hi|hello|ok|okay|of course|certainly|it'?s|it is|"
    r"this is|i'?m|i am|name|my|full|is|here|absolutely|no problem|thanks)\b[\W]*)*"
    rf"(?P<value>{_NAME})(?=\s*(?:$|[,;.!\n:/(]|  | - |\d|\band\b))",
    re.IGNORECASE,
)
_USERNAME = re.compile(
    r"\b(?:my |the )?(?:user ?-?name|user ?id|user|log ?-?in(?: name| id)?|screen name|"
    r"handle)(?: on (?:the|my) (?:site|account))?"
    r"(?:\s*[:=#-]\s*|\s+(?:is|was)\s*:?\s*|\s+(?=\w*\d))(?P<value>[\w.-]{3,40})",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:company|firm|business|organi[sz]ation)(?: name)?(?:\s*:\s*|"
    r"\s+is\s+(?:now )?| name\s+|\s+called\s+)"
    r"(?P<value>[A-Za-z][\w&'.-]*(?: (?!(?:and|my|account|password|pass|i|in|is)\b)"
    r"[A-Za-z][\w&'.-]*){0,4})",
    re.IGNORECASE,
)
_FORMER = re.compile(
    r"\b(?:used to be|formerly|maiden|not)\b[\w ]{0,12}$", re.IGNORECASE
)


def introductions(said: Utterance) -> Iterator[Finding]:
    """Names given with "my name is", "this is", "I'm …"."""
    for pattern in (_INTRODUCED, _I_AM, _LOWER_I_AM):
        for match in pattern.finditer(said.text):
            finding = _name(said.text, *match.span("value"), 0.92)
            if finding and not _FORMER.search(said.text[: match.start()]):
                yield finding


def answered_names(said: Utterance) -> Iterator[Finding]:
    """A name as the bare answer to the desk's question for one."""
    if "customer_name" not in said.asked:
        return
    if match := _ANSWER.match(said.text):
        finding = _name(said.text, *match.span("value"), 0.9)
        if finding:
            yield finding


def usernames(said: Utterance) -> Iterator[Finding]:
    """User names that are named as such."""
    for match in _USERNAME.finditer(said.text):
        finding = group(match, "username", certain=True)
        if finding.value.lower() not in NOT_A_NAME and "@" not in _next(match):
            yield finding


def companies(said: Utterance) -> Iterator[Finding]:
    """The company the customer writes for."""
    for match in _COMPANY.finditer(said.text):
        finding = group(match, "company", confidence=0.8)
        if finding.value.lower().split()[0] not in NOT_A_NAME:
            yield finding


def _next(match: re.Match[str]) -> str:
    return match.string[match.end() : match.end() + 1]


def _name(text: str, start: int, end: int, confidence: float) -> Finding | None:
    """The leading words that can be a name; None when the first cannot."""
    words = list(re.finditer(r"\S+", text[start:end]))
    kept = 0
    for word in words:
        if word.group().strip(".,'").lower() in NOT_A_NAME:
            break
        kept = word.end()
    value = text[start : start + kept].strip(" .,-")
    if len(value) <= 1 or any(c.isdigit() for c in value):
        return None
    written = value.title() if value.islower() or value.isupper() else value
    end = start + len(value)
    return Finding("customer_name", written, start, end, confidence, certain=True)
