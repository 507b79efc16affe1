"""Step 1: what the desk's strategies find in a span, by model or else by rules."""

from dataclasses import replace

from memory import summaries
from memory.consolidation.span import Span
from memory.extraction import strategies
from memory.extraction.strategies import Understood
from memory.llm.tokens import clip_to_tokens
from memory.types import Turn


def extract(span: Span) -> Understood:
    """Find what a span adds; with the model away, the embedded rules do."""
    turns, fresh_from = list(span.read), span.fresh_from - span.read_from
    if span.prior:
        # As the desk's own word, of which nothing is extracted.
        turns.insert(0, _said_before(span))
        fresh_from += 1
    found = strategies.understand(turns, fresh_from=fresh_from, chosen=span.chosen)
    if found.draft is None:
        return found
    text = clip_to_tokens(found.draft.text, summaries.EPISODE_TOKENS)
    return replace(found, draft=replace(found.draft, text=text))


def _said_before(span: Span) -> Turn:
    first = span.turns[0]
    return Turn(
        id=span.conversation_id,
        author="system",
        text=f"Summary of what was said before: {span.prior}",
        sent_at=first.sent_at,
    )
