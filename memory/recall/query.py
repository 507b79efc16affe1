"""The understanding of a question: what it means, and when it means."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts import time_zones
from accounts.models import Customer, Tenant
from accounts.scope import scope_for
from memory import embeddings
from memory.llm.errors import LLMError
from memory.recall import changes, intents, times
from memory.recall.names import without_names
from memory.recall.tenses import Tense, tense
from memory.recall.types import Period, Query

logger = logging.getLogger(__name__)

# The API takes any moment; of these, "last week" is one that a calendar has.
_FIRST_ASKED: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LAST_ASKED: Final = datetime(9000, 1, 1, tzinfo=UTC)


def prepare(
    text: str,
    *,
    tenant_id: UUID,
    customer_id: UUID | None = None,
    asked_at: datetime | None = None,
) -> Query:
    """Understand a question, and embed it with the model that the desk's index has.

    Opens a scope of its own; no transaction may be open while a model is asked. Where
    it does not answer, the question is asked by its words alone.

    Args:
        text: The question.
        tenant_id: Whose desk.
        customer_id: About whom, where that is known by now: her words of time are
            meant where she is, and the changes that she names are looked up.
        asked_at: When it was asked; now, when None.
    """
    with scope_for(tenant_id, customer_id):
        active = embeddings.active_row()
        periods = _periods(text, customer_id, asked_at or timezone.now())
    state = _tense(text)
    if state == "now":
        # "Which address holds today?" asks for no word of today's.
        periods = tuple(each for each in periods if each.words.lower() != "today")
    query = Query(text=text, vector=None, periods=periods, tense=state)
    try:
        model = embeddings.reachable(active)
        vector = embeddings.embed_texts(
            [without_names(text)], model=model, cached=True
        )[0]
    except LLMError as error:
        logger.warning("Recalling by words alone: %s", type(error).__name__)
        return query
    intent = intents.classify(
        text, tenant_id=tenant_id, customer_id=customer_id, vector=vector, model=model
    )
    index = active.id if active and embeddings.info(active) == model else None
    return replace(query, vector=vector, model=model, index=index, intent=intent)


def _tense(text: str) -> Tense:
    """Return which state of things is asked about; the first of all was before."""
    order = times.order(text)
    if order == "oldest" or changes.asks_before(text):
        return "before"
    return "now" if order == "newest" else tense(text)


def _periods(
    text: str, customer_id: UUID | None, asked_at: datetime
) -> tuple[Period, ...]:
    """Return what a question says of time; most say nothing, and cost no query."""
    found: tuple[Period, ...] = ()
    asked_at = min(max(asked_at, _FIRST_ASKED), _LAST_ASKED)
    if times.tells_time(text):
        found = times.find(text, now=asked_at, zone=_zone(customer_id))
    if customer_id is not None:
        found += changes.periods_of_changes(
            text, customer_id=customer_id, asked_at=asked_at
        )
    return found


def _zone(customer_id: UUID | None) -> ZoneInfo:
    if customer_id is None:
        return time_zones.zone(*Tenant.objects.values_list("time_zone", flat=True))
    names = Customer.objects.filter(pk=customer_id).values_list(
        "time_zone", "tenant__time_zone"
    )
    return time_zones.zone(*(names.first() or ()))
