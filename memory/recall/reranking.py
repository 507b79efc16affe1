"""A second opinion on what recall found: a model that reads question and text together.

It runs outside of any scope, because it waits for a model. Whoever wants it recalls a
little more than is needed (`wanted`), records in the same scope what is about to be
sent (`record`), and gives the scope back before `reranked`. `finding.find` does all
three.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from memory import disclosure
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.recall.types import Recalled

logger = logging.getLogger(__name__)

# As many as a model scores well within its deadline.
CANDIDATES: Final = 30
# How much the model's word counts beside recall's own, which alone knows how old a
# memory is, how important, and that an order number is in it letter by letter.
SHARE: Final = 0.5


def wanted(limit: int) -> int:
    """Return how many memories to recall so that the best `limit` can be chosen."""
    return max(limit, CANDIDATES) if gateway.can_rerank() else limit


def record(
    found: Sequence[Recalled],
    *,
    customer_id: UUID,
    conversation_id: UUID | None = None,
) -> None:
    """Record which memories a model is about to be shown, if one is connected.

    Runs in the customer's scope, last of all.

    Args:
        found: What recall found.
        customer_id: Whose memories.
        conversation_id: For which conversation, if for one.
    """
    seen: dict[str, Any] = {}
    for memory in found[:CANDIDATES]:
        seen.setdefault(f"recalled_{memory.kind}", []).append(memory.source_id)
    if len(found) > 1:
        disclosure.record_sent(
            "rerank",
            customer_id=customer_id,
            purpose="rerank",
            conversation_id=conversation_id,
            **seen,
        )


def reranked(query: str, found: Sequence[Recalled]) -> list[Recalled]:
    """Return memories in a better order; in the given one where no model can say.

    The first `CANDIDATES` change places among themselves. Their scores stay between
    the best and the worst that recall gave them, so they mean what they meant.

    Args:
        query: The question.
        found: What recall found for it, the best first.
    """
    best, rest = list(found[:CANDIDATES]), list(found[CANDIDATES:])
    if len(best) < 2 or not gateway.can_rerank():  # noqa: PLR2004 - one has no order
        return [*best, *rest]
    try:
        scores = gateway.rerank(query, [memory.text for memory in best])
    except LLMError as error:
        logger.warning("Not ranked again: %s", type(error).__name__)
        return [*best, *rest]
    return [*_joined(best, scores), *rest]


def _joined(best: list[Recalled], scores: list[float]) -> list[Recalled]:
    ours = [memory.score for memory in best]
    low, high = min(ours), max(ours)
    joint = [
        SHARE * theirs + (1 - SHARE) * own
        for theirs, own in zip(_to_one(scores), _to_one(ours), strict=True)
    ]
    # Equal ones stay in the order they had.
    order = sorted(range(len(best)), key=lambda place: -joint[place])
    return [
        replace(
            best[place],
            score=low + joint[place] * (high - low),
            reasons=replace(
                best[place].reasons,
                parts={**best[place].reasons.parts, "rerank": scores[place]},
            ),
        )
        for place in order
    ]


def _to_one(scores: Sequence[float]) -> list[float]:
    """Bring scores between 0 and 1, whatever they measure."""
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 0.0 for score in scores]
