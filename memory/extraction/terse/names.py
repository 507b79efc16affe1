"""Names that stand alone, or before a code, in a terse message."""

import re
from collections.abc import Iterator

from memory.extraction.address import COUNTRY, US_STATES
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding
from memory.extraction.terse.meals import NOUNS
from memory.extraction.vocabulary import NOT_A_NAME

_WORD = r"[a-z][a-z'.]+"
_INTRODUCED = re.compile(
    r"(?:(?:^|\b(?:my|full|last|first|y|sure|yes|ok|hi|hello) )name(?: is| s)?|"
    r"\bthis is|\bi am|\bim|\bits|\bmyself) "
    rf"(?P<value>{_WORD}(?: {_WORD}){{0,2}}?)(?=$| (?:and|ssn|ac|acc|account|password|"
    r"company|from|here|my|with|address|conf\w+|last)\b| \S*\d)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"^(?:sure |yes )?(?P<value>{_WORD}(?: {_WORD}){{0,2}}?)"
    r"(?P<rest>$|,? (?:and )?(?:(?:ssn|ac|account|acc|card|password|pass|conf\w*|"
    r"from)\b.*"
    r"|(?:[a-z]{1,3} )?(?=\S*\d)\S+(?: \S+){0,12})$)",
    re.IGNORECASE,
)
_PLACES = frozenset(
    name.replace("_", " ").lower() for pair in US_STATES.items() for name in pair
)
_BEHIND_PASSWORDS = frozenset({"expenses", "shop"})
"""Topics whose desk asks for a password: a second bare word may be it."""
_ZIP_LIKE = re.compile(r"\b\d{5,6}\b")
_NOT_A_PERSON = re.compile(
    r"\b(?:class|morning|flight|resolved|economy|software|india|line|street|st|road|"
    r"rd|nagar|avenue|ave|lane|ltd|pvt|inc|company|tech\w*|"
    r"technologies|infotech|solutions?|services|limited|musicals?|music|store|bank|"
    r"group|airways|airlines)\b"
)


def introduced(said: Utterance) -> Iterator[Finding]:
    """Lower-case introductions: "name hagam and …", "im beatriz"."""
    for match in _INTRODUCED.finditer(said.text):
        if finding := _leading(match, 0.7):
            yield finding


def bare(said: Utterance, topic: str) -> Iterator[Finding]:
    """The first message of nothing but words that are nobody's everyday words."""
    match = _BARE.match(said.text.strip())
    if not match or not _fits(match, topic):
        return
    value = match["value"]
    if topic in _BEHIND_PASSWORDS and not match["rest"]:
        value = value.split()[0]
    start = said.text.index(match["value"])
    yield Finding(
        "customer_name", value.title(), start, start + len(value), 0.6, certain=True
    )


def _fits(match: re.Match[str], topic: str) -> bool:
    value: str = match["value"].lower()
    rest: str = match["rest"]
    if any(word.strip(".'") in NOT_A_NAME for word in value.split()):
        return False
    if NOUNS.search(value):
        return False
    if value in _PLACES or COUNTRY.match(value) or _NOT_A_PERSON.search(value):
        return False
    if topic == "food":
        return sum(c.isdigit() for c in rest) >= 5  # noqa: PLR2004 - a phone or a zip
    if topic == "travel" and re.search(r" to ", value):
        return False
    return topic not in ("telecoms", "") or not _ZIP_LIKE.search(rest)


def _leading(match: re.Match[str], confidence: float) -> Finding | None:
    """The words up to the first everyday one."""
    kept: list[str] = []
    for word in match["value"].split(" "):
        if word.lower() in NOT_A_NAME or word.endswith("ing"):
            break
        kept.append(word)
    value, start = " ".join(kept), match.start("value")
    if not value:
        return None
    return Finding(
        "customer_name",
        value.title(),
        start,
        start + len(value),
        confidence,
        certain=True,
    )
