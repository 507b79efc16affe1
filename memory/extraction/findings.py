"""What a family of patterns hands back: a value and where it stands in the text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from memory.refusals import plain
from memory.types import Revises

__all__ = ["Finding", "free_of", "group", "plain", "trimmed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One value of one key; ``text[start:end]`` is its verbatim evidence.

    ``certain`` findings (identifiers, addresses) stand even inside a question;
    the others are doubted there. ``sentence`` overrides the catalogue's. ``since`` and
    ``until`` are its valid time, where that was said; ``doubt`` says why it may not be
    so, ``revises`` what it says of its key before.
    """

    key: str
    value: str
    start: int
    end: int
    confidence: float = 0.9
    certain: bool = False
    ends: bool = False
    event_at: datetime | None = None
    sentence: str = ""
    entities: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    doubt: str = ""
    revises: Revises = ""

    def overlaps(self, start: int, end: int) -> bool:
        """Whether the evidence shares a character with ``[start, end)``."""
        return self.start < end and start < self.end


def group(
    match: re.Match[str],
    key: str,
    name: str | int = "value",
    *,
    confidence: float = 0.9,
    certain: bool = False,
) -> Finding:
    """The finding of one named group, its edges trimmed of space and punctuation."""
    start, end = trimmed(match.string, *match.span(name))
    return Finding(
        key, match.string[start:end], start, end, confidence, certain=certain
    )


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Move both edges inwards over space and sentence punctuation."""
    while start < end and text[start] in " \t\r\n,;:.!?\"'()-":
        start += 1
    while end > start and text[end - 1] in ' \t\r\n,;:.!?"(-':
        end -= 1
    return start, end


def free_of(
    findings: Iterable[Finding], taken: Iterable[tuple[int, int]]
) -> list[Finding]:
    """The findings that touch none of the taken ranges."""
    ranges = list(taken)
    return [f for f in findings if not any(f.overlaps(*r) for r in ranges)]
