"""Step 3: what of a span goes into the index, and its vectors."""

from collections.abc import Sequence

from memory import embeddings
from memory.consolidation.span import Span
from memory.consolidation.summary import Episode
from memory.llm.types import EmbeddingModelInfo
from memory.refusals import masked_turns
from memory.types import FactCandidate


def message_entries(span: Span) -> list[embeddings.Entry]:
    """Return the index entries of the fresh messages."""
    fresh = {turn.id for turn in span.fresh}
    # The index is searched and goes into prompts: no card number may come back there.
    entries = embeddings.message_entries(
        masked_turns(span.read),
        conversation_id=span.conversation_id,
        model=span.model,
    )
    return [entry for entry in entries if entry.source_id in fresh]


def embed(
    candidates: Sequence[FactCandidate],
    episode: Episode | None,
    entries: Sequence[embeddings.Entry],
    *,
    model: EmbeddingModelInfo | None,
) -> embeddings.Vectors:
    """Embed candidates, then the episode, then the entries, in one go.

    Returns:
        One vector each, `(n, dimensions)` float32, L2-normalised.
    """
    texts = [candidate.text for candidate in candidates]
    texts += [episode.draft.text if episode else "", *(entry.text for entry in entries)]
    return embeddings.embed_texts(texts, model=model)
