"""Recall itself: the one round trip, and what is made of its rows."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from django.db import connection
from django.utils import timezone

from accounts.scope import require_tenant
from memory import embeddings
from memory.extraction.keys.specs import BILLING, SUPPORT
from memory.recall.rows import Rows, unpacked
from memory.recall.scoring import Question, ranked
from memory.recall.statement import statement
from memory.recall.types import Query, Recalled
from memory.recall.weights import WEIGHTS, Weights

# A support desk answers questions about bills, too; it does no marketing.
IN_SUPPORT = (SUPPORT, BILLING)
_WORD: Final = re.compile(r"\w+")


def recall(
    query: Query,
    *,
    customer_id: UUID,
    limit: int = 20,
    as_of: datetime | None = None,
    known: Sequence[UUID] = (),
    purposes: Sequence[str] = IN_SUPPORT,
    weights: Weights = WEIGHTS,
) -> list[Recalled]:
    """Return the memories of this customer that fit the query best.

    Args:
        query: From `prepare`.
        customer_id: Whose memories.
        limit: How many at the most.
        as_of: What was known at that moment; now, when None.
        known: Messages that the reader has before her already: not recalled again.
        purposes: What the memories may be used for.
        weights: How much each part of a score counts.
    """
    now = timezone.now()
    words = _WORD.findall(query.text)
    given = {
        **_compared(query),
        "text": query.text,
        "named": sorted({word.lower() for word in words}),
        "tenant": require_tenant(),
        "customer": customer_id,
        "purposes": list(purposes),
        "as_of": as_of or now,
        "now": now,
        "known": list(known),
    }
    rows = _read(statement(len(words), as_of=as_of is not None), given)
    if rows is None:
        return []
    return ranked(Question(query, as_of or now, weights), rows, limit)


def _read(written: str, given: dict[str, Any]) -> Rows | None:
    connection.ensure_connection()
    # Planning it takes as long as running it. What Django's cursors do is not prepared.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(written, given, prepare=True, binary=True)
        (packed,) = cursor.fetchall()
        return unpacked(packed)


def _compared(query: Query) -> dict[str, Any]:
    """Return the index and the vector that a question is compared by, if any."""
    index = query.index or _index_of(query)
    if index is None or query.vector is None:
        return {"model": index, "vector": None}
    numbers = query.vector.astype(np.float16).tolist()
    return {"model": index, "vector": f"[{','.join(map(repr, numbers))}]"}


def _index_of(query: Query) -> UUID | None:
    if query.model is not None:
        row = embeddings.row_of(query.model)
    else:
        row = embeddings.active_row()
    return row.id if row else None
