"""Valid time in what is said: "since March", "from 1 June on", "until last week"."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from memory.extraction.dates import DATE, resolved
from memory.extraction.findings import Finding
from memory.extraction.guards import sentence_bounds
from memory.extraction.keys import spec
from memory.types import Turn

_SINCE: Final = re.compile(
    rf"\b(?P<how>since|as of|starting(?: from| on)?|effective|from) (?:the |early |"
    rf"mid |late |about )?(?P<when>{DATE})(?! (?:to|until|till)\b)",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(
    rf"\b(?:until|till|up to|up until) (?:the |early |mid |late |about )?"
    rf"(?P<when>{DATE})",
    re.IGNORECASE,
)
# What lasts: other keys name single moments, or things that have a date of their own.
_LASTING: Final = frozenset({"has", "software", "device", "product", "service_type"})


def dated(turn: Turn, text: str, finding: Finding) -> Finding:
    """Return a finding with its valid time, where its sentence tells one.

    What ended before the message was sent is an end, whatever the words around it.
    """
    of = spec(finding.key)
    if not (of.single and of.keep is None) and finding.key not in _LASTING:
        return finding
    left, right = sentence_bounds(text, finding.start)
    sentence = text[left:right]
    if match := _UNTIL.search(sentence):
        until = resolved(match["when"], turn.sent_at)
        if until is None or until > turn.sent_at or _is_inside(match, finding, left):
            return finding
        ended = f"No longer: {finding.value}."
        return replace(finding, ends=True, until=until, sentence=ended)
    if match := _SINCE.search(sentence):
        if _is_inside(match, finding, left):
            return finding
        return replace(finding, since=_began(match, turn.sent_at))
    return finding


def _began(match: re.Match[str], said_at: datetime) -> datetime | None:
    """Return when it began: "since" lies behind, "from 1 June" at the nearer June."""
    before = resolved(match["when"], said_at)
    after = resolved(match["when"], said_at, future=True)
    if match["how"].lower() == "since" or before is None or after is None:
        return before if before is None or before <= said_at else None
    return min(before, after, key=lambda moment: abs(moment - said_at))


def _is_inside(match: re.Match[str], finding: Finding, left: int) -> bool:
    """Whether the words of time are part of the value itself."""
    return finding.overlaps(left + match.start(), left + match.end())
