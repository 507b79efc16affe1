"""The running summary of a conversation that goes on."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from memory import quarantine, summaries
from memory.extraction import model_based
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.llm.tokens import clip_to_tokens
from memory.types import SummaryDraft, Turn

logger = logging.getLogger(__name__)


def roll_up(turns: Sequence[Turn], *, prior: str) -> tuple[SummaryDraft, str]:
    """Return one summary of what went before and these turns, and who wrote it."""
    safe, _ = quarantine.screened(turns)
    draft, name = _rolled_up(safe, prior=quarantine.screened_text(prior))
    # What is held back is put before people when the conversation is consolidated.
    draft, _ = quarantine.screened_draft(draft, last=turns[-1])
    return draft, name


def _rolled_up(turns: Sequence[Turn], *, prior: str) -> tuple[SummaryDraft, str]:
    limit = summaries.ROLLING_TOKENS
    if gateway.connected():
        try:
            draft, name = model_based.roll_up(turns, prior=prior)
            return replace(draft, text=clip_to_tokens(draft.text, limit)), name
        except LLMError as error:
            logger.warning("Rolling up without the model: %s", type(error).__name__)
    draft = summaries.draft_embedded(turns, prior=prior, max_tokens=limit)
    return draft, gateway.EMBEDDED
