"""The write path: a conversation becomes an episode, facts and index entries.

Planning reads messages and calls models, outside of any transaction; applying writes
all tiers in the one transaction of the caller, or nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from django.utils import timezone

from memory import embeddings, facts, quarantine, summaries
from memory.extraction import discrete, model_based
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.llm.tokens import clip_to_tokens
from memory.models import Fact, Summary
from memory.refusals import masked_turns
from memory.types import FactCandidate, SummaryDraft, Turn

logger = logging.getLogger(__name__)

# Only what a person said goes into memory: extracting from the assistant's words would
# feed its own recollections back as new facts.
_PEOPLE = ("customer", "agent")


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a conversation that is consolidated.

    Attributes:
        turns: The whole conversation so far, oldest first.
        fresh_from: Index of the first turn that memory has not seen.
        after_seq: `seq` up to where memory has seen the conversation.
        from_seq: `seq` of the first turn.
        to_seq: `seq` of the last turn.
    """

    customer_id: UUID
    conversation_id: UUID
    turns: tuple[Turn, ...]
    fresh_from: int
    after_seq: int
    from_seq: int
    to_seq: int

    @property
    def fresh(self) -> tuple[Turn, ...]:
        """The turns that memory has not seen."""
        return self.turns[self.fresh_from :]


@dataclass(frozen=True, slots=True)
class Plan:
    """What consolidation will write.

    Attributes:
        held: What reads as an order: people decide about it.
        vectors: One per candidate, then one for the episode, then one per message
            entry: `(n, dimensions)` float32, L2-normalised.
    """

    span: Span
    held: tuple[quarantine.Held, ...]
    candidates: tuple[FactCandidate, ...]
    episode: SummaryDraft
    made_by: str
    message_entries: tuple[embeddings.Entry, ...]
    vectors: embeddings.Vectors


def plan(span: Span) -> Plan:
    """Decide what a span of a conversation adds to memory. Touches no database."""
    turns, held = quarantine.screened(span.turns)
    fresh = {turn.id for turn in span.fresh}
    safe = replace(span, turns=tuple(turns))
    candidates, draft, made_by = _understand(safe)
    episode, actions = quarantine.screened_draft(draft, last=turns[-1])
    held = [item for item in held if item.candidate.message_id in fresh]
    # The index is searched and goes into prompts: no card number may come back there.
    entries = [
        entry
        for entry in embeddings.message_entries(
            masked_turns(turns),
            conversation_id=span.conversation_id,
            now=timezone.now(),
        )
        if entry.source_id in fresh
    ]
    texts = [candidate.text for candidate in candidates]
    texts += [episode.text, *(entry.text for entry in entries)]
    # The length of a model's vectors is learnt here, where no transaction is open.
    gateway.embedding_model()
    return Plan(
        span=span,
        held=(*held, *actions),
        candidates=tuple(candidates),
        episode=episode,
        made_by=made_by,
        message_entries=tuple(entries),
        vectors=gateway.embed(texts),
    )


def apply(plan: Plan) -> list[facts.Remembered]:
    """Write a plan into all tiers; the caller's transaction makes it all or nothing."""
    span = plan.span
    said_at = {turn.id: turn.sent_at for turn in span.turns}
    quarantine.hold(
        customer_id=span.customer_id,
        conversation_id=span.conversation_id,
        held=plan.held,
    )
    remembered = []
    stored: list[tuple[Fact, embeddings.Vectors]] = []
    moves = set()
    for candidate, vector in zip(plan.candidates, plan.vectors, strict=False):
        result = facts.remember(
            customer_id=span.customer_id,
            candidate=candidate,
            conversation_id=span.conversation_id,
            said_at=said_at[candidate.message_id],
        )
        remembered.append(result)
        if result.fact is not None and result.outcome not in {"merged", "ended"}:
            stored.append((result.fact, vector))
        if result.outcome == "superseded" and candidate.key == "city":
            moves.add(said_at[candidate.message_id])
    restated = frozenset(candidate.key for candidate in plan.candidates)
    for moved_at in moves:
        facts.close_stale_address(
            customer_id=span.customer_id, restated=restated, moved_at=moved_at
        )
    facts.close_overtaken_address(result.fact for result in remembered)
    _index_facts(span.customer_id, stored)
    _store_episode(plan)
    first = len(plan.candidates) + 1
    embeddings.index(span.customer_id, plan.message_entries, plan.vectors[first:])
    return remembered


def _understand(span: Span) -> tuple[list[FactCandidate], SummaryDraft, str]:
    if gateway.connected():
        try:
            found, episode, name = model_based.understand(
                span.turns, fresh_from=span.fresh_from
            )
            text = clip_to_tokens(episode.text, summaries.EPISODE_TOKENS)
            return found, replace(episode, text=text), name
        except LLMError as error:
            logger.warning("Consolidating without the model: %s", type(error).__name__)
    fresh = {turn.id for turn in span.fresh}
    people = [turn for turn in span.turns if turn.author in _PEOPLE]
    candidates = [
        candidate
        for candidate in discrete.extract(people)
        if candidate.message_id in fresh
    ]
    return candidates, summaries.draft_embedded(span.turns), "embedded"


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
    return summaries.draft_embedded(turns, prior=prior, max_tokens=limit), "embedded"


def _index_facts(
    customer_id: UUID, stored: Sequence[tuple[Fact, embeddings.Vectors]]
) -> None:
    if not stored:
        return
    # The same fact may have been told twice in one conversation.
    unique = {fact.id: (fact, vector) for fact, vector in stored}
    embeddings.index(
        customer_id,
        [facts.entry(fact) for fact, _ in unique.values()],
        np.stack([vector for _, vector in unique.values()]),
    )
    for fact, _ in unique.values():
        fact.refresh_from_db(fields=["valid_to"])
        embeddings.set_valid_to(fact.id, fact.valid_to)


def _store_episode(plan: Plan) -> None:
    span = plan.span
    episode = summaries.store(
        customer_id=span.customer_id,
        conversation_id=span.conversation_id,
        kind=Summary.Kind.EPISODE,
        draft=plan.episode,
        turns=span.turns,
        from_seq=span.from_seq,
        to_seq=span.to_seq,
        made_by=plan.made_by,
    )
    at = len(plan.candidates)
    embeddings.index(
        span.customer_id, [summaries.entry(episode)], plan.vectors[at : at + 1]
    )
