"""Step 2: the episode, as the model drafted it or else by the embedded summariser.

It is judged by messages that it covers, and written once more when it says too little.
"""

from memory import summaries
from memory.consolidation.extraction import Extracted
from memory.consolidation.span import Span
from memory.types import SummaryDraft


def summarise(span: Span, extracted: Extracted) -> SummaryDraft:
    """Return the episode of the conversation up to the end of the span."""
    if extracted.episode is not None:
        return extracted.episode
    return summaries.draft_embedded(span.read, prior=span.prior)


def score(span: Span, draft: SummaryDraft, *, by_model: bool) -> summaries.Written:
    """Judge the episode, and have it written once more if that is needed."""
    return summaries.improved(draft, span.read, by_model=by_model, prior=span.prior)
