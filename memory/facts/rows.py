"""Which facts there are, and how two of them are told to be the same."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Customer
from memory import embeddings, values
from memory.extraction.keys import named, spec
from memory.models import Embedding, Fact


def current_facts() -> QuerySet[Fact]:
    """Return the facts that hold now, the most important first."""
    now = timezone.now()
    rows: QuerySet[Fact] = Fact.objects.filter(valid_to=None)
    return (
        rows.exclude(expires_at__lte=now, pinned=False)
        .prefetch_related("evidence")
        .order_by("-pinned", "-importance", "-valid_from")
    )


def content_hash(key: str, value: str, normal: str = "") -> str:
    """Return the hash under which equal statements meet.

    Args:
        key: The key, under any of its names.
        value: The value as it was said.
        normal: Its form, where when and where it was said has a part in that.
    """
    key = named(key)
    words = normal or values.normal(spec(key).value, value) or values.folded(value)
    return hashlib.sha256(f"{key}\n{words}".encode()).hexdigest()


def lock_customer(customer_id: UUID) -> bool:
    """Lock what is known about a customer; False when she was erased meanwhile.

    Taken before the lock of a conversation. It is the weaker lock: others may still
    insert rows that refer to her.
    """
    rows = Customer.objects.select_for_update(no_key=True).filter(pk=customer_id)
    return rows.first() is not None


def current_of_key(customer_id: UUID, key: str) -> QuerySet[Fact]:
    """Return the facts of one key that hold now, expired ones with them."""
    rows: QuerySet[Fact] = Fact.objects.filter(
        customer_id=customer_id, key=key, valid_to=None
    )
    return rows


def close(fact: Fact, *, at: datetime, by: Fact | None) -> None:
    """End a fact's time, here and in the index; `by` is what took its place."""
    fact.valid_to, fact.superseded_by = at, by
    fact.closed_at = fact.closed_at or timezone.now()
    fact.save(update_fields=["valid_to", "superseded_by", "closed_at"])
    embeddings.set_valid_to(fact.id, at)


def entry(fact: Fact) -> embeddings.Entry:
    """Return the fact's index entry."""
    evidence = list(fact.evidence.all())
    return embeddings.Entry(
        source_kind=Embedding.SourceKind.FACT,
        source_id=fact.id,
        text=fact.text,
        occurred_at=fact.valid_from,
        message_ids=tuple(e.message_id for e in evidence if e.message_id),
        conversation_id=fact.conversation_id,
        speaker=f"{fact.key.replace('_', ' ')} {fact.value}",
        importance=fact.importance,
        purpose=fact.purpose,
        source=fact.source,
        kind=fact.kind,
        uses=fact.uses,
        expires_at=None if fact.pinned else fact.expires_at,
    )
