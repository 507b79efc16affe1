"""A stretch of text that is refused, and the mark that stands in its place."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_MARK = re.compile(r"\u2022\u2022\u2022 \([a-z ]{3,30}, not kept\)")
_STRAIGHT = str.maketrans(
    {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x00A0: " "}
)


class Found(NamedTuple):
    """What is refused: `text[start:end]`, and what kind of thing it is, for people."""

    start: int
    end: int
    kind: str


def plain(text: str) -> str:
    """Return the text with straight quotes, dashes and spaces; every offset stays."""
    return text.translate(_STRAIGHT)


def mark(kind: str) -> str:
    """Return what stands in the place of something of this kind."""
    return f"\u2022\u2022\u2022 ({kind}, not kept)"


def has_mark(text: str) -> bool:
    """Return whether something was taken out of the text."""
    return bool(_MARK.search(text))


def without_marks(text: str) -> str:
    """Return the text without the marks of what was taken out."""
    return _MARK.sub("", text)


def replaced(text: str, found: Iterable[Found]) -> str:
    """Return the text with a mark in the place of everything found.

    What was taken out before is not taken out again.
    """
    marks = [match.span() for match in _MARK.finditer(text)]
    for start, end, kind in reversed(joined(found)):
        if not any(start < right and left < end for left, right in marks):
            text = f"{text[:start]}{mark(kind)}{text[end:]}"
    return text


def joined(found: Iterable[Found]) -> list[Found]:
    """Return what was found in the order of the text, overlapping stretches as one.

    A stretch that holds another gives the kind.
    """
    merged: list[Found] = []
    for item in sorted(found, key=lambda each: (each.start, -each.end)):
        if item.start >= item.end:
            continue
        if merged and item.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(end=max(item.end, last.end))
        else:
            merged.append(item)
    return merged
