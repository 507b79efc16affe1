"""A customer's rows of the index as arrays, in the order in which they were said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memory.recall.statement import (
    CONVERSED,
    ENDED,
    FACT,
    MESSAGE,
    SUMMARY,
    USES_FROM,
)

Floats = NDArray[np.float64]
Bits = NDArray[np.bool_]

# PostgreSQL counts its microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UUID_BYTES: Final = 16
_WORDS_FROM: Final = 16
_KINDS: Final = {MESSAGE: "message", SUMMARY: "summary", FACT: "fact"}


@dataclass(frozen=True, slots=True)
class Rows:
    """What the statement read: `n` memories, each conversation's turns in order.

    Attributes:
        searched: The words that were searched for, as the index stems them.
        ids: (16 n) bytes; so are `source_ids` and `conversations`.
        order: (n) where each stands in what was packed as lists.
        groups: (n) the same number for turns of one conversation, one of its own for
            whatever is no message.
        at: (n) microseconds since 2000.
        cosine: (n) of question and text; nan where another model made the vector.
        hits: (n) which words are in the text or the turn before, and from bit 16 on
            which are in the text.
        flags: (n) see `memory.recall.statement`.
        half_lives: The desk's own days by kind; 0 where a kind does not age.
    """

    searched: Sequence[str]
    ids: NDArray[np.void]
    source_ids: NDArray[np.void]
    conversations: NDArray[np.void]
    order: NDArray[np.intp]
    groups: NDArray[np.int64]
    at: NDArray[np.int64]
    importance: Floats
    cosine: Floats
    hits: NDArray[np.int64]
    flags: NDArray[np.int32]
    kinds: Sequence[str]
    sources: Sequence[str]
    texts: Sequence[str]
    rest_on: Sequence[str | None]
    half_lives: dict[str, int]

    def has(self, flag: int) -> Bits:
        """Return which of them have a flag."""
        has: Bits = (self.flags & flag) != 0
        return has

    def text(self, row: int) -> str:
        """Return a row's text."""
        return self.texts[int(self.order[row])]

    def kind(self, row: int) -> str:
        """Return message, summary or fact."""
        return _KINDS[int(self.flags[row]) & (MESSAGE | SUMMARY | FACT)]

    def ages_as(self, row: int) -> str:
        """Return its kind of `memory.retention.KINDS`."""
        kind = self.kinds[int(self.order[row])] or self.kind(row)
        return "episode" if kind == "summary" else kind

    def source(self, row: int) -> str:
        """Return whose word it is."""
        return self.sources[int(self.order[row])]

    def uses(self, row: int) -> int:
        """Return how often it was put before the assistant."""
        return int(self.flags[row]) >> USES_FROM

    def id(self, row: int) -> UUID:
        """Return the id of the entry."""
        return UUID(bytes=self.ids[row].tobytes())

    def source_id(self, row: int) -> UUID:
        """Return the id of what it was made of."""
        return UUID(bytes=self.source_ids[row].tobytes())

    def conversation_id(self, row: int) -> UUID | None:
        """Return its conversation, where it has one."""
        if not self.flags[row] & CONVERSED:
            return None
        return UUID(bytes=self.conversations[row].tobytes())

    def message_ids(self, row: int) -> tuple[UUID, ...]:
        """Return the messages that it rests on."""
        rest_on = self.rest_on[int(self.order[row])]
        if rest_on is None:
            return (self.source_id(row),)
        return tuple(map(UUID, rest_on.split()))

    def occurred_at(self, row: int) -> datetime:
        """Return when it was said."""
        return _EPOCH + timedelta(microseconds=int(self.at[row]))

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return two (n, words): in text or turn before, and in the text itself."""
        words = np.arange(len(self.searched))
        either = self.hits[:, None] >> words & 1
        return either, self.hits[:, None] >> (words + _WORDS_FROM) & 1

    def outdated(self) -> Bits:
        """Return which messages only replaced facts rest on, and those facts."""
        ended = self.has(ENDED)
        facts = np.flatnonzero(self.has(FACT))
        gone: set[UUID] = set()
        held: set[UUID] = set()
        if ended.any():
            for row in facts.tolist():
                (gone if ended[row] else held).update(self.message_ids(row))
        stale = gone - held
        if stale:
            messages = np.flatnonzero(self.has(MESSAGE))
            said = [row for row in messages.tolist() if self.source_id(row) in stale]
            ended = ended.copy()
            ended[said] = True
        return ended


def moment(at: datetime) -> int:
    """Return a moment as PostgreSQL counts it."""
    return (at - _EPOCH) // _MICROSECOND


def unpacked(packed: Sequence[Any]) -> Rows | None:
    """Return what the statement's one row holds; None where there is nothing."""
    count, searched, ids, sources, conversations, *columns = packed
    if not count:
        return None
    at, importance, cosine, hits, flags = (
        np.frombuffer(column, dtype=kind).astype(kind[1:])
        for column, kind in zip(
            columns[:5], (">i8", ">f8", ">f8", ">i8", ">i4"), strict=True
        )
    )
    of = np.frombuffer(conversations, dtype=">u8").reshape(count, 2)
    is_message = (flags & MESSAGE) != 0
    order = np.lexsort((at, of[:, 1], of[:, 0], is_message))
    of, is_message = of[order], is_message[order]
    begins = np.ones(count, dtype=bool)
    begins[1:] = ~(is_message[1:] & is_message[:-1] & (of[1:] == of[:-1]).all(axis=1))
    kind = f"V{_UUID_BYTES}"
    return Rows(
        searched=searched or (),
        ids=np.frombuffer(ids, dtype=kind)[order],
        source_ids=np.frombuffer(sources, dtype=kind)[order],
        conversations=np.frombuffer(conversations, dtype=kind)[order],
        order=order,
        groups=np.cumsum(begins) - 1,
        at=at[order],
        importance=importance[order],
        cosine=cosine[order],
        hits=hits[order],
        flags=flags[order],
        kinds=columns[5],
        sources=columns[6],
        texts=columns[7],
        rest_on=columns[8],
        half_lives=columns[9] or {},
    )
