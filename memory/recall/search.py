"""Recall itself: the one round trip, and what is made of its rows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from django.db import connection
from django.utils import timezone
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from accounts.scope import require_tenant
from memory import embeddings
from memory.extraction.keys.specs import BILLING, SUPPORT
from memory.models import EmbeddingModel
from memory.recall import answers
from memory.recall.repeats import without_repeats
from memory.recall.scoring import Scorer, lean
from memory.recall.statement import search
from memory.recall.tenses import Tense, tense
from memory.recall.types import Query, Recalled
from memory.recall.weights import WEIGHTS, Weights

# A support desk answers questions about bills, too; it does no marketing.
IN_SUPPORT = (SUPPORT, BILLING)
# What is weighed by more than the statement knows: twice what is asked for.
_CANDIDATES_PER_RESULT: Final = 2
_LEAST_CANDIDATES: Final = 40
# People tell what happened within a week after it did.
_AFTERWARDS: Final = timedelta(days=7)
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
    meant: Tense = "before" if query.asks_before else tense(query.text)
    newest, oldest = lean(meant, weights)
    given = {
        **_understood(query, weights),
        "before": meant == "before",
        "newest": newest,
        "oldest": oldest,
        "tenant": require_tenant(),
        "customer": customer_id,
        "purposes": list(purposes),
        "as_of": as_of or now,
        "now": now,
        "known": list(known),
        "limit": max(_LEAST_CANDIDATES, _CANDIDATES_PER_RESULT * limit),
    }
    words = len(_WORD.findall(query.text))
    rows = _rows(search(words, as_of=as_of is not None), given)
    ranked = Scorer(query, as_of or now, weights, meant).ranked(rows)
    return without_repeats(ranked, limit)


def _rows(statement: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    # Planning it takes as long as running it. What Django's cursors do is not prepared.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, given, prepare=True, binary=True)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _understood(query: Query, weights: Weights) -> dict[str, Any]:
    model = _model_of(query)
    vector = query.vector if model is not None else None
    return {
        "text": query.text,
        "model": model.id if model else None,
        "vector": None if vector is None else _literal(vector),
        "periods": _multirange((p.start, p.end) for p in query.periods),
        "afterwards": _multirange(
            (p.end, p.end + _AFTERWARDS) for p in query.periods if p.end
        ),
        "named": sorted({word.lower() for word in _WORD.findall(query.text)}),
        "asked_of": "customer" if answers.is_about_customer(query.text) else "",
        **{f"weight_{f.name}": getattr(weights, f.name) for f in fields(weights)},
    }


def _literal(vector: np.ndarray[Any, Any]) -> str:
    return "[" + ",".join(map(repr, vector.astype(np.float16).tolist())) + "]"


def _multirange(
    periods: Iterable[tuple[datetime | None, datetime | None]],
) -> Multirange[datetime]:
    return Multirange([Range(*period) for period in periods])


def _model_of(query: Query) -> EmbeddingModel | None:
    """Return the model whose vectors a question is compared with, if there are any."""
    if query.model is not None:
        return embeddings.row_of(query.model)
    active: EmbeddingModel | None = EmbeddingModel.objects.filter(active=True).first()
    return active
