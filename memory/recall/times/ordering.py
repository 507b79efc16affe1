"""Whether a question asks for the first or for the newest of something."""

import re
from typing import Final, Literal

_WORDS: Final = frozenset(
    {"first", "originally", "initially", "earliest", "oldest", "last", "latest"}
    | {"recent", "recently", "lately", "newest"}
)
_WORD: Final = re.compile(r"[a-z]+")
_DONE: Final = (
    r"(?:ask|writ|wrote|contact|call|order|buy|bought|purchas|report|complain|mention|"
    r"messag|chat|speak|spoke|talk|sign|subscrib|join|regist|pa(?:y|id)|mov|chang|hear|"
    r"heard|tell|told|say|said|reach|visit|us|log|return|book|get|got|notic|happen)\w*"
)
_TOLD: Final = (
    r"(?:order|message|call|complaint|question|contact|conversation|chat|ticket|issue|"
    r"problem|purchase|payment|request|refund|return|delivery|e-?mail|booking|visit|"
    r"appointment|invoice|bill|parcel|package|reply|answer|time|thing)s?"
)
_OLDEST: Final = re.compile(
    rf"\b(?:(?:the|my|our|very) first {_TOLD}|first {_DONE}|{_DONE} first\b(?! of)|"
    r"originally|initially|(?:the|my|our) (?:earliest|oldest))\b"
)
_NEWEST: Final = re.compile(
    rf"\b(?:(?:most )?recent(?:ly)?|lately|last {_DONE}|last time|"
    rf"(?:latest|newest) {_TOLD}|(?:the|my|our|very) last {_TOLD})\b"
)
# "when we first came" and "in the first place" are two things.
_NO_ORDER: Final = re.compile(r"\bin the first place|\bfirst (?:of all|aid|class|name)")


def order(text: str) -> Literal["", "oldest", "newest"]:
    """Return which end of the story a question asks for; empty where it does not."""
    text = text.lower()
    if _WORDS.isdisjoint(_WORD.findall(text)):
        return ""
    text = _NO_ORDER.sub(" ", text)
    if _NEWEST.search(text):
        return "newest"
    return "oldest" if _OLDEST.search(text) else ""
