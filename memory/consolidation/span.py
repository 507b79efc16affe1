"""What is consolidated at once: a bounded window of one conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from memory.extraction.strategies import Chosen
from memory.llm.types import EmbeddingModelInfo
from memory.types import Turn

# What a model reads in one call: messages that memory has not seen, and before them as
# many as fit of those it has. Twice the trigger, so that most conversations go whole.
READ_TOKENS = 8_000
FRESH_TOKENS = 6_000
# Short messages cost time rather than tokens: each becomes a vector.
FRESH_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a conversation that is consolidated.

    Attributes:
        turns: The conversation up to the end of the window, oldest first.
        fresh_from: Index of the first turn that memory has not seen.
        after_seq: `seq` up to where memory has seen the conversation.
        from_seq: `seq` of the first turn.
        to_seq: `seq` of the last turn.
        read_from: Index of the first turn that is read again, for what the fresh ones
            refer to.
        prior: The episode so far, which stands in for the turns before `read_from`.
        epoch: `Customer.memory_epoch` when the turns were read.
        more: Whether the conversation went on after the window.
        chosen: What the desk takes from conversations.
        model: Which model makes the vectors; None for the one that is configured.
    """

    customer_id: UUID
    conversation_id: UUID
    turns: tuple[Turn, ...]
    fresh_from: int
    after_seq: int
    from_seq: int
    to_seq: int
    read_from: int = 0
    prior: str = ""
    epoch: int = 0
    more: bool = False
    model: EmbeddingModelInfo | None = None
    chosen: Chosen = field(default_factory=Chosen)

    @property
    def fresh(self) -> tuple[Turn, ...]:
        """The turns that memory has not seen."""
        return self.turns[self.fresh_from :]

    @property
    def read(self) -> tuple[Turn, ...]:
        """The turns that are read: the fresh ones, and some before them."""
        return self.turns[self.read_from :]

    def with_read(self, turns: Sequence[Turn]) -> "Span":
        """Return the same span, with these in place of the turns that are read."""
        return replace(self, turns=(*self.turns[: self.read_from], *turns))


def window(tokens: Sequence[int], fresh_from: int) -> tuple[int, int]:
    """Return from where to read and where to stop, as `range` takes them.

    At least one message that memory has not seen is in it, however long it is.

    Args:
        tokens: Of each message of the conversation.
        fresh_from: Index of the first message that memory has not seen.
    """
    used, stop = tokens[fresh_from], fresh_from + 1
    last = min(len(tokens), fresh_from + FRESH_MESSAGES)
    while stop < last and used + tokens[stop] <= FRESH_TOKENS:
        used += tokens[stop]
        stop += 1
    start = fresh_from
    while start and used + tokens[start - 1] <= READ_TOKENS:
        start -= 1
        used += tokens[start]
    return start, stop
