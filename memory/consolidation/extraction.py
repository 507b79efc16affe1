"""Step 1: fact candidates, by a connected model or else by the embedded rules."""

import logging
from dataclasses import dataclass, replace

from memory import summaries
from memory.consolidation.span import Span
from memory.extraction import discrete, model_based
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.llm.tokens import clip_to_tokens
from memory.types import FactCandidate, SummaryDraft, Turn

logger = logging.getLogger(__name__)

# Only what a person said goes into memory: extracting from the assistant's words would
# feed its own recollections back as new facts.
_PEOPLE = ("customer", "agent")


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found in a span.

    Attributes:
        candidates: Facts of the fresh turns.
        episode: Drafted by the model in the same call; None without one.
        engine: Which model or rules read it.
    """

    candidates: tuple[FactCandidate, ...]
    episode: SummaryDraft | None
    engine: str


def extract(span: Span) -> Extracted:
    """Find what a span adds; with the model away, the embedded rules do."""
    if gateway.connected():
        try:
            return _by_model(span)
        except LLMError as error:
            logger.warning("Consolidating without the model: %s", type(error).__name__)
    fresh = {turn.id for turn in span.fresh}
    people = [turn for turn in span.read if turn.author in _PEOPLE]
    candidates = tuple(
        candidate
        for candidate in discrete.extract(people)
        if candidate.message_id in fresh
    )
    return Extracted(candidates, None, gateway.EMBEDDED)


def _by_model(span: Span) -> Extracted:
    turns, fresh_from = list(span.read), span.fresh_from - span.read_from
    if span.prior:
        # As the desk's own word, of which nothing is extracted.
        turns.insert(0, _said_before(span))
        fresh_from += 1
    found, episode, name = model_based.understand(turns, fresh_from=fresh_from)
    text = clip_to_tokens(episode.text, summaries.EPISODE_TOKENS)
    return Extracted(tuple(found), replace(episode, text=text), name)


def _said_before(span: Span) -> Turn:
    first = span.turns[0]
    return Turn(
        id=span.conversation_id,
        author="system",
        text=f"Summary of what was said before: {span.prior}",
        sent_at=first.sent_at,
    )
