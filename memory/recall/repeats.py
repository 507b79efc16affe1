"""Keeps one of what says the same: a greedy walk down the ranking.

Greedy and by words, not by vectors: those would cost a megabyte to bring over, and two
order numbers that differ in one digit are next to each other in meaning.
"""

import re
from collections.abc import Iterable
from typing import Final

from memory.recall.types import Recalled

_WORD: Final = re.compile(r"\w+")
# Of the words of both, so many in common are the same statement.
_SAME_SHARE: Final = 0.85
# A summary of whose messages so many are there already says nothing more.
_COVERED_SHARE: Final = 0.5


def without_repeats(ranked: Iterable[Recalled], limit: int) -> list[Recalled]:
    """Return the best ones, each thing once, in the order given.

    A summary goes where most of what it covers is there.
    """
    kept: list[Recalled] = []
    words: list[frozenset[str]] = []
    messages: set[object] = set()
    for memory in ranked:
        hers = frozenset(_WORD.findall(memory.text.lower()))
        if _is_told(memory, messages) or any(_same(hers, theirs) for theirs in words):
            continue
        kept.append(memory)
        words.append(hers)
        if memory.kind == "message":
            messages.add(memory.source_id)
        if len(kept) == limit:
            break
    return kept


def _is_told(memory: Recalled, messages: set[object]) -> bool:
    if memory.kind != "summary" or not memory.message_ids:
        return False
    there = messages.intersection(memory.message_ids)
    return len(there) >= _COVERED_SHARE * len(memory.message_ids)


def _same(hers: frozenset[str], theirs: frozenset[str]) -> bool:
    # Numbers tell apart what is otherwise word for word the same.
    shorter, longer = sorted((len(hers), len(theirs)))
    if shorter < _SAME_SHARE * longer:
        return False
    if _numbers(hers) != _numbers(theirs):
        return False
    return len(hers & theirs) >= _SAME_SHARE * len(hers | theirs)


def _numbers(words: frozenset[str]) -> set[str]:
    return {word for word in words if any(char.isdigit() for char in word)}
