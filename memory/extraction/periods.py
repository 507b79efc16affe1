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
_MOVED: Final = re.compile(
    r"\b(?:moved|relocated)\b[^.?!\n]{0,60}?\b(?:back )?(?:in |on )?(?:the |early |"
    rf"mid |late )?(?P<when>{DATE})",
    re.IGNORECASE,
)
_OF_A_MOVE: Final = frozenset(
    {"city", "country", "state", "street_address", "zip_code"}
)
# What lasts: other keys name single moments, or things that have a date of their own.
_LASTING: Final = frozenset({"has", "software", "device", "product", "service_type"})


LATER = "holds only from a later day on"
NOT_YET = 0.45
"""Below one half: what is not true yet is not remembered as true."""


def dated(turn: Turn, text: str, finding: Finding) -> Finding:
    """Return a finding with its valid time, where its sentence tells one.

    What ended before the message was sent is an end, whatever the words around it.
    """
    of = spec(finding.key)
    if not (of.single and of.keep is None) and finding.key not in _LASTING:
        return finding
    left, right = sentence_bounds(text, finding.start)
    sentence, said_at = text[left:right], turn.sent_at
    if (match := _UNTIL.search(sentence)) and not _is_inside(match, finding, left):
        until = _past(match, said_at)
        ended = f"No longer: {finding.value}."
        over = replace(finding, ends=True, until=until, sentence=ended)
        return over if until else finding
    if (match := _SINCE.search(sentence)) and not _is_inside(match, finding, left):
        return replace(finding, since=_began(match, said_at))
    if (match := _MOVED.search(sentence)) and finding.key in _OF_A_MOVE:
        return replace(finding, since=_past(match, said_at))
    return finding


def begins_later(finding: Finding, said_at: datetime) -> bool:
    """Return whether it is to be true only from a later day on: people decide then."""
    return finding.since is not None and finding.since > said_at


def _past(match: re.Match[str], said_at: datetime) -> datetime | None:
    moment = resolved(match["when"], said_at)
    return moment if moment and moment <= said_at else None


def _began(match: re.Match[str], said_at: datetime) -> datetime | None:
    """Return when it began: "since" lies behind, "from 1 June" at the nearer June."""
    if match["how"].lower() == "since":
        return _past(match, said_at)
    before = resolved(match["when"], said_at)
    after = resolved(match["when"], said_at, future=True)
    if before is None or after is None:
        return None
    return min(before, after, key=lambda moment: abs(moment - said_at))


def _is_inside(match: re.Match[str], finding: Finding, left: int) -> bool:
    """Whether the words of time are part of the value itself."""
    return finding.overlaps(left + match.start(), left + match.end())
