"""Keeps one of what says the same: a greedy walk down the ranking.

Greedy and by words, not by vectors: those would cost a megabyte to bring over, and two
order numbers that differ in one digit are next to each other in meaning.
"""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from memory.recall.types import Recalled
from memory.values.meaning import may_be_same

_WORD: Final = re.compile(r"\w+")
_DIGIT: Final = re.compile(r"\d")
# Of the words of both, so many in common are the same statement.
_SAME_SHARE: Final = 0.85
# A summary of whose messages so many are there already says nothing more.
_COVERED_SHARE: Final = 0.5


def without_repeats(ranked: Iterable[Recalled], limit: int) -> list[Recalled]:
    """Return the best ones, each thing once, in the order given.

    Args:
        ranked: The best first; no more are taken than are needed.
        limit: How many at the most.
    """
    kept: list[Recalled] = []
    told: list[tuple[frozenset[str], frozenset[str], str]] = []
    messages: set[UUID] = set()
    for memory in ranked:
        if memory.kind == "summary" and _is_covered(memory, messages):
            continue
        words = frozenset(_WORD.findall(memory.text.lower()))
        # Numbers tell apart what is otherwise word for word the same.
        numbers = frozenset(word for word in words if _DIGIT.search(word))
        # So does "not", and another name; asked last, because it costs the most.
        if any(
            numbers == theirs and _same(words, known) and may_be_same(memory.text, text)
            for known, theirs, text in told
        ):
            continue
        kept.append(memory)
        told.append((words, numbers, memory.text))
        if memory.kind == "message":
            messages.add(memory.source_id)
        if len(kept) == limit:
            break
    return kept


def _is_covered(summary: Recalled, messages: set[UUID]) -> bool:
    there = messages.intersection(summary.message_ids)
    return bool(summary.message_ids) and len(there) >= _COVERED_SHARE * len(
        summary.message_ids
    )


def _same(hers: frozenset[str], theirs: frozenset[str]) -> bool:
    shorter, longer = sorted((len(hers), len(theirs)))
    if shorter < _SAME_SHARE * longer:
        return False
    return len(hers & theirs) >= _SAME_SHARE * len(hers | theirs)
