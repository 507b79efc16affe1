"""The steps up to what will be written; no database, no scope, no transaction."""

from dataclasses import dataclass

from memory import embeddings, quarantine
from memory.consolidation import vectors
from memory.consolidation.extraction import extract
from memory.consolidation.span import Span
from memory.consolidation.summary import Episode, summarise
from memory.types import FactCandidate


@dataclass(frozen=True, slots=True)
class Plan:
    """What consolidation will write.

    Attributes:
        held: What reads as an order: people decide about it.
        engine: Which model or rules read the span.
        episode: None where the desk takes none.
        vectors: One per candidate, then one for the episode, then one per message
            entry: `(n, dimensions)` float32, L2-normalised.
    """

    span: Span
    held: tuple[quarantine.Held, ...]
    candidates: tuple[FactCandidate, ...]
    episode: Episode | None
    engine: str
    message_entries: tuple[embeddings.Entry, ...]
    vectors: embeddings.Vectors


def plan(span: Span) -> Plan:
    """Decide what a span of a conversation adds to memory.

    Raises:
        LLMError: Nothing could be embedded: there is no falling back from that.
    """
    turns, held = quarantine.screened(span.read)
    fresh = {turn.id for turn in span.fresh}
    safe = span.with_read(turns)
    extracted = extract(safe)
    episode = summarise(safe, extracted)
    actions = episode.held if episode else ()
    entries = vectors.message_entries(safe)
    return Plan(
        span=span,
        held=(*(item for item in held if item.candidate.message_id in fresh), *actions),
        candidates=extracted.candidates,
        episode=episode,
        engine=extracted.engine,
        message_entries=tuple(entries),
        vectors=vectors.embed(extracted.candidates, episode, entries, model=span.model),
    )
