"""Step 4: settle candidates with what is known about the customer.

Runs in the transaction that applies them, under the customer's lock.
"""

from collections.abc import Sequence

import numpy as np

from memory import embeddings, facts, forgotten
from memory.consolidation.planning import Plan
from memory.facts.duplicates import Meaning
from memory.models import Fact

# What changed nothing that the index would have to know of.
_NOT_INDEXED = {"merged", "ended"}


def reconcile(plan: Plan) -> list[facts.Remembered]:
    """Take a plan's candidates into memory, and into the index what is new."""
    span = plan.span
    said_at = {turn.id: turn.sent_at for turn in span.turns}
    gone = forgotten.marks(span.customer_id)
    remembered = []
    stored: list[tuple[Fact, embeddings.Vectors]] = []
    for candidate, vector in zip(plan.candidates, plan.vectors, strict=False):
        result = facts.remember(
            customer_id=span.customer_id,
            candidate=candidate,
            conversation_id=span.conversation_id,
            said_at=said_at[candidate.message_id],
            meaning=Meaning(vector, span.model),
            gone=gone,
        )
        remembered.append(result)
        if result.fact is not None and result.outcome not in _NOT_INDEXED:
            stored.append((result.fact, vector))
    _index(plan, stored)
    return remembered


def _index(plan: Plan, stored: Sequence[tuple[Fact, embeddings.Vectors]]) -> None:
    if not stored:
        return
    # The same fact may have been told twice in one conversation, or have become one
    # with another by what was told after it.
    told = {fact.id: vector for fact, vector in stored}
    there = Fact.objects.filter(pk__in=told).prefetch_related("evidence")
    unique = {fact.id: (fact, told[fact.id]) for fact in there}
    if not unique:
        return
    embeddings.index(
        plan.span.customer_id,
        [facts.entry(fact) for fact, _ in unique.values()],
        np.stack([vector for _, vector in unique.values()]),
        model=plan.span.model,
    )
    for fact, _ in unique.values():
        if fact.valid_to is not None:
            embeddings.set_valid_to(fact.id, fact.valid_to)
