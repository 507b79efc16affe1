"""Puts memories into the tiers the way consolidation does, without a conversation."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Customer
from accounts.scope import customer_scope
from memory import embeddings, facts
from memory.models import Embedding, Fact
from memory.types import FactCandidate, Turn

SINGLE = frozenset({"city", "street_address", "zip_code", "email", "customer_name"})


def candidate(key: str, value: str, text: str = "", **changes: Any) -> FactCandidate:
    """A candidate that is sure of itself."""
    values: dict[str, Any] = {
        "kind": "fact",
        "key": key,
        "value": value,
        "text": text or f"{key}: {value}.",
        "message_id": uuid4(),
        "span": value,
        "confidence": 0.9,
        "importance": 0.6,
        "single": key in SINGLE,
        "polarity": "assert",
    }
    return FactCandidate(**{**values, **changes})


def tell(
    customer: Customer,
    key: str,
    value: str,
    *,
    said_at: datetime | None = None,
    conversation_id: UUID | None = None,
    **changes: Any,
) -> facts.Remembered:
    """Let a customer have said something, in her own scope."""
    with customer_scope(customer.tenant_id, customer.id):
        return facts.remember(
            customer_id=customer.id,
            candidate=candidate(key, value, **changes),
            conversation_id=conversation_id or uuid4(),
            said_at=said_at or timezone.now(),
        )


def remember(
    customer: Customer, key: str, value: str, text: str, **options: Any
) -> Fact:
    """Remember a fact and put it into the index."""
    fact = tell(customer, key, value, text=text, **options).fact
    assert fact is not None
    index(customer, [fact])
    return fact


def index(customer: Customer, rows: Iterable[Fact]) -> None:
    """Put facts into the index as consolidation does."""
    with customer_scope(customer.tenant_id, customer.id):
        entries = [facts.entry(fact) for fact in rows]
    model = embeddings.in_use(customer.tenant_id)
    vectors = embeddings.embed(entries, model=model)
    with customer_scope(customer.tenant_id, customer.id):
        embeddings.index(customer.id, entries, vectors, model=model)
        for entry in entries:
            fact = Fact.objects.get(pk=entry.source_id)
            embeddings.set_valid_to(fact.id, fact.valid_to)


def say(
    customer: Customer,
    *texts: str,
    at: datetime | None = None,
    author: str = "customer",
) -> list[Turn]:
    """Index messages of one conversation; returns them as turns."""
    conversation_id = uuid4()
    turns = [
        Turn(uuid4(), author, text, at or timezone.now())  # type: ignore[arg-type]
        for text in texts
    ]
    model = embeddings.in_use(customer.tenant_id)
    entries = embeddings.message_entries(
        turns, conversation_id=conversation_id, model=model
    )
    vectors = embeddings.embed(entries, model=model)
    with customer_scope(customer.tenant_id, customer.id):
        embeddings.index(customer.id, entries, vectors, model=model)
    return turns


def embedded_texts(customer: Customer) -> set[str]:
    """Every text that the index holds about a customer."""
    with customer_scope(customer.tenant_id, customer.id):
        return set(Embedding.objects.values_list("text", flat=True))
