"""Judges a summary before it is stored, and has a bad one written once more."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memory import quarantine
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.llm.tokens import count_tokens
from memory.llm.types import Usage
from memory.summaries import judging, scoring
from memory.summaries.scoring import EMBEDDED, GOOD_ENOUGH, Sampled
from memory.summaries.writing import EPISODE_TOKENS, draft_embedded
from memory.types import Score, SummaryDraft, Turn

# So many tokens of messages at most are read again by the model; of more, the sample.
_WHOLE_TOKENS = 6_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A summary that was judged.

    Attributes:
        draft: The better one of at most two, with its score.
        by_model: Whether the model wrote that one.
        usages: What the model's judging and writing cost.
    """

    draft: SummaryDraft
    by_model: bool
    usages: tuple[Usage, ...] = ()


def improved(
    draft: SummaryDraft,
    turns: Sequence[Turn],
    *,
    by_model: bool,
    prior: str = "",
    covered: Sequence[Turn] = (),
    max_tokens: int = EPISODE_TOKENS,
) -> Written:
    """Judge a summary; one that says too little is written once more, and compared.

    Calls models and so runs outside of any transaction. A summary without a score is
    one whose messages say nothing that could be looked for.

    Args:
        draft: The summary.
        turns: What it was written from, screened (`memory.quarantine`).
        by_model: Whether a language model wrote it, and not the rules.
        prior: The summary of what went before `turns`.
        covered: All messages that it covers, where these are more than `turns`.
        max_tokens: Exact upper limit of its text.
    """
    # Where the model has just failed to write it is not waited for again.
    asks_model = by_model or not gateway.connected()
    judge = _Judge(scoring.sample(covered or turns), asks_model=asks_model)
    first = judge.scored(draft)
    if first.score is None or first.score.quality >= GOOD_ENOUGH:
        return Written(first, by_model, tuple(judge.usages))
    text = judge.rewritten(first, max_tokens) if by_model else ""
    if text:
        again, again_by_model = replace(first, text=text, score=None), True
    elif by_model and first.text:
        return Written(first, by_model, tuple(judge.usages))
    else:
        missing = first.score.missing
        again_by_model = False
        again = draft_embedded(
            turns, prior=prior, max_tokens=max_tokens, missing=missing
        )
    second = judge.scored(again)
    if judge.gave_up:
        # By two yardsticks they could not be compared.
        first = judge.scored(first)
    better, better_by_model = max(
        (first, by_model),
        (second, again_by_model),
        key=lambda pair: _quality(pair[0]),
    )
    return Written(_tried_twice(better), better_by_model, tuple(judge.usages))


def written_again(
    current: SummaryDraft, turns: Sequence[Turn], *, max_tokens: int
) -> Written | None:
    """Write a stored summary once more, told what was missing.

    Args:
        current: What is stored, with its score.
        turns: All messages that it covers.
        max_tokens: Exact upper limit of its text.

    Returns:
        The new one; None where it says no more of its messages than the stored one.
    """
    safe, _ = quarantine.screened(turns)
    if not safe:
        return None
    connected = gateway.connected()
    judge = _Judge(scoring.sample(safe), asks_model=True)
    short = sum(count_tokens(turn.text) for turn in safe) <= _WHOLE_TOKENS
    text = ""
    if connected:
        text = judge.rewritten(current, max_tokens, safe if short else ())
    missing = current.score.missing if current.score else ()
    again = (
        replace(current, text=text)
        if text
        else draft_embedded(safe, max_tokens=max_tokens, missing=missing)
    )
    again, _ = quarantine.screened_draft(again, last=safe[-1])
    new, old = judge.scored(again), judge.scored(current)
    if judge.gave_up:
        # By two yardsticks they could not be compared.
        new = judge.scored(again)
    if new.text in {"", current.text} or _quality(new) < _quality(old):
        return None
    return Written(new, bool(text), tuple(judge.usages))


def _quality(draft: SummaryDraft) -> float:
    return draft.score.quality if draft.score else 0.0


def _tried_twice(draft: SummaryDraft) -> SummaryDraft:
    return replace(draft, score=draft.score and replace(draft.score, tries=2))


class _Judge:
    """Judges drafts by the same messages: by the model while it answers, else by rules.

    Attributes:
        usages: What the model's answers cost.
        gave_up: Whether the model stopped answering.
    """

    def __init__(self, sampled: Sequence[Sampled], *, asks_model: bool) -> None:
        self.usages: list[Usage] = []
        self.gave_up = False
        self._sampled = sampled
        self._asks_model = asks_model and gateway.model_name("judge") != EMBEDDED

    def scored(self, draft: SummaryDraft) -> SummaryDraft:
        """Return the draft with its score."""
        return replace(draft, score=self._score(draft.text))

    def rewritten(
        self, draft: SummaryDraft, max_tokens: int, turns: Sequence[Turn] = ()
    ) -> str:
        """Return what the model makes of it, told what is missing; "" if nothing.

        Args:
            draft: The summary.
            max_tokens: Exact upper limit of the text.
            turns: What it is written from; without any, from the sample.
        """
        if self.gave_up:
            return ""
        missing = draft.score.missing if draft.score else ()
        try:
            text, usage = judging.rewrite(
                draft.text,
                missing,
                turns or [item.turn for item in self._sampled],
                max_tokens=max_tokens,
            )
        except LLMError as error:
            logger.warning("A summary is left as it is: %s", type(error).__name__)
            return ""
        self.usages.append(usage)
        return text

    def _score(self, text: str) -> Score | None:
        if not self._sampled:
            return None
        if self._asks_model:
            try:
                score, usage = judging.judge(text, self._sampled)
            except LLMError as error:
                logger.warning("Judging without the model: %s", type(error).__name__)
                self.gave_up, self._asks_model = True, False
            else:
                self.usages.append(usage)
                if score is not None:
                    return score
        return scoring.score(text, self._sampled)
