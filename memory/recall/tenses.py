"""Whether a question is about what holds now, or about what held before."""

import re
from typing import Final, Literal

Tense = Literal["", "now", "present", "past", "before"]

_I: Final = re.IGNORECASE

_NOW: Final = re.compile(
    r"\b(?:now|now ?adays|these days|currently|at (?:the|this) moment|at present|"
    r"any ?more|any longer|latest|newest|most recent(?:ly)?|up to date|by now)\b",
    _I,
)
# A day in "what did I say today?", and nothing but now in "what holds today?".
_TODAY: Final = re.compile(r"\btoday\b", _I)
_BEFORE: Final = re.compile(
    r"\b(?:at first|at the (?:very )?(?:start|beginning|outset)|"
    r"in the (?:very )?beginning|initial(?:ly)?|original(?:ly)?|to begin with|"
    r"(?:when|as) .{1,40}\bfirst\b|"
    r"first (?:half|year|contract|order|address|plan|months?|weeks?)|"
    r"before (?:she|he|we|i|they|you|it|her|his|my|our|their|the)\b|before \w+ing|"
    r"used? to|former(?:ly)?|previous(?:ly)?|back then|no longer)\b",
    _I,
)
_PAST: Final = re.compile(
    r"\b(?:did|was|were|had|said|told|wrote|asked|promised|agreed|bought|ordered)\b", _I
)
_PRESENT: Final = re.compile(
    r"\b(?:is|are|am|do|does|has|have|can|should|gets?|wants?|needs?|likes?|goes?|"
    r"lives?|works?|uses?|pays?|best)\b|\b(?:where|what|who|which|how)['\u2019]?s\b",
    _I,
)


def tense(question: str) -> Tense:
    """Return which state of things a question is about; empty where it does not say.

    "present" is a question in the present tense that says nothing more: what holds now
    is meant, unless it is about something that does not change. "past" is one about
    what happened once, whatever came of it.
    """
    if _NOW.search(question):
        return "now"
    if _BEFORE.search(question):
        return "before"
    if _PAST.search(question):
        return "past"
    if not _PRESENT.search(question):
        return ""
    return "now" if _TODAY.search(question) else "present"
