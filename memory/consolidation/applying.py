"""Step 5: write a plan into all tiers, in the caller's one transaction."""

from memory import embeddings, facts, quarantine, summaries
from memory.consolidation.planning import Plan
from memory.consolidation.reconciliation import reconcile
from memory.consolidation.summary import Episode
from memory.models import Summary


def apply(plan: Plan) -> list[facts.Remembered]:
    """Write a plan into all tiers; the caller's transaction makes it all or nothing."""
    span = plan.span
    quarantine.hold(
        customer_id=span.customer_id,
        conversation_id=span.conversation_id,
        held=plan.held,
    )
    remembered = reconcile(plan)
    if plan.episode is not None:
        _store_episode(plan, plan.episode)
    first = len(plan.candidates) + 1
    embeddings.index(
        span.customer_id, plan.message_entries, plan.vectors[first:], model=span.model
    )
    return remembered


def _store_episode(plan: Plan, written: Episode) -> None:
    span = plan.span
    episode = summaries.store(
        customer_id=span.customer_id,
        conversation_id=span.conversation_id,
        kind=Summary.Kind.EPISODE,
        draft=written.draft,
        turns=span.turns,
        from_seq=span.from_seq,
        to_seq=span.to_seq,
        made_by=written.made_by,
    )
    at = len(plan.candidates)
    embeddings.index(
        span.customer_id,
        [summaries.entry(episode)],
        plan.vectors[at : at + 1],
        model=span.model,
    )
