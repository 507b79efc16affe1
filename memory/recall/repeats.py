"""Keeps one of what says the same: a greedy walk down the ranking.

Greedy and by words, not by vectors: those would cost a megabyte to bring over, and two
order numbers that differ in one digit are next to each other in meaning.
"""

import re
from typing import Final
from uuid import UUID

from memory.recall.rows import Rows

_WORD: Final = re.compile(r"\w+")
_DIGIT: Final = re.compile(r"\d")
# Of the words of both, so many in common are the same statement.
_SAME_SHARE: Final = 0.85
# A summary of whose messages so many are there already says nothing more.
_COVERED_SHARE: Final = 0.5


class Repeats:
    """What of a customer's rows was said already."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._words: list[tuple[frozenset[str], frozenset[str]]] = []
        self._messages: set[UUID] = set()

    def is_new(self, row: int) -> bool:
        """Say whether a row says anything new, and take it down if it does."""
        kind, text = self._rows.kind(row), self._rows.text(row)
        if kind == "summary" and self._is_covered(self._rows.message_ids(row)):
            return False
        words = frozenset(_WORD.findall(text.lower()))
        # Numbers tell apart what is otherwise word for word the same.
        numbers = frozenset(word for word in words if _DIGIT.search(word))
        if any(
            numbers == theirs and _same(words, known) for known, theirs in self._words
        ):
            return False
        self._words.append((words, numbers))
        if kind == "message":
            self._messages.add(self._rows.source_id(row))
        return True

    def _is_covered(self, message_ids: tuple[UUID, ...]) -> bool:
        there = self._messages.intersection(message_ids)
        return bool(message_ids) and len(there) >= _COVERED_SHARE * len(message_ids)


def _same(hers: frozenset[str], theirs: frozenset[str]) -> bool:
    shorter, longer = sorted((len(hers), len(theirs)))
    if shorter < _SAME_SHARE * longer:
        return False
    return len(hers & theirs) >= _SAME_SHARE * len(hers | theirs)
