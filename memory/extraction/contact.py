"""E-mail addresses, telephone numbers, and through which channel to write."""

import re
from collections.abc import Iterator

import phonenumbers

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding
from memory.extraction.vocabulary import words

_EMAIL = re.compile(r"[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_GLUED_EMAIL = re.compile(
    r"\b(?:(?!(?:and|is|my|id|email|e|mail|address|at|to|persons?|on|it|send|ok|"
    r"sure|yes)\b)"
    r"(?P<user>[a-z][a-z0-9._]*) )?(?:(?P<digits>\d{1,5}) )?"
    r"(?P<host>[a-z0-9._]*(?:mail|yahoo|ymail|hotmail|outlook|live|aol|icloud|"
    r"rediff\w*|"
    r"proton)[a-z]*(?:com|net|in|co)\b|[a-z0-9]{6,}(?:com|net|org|gov|edu)\b"
    r"|(?<=\d )com\b)",
    re.IGNORECASE,
)
_PLAIN_WORDS = words(
    "internet welcome become overcome telecom sitcom income outcome incom intercom "
    "planet magnet cabinet bonnet garnet forgov dotcom"
)
_PROVIDERS = re.compile(
    r"^(?:g|hot|y|rediff|e)?mail(?:com|net|in|co)$|^(?:yahoo|outlook|aol|live|icloud)"
    r"(?:com|co|in)$|^com$"
)
_FORMATTED_PHONE = re.compile(
    r"(?<![\w.#-])(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}"
    r"|\(\d{3}\) ?\d{3}[ .-]?\d{4}|\d{3}[.-]\d{3}[.-]\d{4}|\d{3} \d{3} \d{4})"
    r"(?![\w-])"
)
_LABELLED_PHONE = re.compile(
    r"\b(?:tele)?(?:phone|phnoe|mobile|cell|ph|contact|call me (?:at|on)|reach me "
    r"(?:at|on)|"
    r"number)(?: (?:number|no|num|phone))*\.?(?:\s*[:#-]\s*|\s+(?:is|at|on)\s*:?\s*|"
    r"\s+)"
    r"(?P<value>\+?\(?\d[\d ().-]{6,16}\d)(?!\w)",
    re.IGNORECASE,
)
_BARE_PHONE = re.compile(r"(?<![\w.#+-])\(?\d[\d ().-]{6,15}\d(?![\w-])")
_PHONE_DIGITS = range(7, 16)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|account|ac|tracking|reference|policy|claim|card|model|serial|invoice|"
    r"ticket|case|booking|confirmation)(?: (?:id|number|no|num))?\W*(?:is|was)?\W*$",
    re.IGNORECASE,
)


def emails(said: Utterance) -> Iterator[Finding]:
    """Every well-formed address."""
    for match in _EMAIL.finditer(said.text):
        value = match.group().rstrip(".")
        end = match.start() + len(value)
        yield Finding("email", value.lower(), match.start(), end, 0.97, certain=True)


def glued_emails(said: Utterance) -> Iterator[Finding]:
    """Addresses that lost their signs on the way: "nivika 45 gmailcom"."""
    for match in _GLUED_EMAIL.finditer(said.text):
        host = match["host"].lower()
        if host in _PLAIN_WORDS:
            continue
        bare = bool(_PROVIDERS.match(host))
        if bare and not (match["user"] or match["digits"]):
            continue
        joined = bare or match["digits"] is not None
        start = match.start() if joined else match.start("host")
        value = said.text[start : match.end()]
        yield Finding("email", value, start, match.end(), 0.6, certain=True)


def phones(said: Utterance) -> Iterator[Finding]:
    """Numbers that are written or named as telephone numbers, or were asked for."""
    for match in _FORMATTED_PHONE.finditer(said.text):
        yield from _phone(said, match.start(), match.end(), 0.9)
    for match in _LABELLED_PHONE.finditer(said.text):
        yield from _phone(said, *match.span("value"), 0.9)
    if "phone" in said.asked:
        for match in _BARE_PHONE.finditer(said.text):
            yield from _phone(said, match.start(), match.end(), 0.9)


def bare_phones(said: Utterance) -> Iterator[Finding]:
    """Ten or eleven digits on their own, where a telephone number is expected."""
    for match in _BARE_PHONE.finditer(said.text):
        digits = sum(c.isdigit() for c in match.group())
        if digits in (10, 11):
            yield from _phone(said, match.start(), match.end(), 0.6)


def same_number(left: str, right: str) -> bool:
    """Whether two spellings are one telephone number."""
    verdict = phonenumbers.is_number_match(left, right)
    return bool(verdict >= phonenumbers.MatchType.NSN_MATCH)


def _phone(
    said: Utterance, start: int, end: int, confidence: float
) -> Iterator[Finding]:
    """A finding if the digits can be a telephone number and belong to nothing else."""
    raw = said.text[start:end].rstrip(" (.-")
    digits = re.sub(r"\D", "", raw)
    if len(digits) not in _PHONE_DIGITS or _OTHER_NUMBER.search(said.text[:start]):
        return
    yield Finding("phone", raw, start, start + len(raw), confidence, certain=True)
