"""The whole read path for whoever has a question and no scope: prepared, found, ranked.

The model that embeds and the model that ranks are waited for outside of the scope; in
between one scope reads.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.scope import customer_scope
from memory.recall import reranking
from memory.recall.query import prepare
from memory.recall.search import IN_SUPPORT, recall
from memory.recall.second_pass import SecondPass
from memory.recall.types import Recalled


def find(
    text: str,
    *,
    tenant_id: UUID,
    customer_id: UUID,
    limit: int = 20,
    as_of: datetime | None = None,
    purposes: Sequence[str] = IN_SUPPORT,
    conversation_id: UUID | None = None,
    look_again: SecondPass | None = None,
) -> list[Recalled]:
    """Return the memories of a customer that answer a question best.

    Opens its own scopes: no transaction may be open.

    Args:
        text: The question.
        tenant_id: Whose desk.
        customer_id: Whose memories.
        limit: How many at the most.
        as_of: What was known at that moment; now, when None.
        purposes: What the memories may be used for.
        conversation_id: For which conversation, for the record of what models saw.
        look_again: Where else to look, once; the index alone, when None.
    """
    query = prepare(text, tenant_id=tenant_id, customer_id=customer_id, asked_at=as_of)
    with customer_scope(tenant_id, customer_id):
        found = recall(
            query,
            customer_id=customer_id,
            limit=reranking.wanted(limit),
            as_of=as_of,
            purposes=purposes,
        )
        if look_again is not None:
            found = look_again(query, found)
        reranking.record(
            found, customer_id=customer_id, conversation_id=conversation_id
        )
    return reranking.reranked(text, found)[:limit]
