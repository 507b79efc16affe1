"""How a summary is written without a language model."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from memory.llm.analysis import analyse
from memory.llm.summary import summarise
from memory.refusals import masked_turns
from memory.types import SummaryDraft, Turn

# An episode says in at most so many tokens what a conversation was about; a rolling
# summary may carry more, since it stands in for messages (mission, F4).
EPISODE_TOKENS = 200
ROLLING_TOKENS = 400
_RELATIVE = re.compile(r"\b(?:tomorrow|yesterday)\b(?! \()", re.IGNORECASE)
_LABELS = {"customer": "Customer", "agent": "Agent", "assistant": "Assistant"}


def labelled(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return turns as (speaker, text) pairs."""
    return [(_LABELS.get(turn.author, "Desk"), turn.text) for turn in turns]


def dated(turn: Turn) -> Turn:
    """Return the turn with the dates of "tomorrow" and "yesterday" beside them.

    A summary is read on another day than the one on which it was said.
    """

    def with_date(match: re.Match[str]) -> str:
        days = 1 if match.group().lower() == "tomorrow" else -1
        day = turn.sent_at + timedelta(days=days)
        return f"{match.group()} ({day.day} {day:%B})"

    return replace(turn, text=_RELATIVE.sub(with_date, turn.text))


def draft_embedded(
    turns: Sequence[Turn],
    *,
    prior: str = "",
    max_tokens: int = EPISODE_TOKENS,
    missing: Sequence[str] = (),
) -> SummaryDraft:
    """Summarise without a language model: the sentences that carry the conversation.

    Args:
        turns: What is summarised.
        prior: The summary of what went before.
        max_tokens: Exact upper limit of the text.
        missing: What the summary before this one did not say.
    """
    pairs = labelled([dated(turn) for turn in masked_turns(turns)])
    analysis = analyse(pairs)
    return SummaryDraft(
        text=summarise(pairs, prior=prior, max_tokens=max_tokens, missing=missing),
        topics=tuple(analysis.topics),
        entities=tuple(analysis.entities),
        sentiment=analysis.sentiment,
        pending_actions=tuple(analysis.pending_actions),
    )
