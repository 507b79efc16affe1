"""Step 2: the episode, as the model drafted it or else by the embedded summariser.

It is judged by messages that it covers, and written once more when it says too little.
"""

from dataclasses import dataclass, replace

from memory import quarantine, summaries
from memory.consolidation.span import Span
from memory.extraction import strategies
from memory.extraction.strategies import Understood, made_by
from memory.types import SummaryDraft


@dataclass(frozen=True, slots=True)
class Episode:
    """The summary of a conversation so far.

    Attributes:
        made_by: The strategy and the engine that wrote it.
        held: What it says was promised, and reads as an order.
    """

    draft: SummaryDraft
    made_by: str
    held: tuple[quarantine.Held, ...]


def summarise(span: Span, understood: Understood) -> Episode | None:
    """Return the episode up to the end of the span; None where the desk takes none."""
    if not span.chosen.summary:
        return None
    by_model = understood.draft is not None
    draft = understood.draft or summaries.draft_embedded(span.read, prior=span.prior)
    draft, held = quarantine.screened_draft(draft, last=span.turns[-1])
    written = summaries.improved(draft, span.read, by_model=by_model, prior=span.prior)
    # Written once more by a model, it is looked at once more.
    text = quarantine.screened_text(written.draft.text)
    engine = understood.engine if written.by_model else strategies.EMBEDDED
    draft = replace(written.draft, text=text)
    return Episode(draft, made_by("summary", engine), tuple(held))
