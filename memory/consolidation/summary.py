"""Step 2: the episode, as the model drafted it or else by the embedded summariser."""

from memory import summaries
from memory.consolidation.extraction import Extracted
from memory.consolidation.span import Span
from memory.types import SummaryDraft


def summarise(span: Span, extracted: Extracted) -> SummaryDraft:
    """Return the episode of the conversation up to the end of the span."""
    if extracted.episode is not None:
        return extracted.episode
    return summaries.draft_embedded(span.read, prior=span.prior)
