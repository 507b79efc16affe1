"""The running summary of a conversation that goes on."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from memory import quarantine, summaries
from memory.extraction import model_based
from memory.extraction.strategies import made_by
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.llm.tokens import clip_to_tokens
from memory.types import SummaryDraft, Turn

logger = logging.getLogger(__name__)


def roll_up(
    turns: Sequence[Turn], *, prior: str, covered: Sequence[Turn] = ()
) -> tuple[SummaryDraft, str]:
    """Return one summary of what went before and these turns, and who wrote it.

    Args:
        turns: What no rolling summary covers yet.
        prior: The rolling summary of what went before.
        covered: All messages that the new one covers, to judge it by.
    """
    safe, _ = quarantine.screened(turns)
    all_safe, _ = quarantine.screened(covered)
    prior = quarantine.screened_text(prior)
    draft, name = _rolled_up(safe, prior=prior)
    # What is held back is put before people when the conversation is consolidated.
    draft, _ = quarantine.screened_draft(draft, last=turns[-1])
    written = summaries.improved(
        draft,
        safe,
        by_model=name != gateway.EMBEDDED,
        prior=prior,
        covered=all_safe,
        max_tokens=summaries.ROLLING_TOKENS,
    )
    engine = name if written.by_model else gateway.EMBEDDED
    return written.draft, made_by("rolling", engine)


def _rolled_up(turns: Sequence[Turn], *, prior: str) -> tuple[SummaryDraft, str]:
    limit = summaries.ROLLING_TOKENS
    if gateway.connected():
        try:
            draft, name = model_based.roll_up(turns, prior=prior)
            text = clip_to_tokens(draft.text, limit)
            return replace(draft, text=text), name
        except LLMError as error:
            logger.warning("Rolling up without the model: %s", type(error).__name__)
    draft = summaries.draft_embedded(turns, prior=prior, max_tokens=limit)
    return draft, gateway.EMBEDDED
