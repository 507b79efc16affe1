"""What is put into the index: one text each, with what ranking needs to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from memory.embeddings.chunks import chunks
from memory.llm.types import EmbeddingModelInfo
from memory.models import Embedding
from memory.types import Turn


@dataclass(frozen=True, slots=True)
class Entry:
    """One text for the index.

    Attributes:
        text: What is embedded, shown and found; participants' names are left out of
            it, because they pull every vector of a conversation together.
        speaker: Whose words they are: found by keyword only.
        before: The turn before, found by keyword with less weight.
        source: Whose word it is; empty for what was made of several people's words.
        kind: Of a fact, which.
        uses: How often a fact was put before the assistant.
    """

    source_kind: str
    source_id: UUID
    text: str
    occurred_at: datetime
    message_ids: tuple[UUID, ...] = ()
    conversation_id: UUID | None = None
    chunk: int = 0
    speaker: str = ""
    before: str = ""
    importance: float = 0.5
    purpose: str = "support"
    source: str = ""
    kind: str = ""
    uses: int = 0
    expires_at: datetime | None = None


def message_entries(
    turns: Sequence[Turn],
    *,
    conversation_id: UUID,
    model: EmbeddingModelInfo | None = None,
) -> list[Entry]:
    """Return the index entries of messages: one each, long ones in chunks.

    A message that has no text left has none. They end when the desk's rule says so.

    Args:
        turns: The messages, oldest first.
        conversation_id: Of which conversation.
        model: Which model reads the chunks; None for the one that is configured.
    """
    previous = [None, *turns]
    return [
        Entry(
            source_kind=Embedding.SourceKind.MESSAGE,
            source_id=turn.id,
            text=piece,
            occurred_at=turn.sent_at,
            message_ids=(turn.id,),
            conversation_id=conversation_id,
            chunk=chunk,
            speaker=turn.author_name or turn.author,
            before=before.text if before else "",
            importance=0.5 if turn.author == "customer" else 0.4,
            source=turn.author,
        )
        for before, turn in pairwise(previous)
        if turn is not None and turn.text
        for chunk, piece in enumerate(chunks(turn.text, model=model))
    ]
