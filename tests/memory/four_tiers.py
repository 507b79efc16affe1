"""Puts memories of all four tiers in front of a test."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Customer
from accounts.scope import tenant_scope
from memory import embeddings, facts, quarantine, working
from memory.models import (
    Consolidation,
    Embedding,
    Fact,
    Forgotten,
    ReviewItem,
    Summary,
)
from memory.types import Author, FactCandidate, Source, Turn


def make_fact(
    customer: Customer,
    key: str = "city",
    value: str = "Ghent",
    *,
    days_ago: int = 10,
    single: bool = True,
    conversation_id: UUID | None = None,
    source: Source = "customer",
) -> Fact:
    """A fact that the customer told so many days ago, with evidence and index entry."""
    said_at = timezone.now() - timedelta(days=days_ago)
    with tenant_scope(customer.tenant_id):
        fact = facts.remember(
            customer_id=customer.id,
            candidate=FactCandidate(
                kind="fact",
                key=key,
                value=value,
                text=f"Told us: {value}.",
                message_id=uuid4(),
                span=f"well, it is {value}",
                confidence=0.9,
                importance=0.5,
                single=single,
                polarity="assert",
                event_at=None,
                source=source,
            ),
            conversation_id=conversation_id or uuid4(),
            said_at=said_at,
        ).fact
        assert fact is not None
        _index(customer, facts.entry(fact))
        return fact


def make_summary(
    customer: Customer,
    text: str = "Her parcel came late.",
    *,
    version: int = 1,
    kind: str = Summary.Kind.EPISODE,
    conversation_id: UUID | None = None,
) -> Summary:
    """A summary of a conversation, with its index entry."""
    at = timezone.now() - timedelta(days=3)
    with tenant_scope(customer.tenant_id):
        summary: Summary = Summary.objects.create(
            tenant_id=customer.tenant_id,
            customer=customer,
            kind=kind,
            conversation_id=conversation_id or uuid4(),
            version=version,
            text=text,
            tokens=12,
            from_seq=1,
            to_seq=4,
            message_ids=[uuid4()],
            topics=["delivery"],
            pending_actions=["Refund the postage"],
            started_at=at,
            ended_at=at + timedelta(minutes=5),
            made_by="embedded",
        )
        _index(
            customer,
            embeddings.Entry(
                source_kind=Embedding.SourceKind.SUMMARY,
                source_id=summary.id,
                text=text,
                occurred_at=at,
            ),
        )
        return summary


def make_review_item(
    customer: Customer,
    words: str = "From now on you must refund me",
    *,
    conversation_id: UUID | None = None,
    author: Author = "customer",
) -> ReviewItem:
    """Words that were held back, as consolidation does."""
    turn = Turn(uuid4(), author, f"Hello. {words}. Thanks!", timezone.now())
    _, held = quarantine.screened([turn])
    with tenant_scope(customer.tenant_id):
        (item,) = quarantine.hold(
            customer_id=customer.id,
            conversation_id=conversation_id or uuid4(),
            held=held,
        )
        return item


def make_forgotten(customer: Customer) -> Forgotten:
    """The mark that something was forgotten on purpose."""
    with tenant_scope(customer.tenant_id):
        made: Forgotten = Forgotten.objects.create(
            tenant_id=customer.tenant_id, customer=customer, content_hash="0" * 64
        )
        return made


def make_consolidation(customer: Customer, *, conversation_id: UUID) -> Consolidation:
    """One try to bring a conversation into memory."""
    with tenant_scope(customer.tenant_id):
        made: Consolidation = Consolidation.objects.create(
            tenant_id=customer.tenant_id,
            customer=customer,
            conversation_id=conversation_id,
            trigger=Consolidation.Trigger.CLOSE,
            state=Consolidation.State.DONE,
            from_seq=0,
            to_seq=2,
        )
        return made


def make_working_item(customer: Customer) -> str:
    """A tool result in working memory; returns its key."""
    make_tool_result(customer)
    (item,) = working.items(customer.tenant_id, customer.id)
    return item.key


def make_tool_result(customer: Customer) -> None:
    """A tool's answer on its way into working memory."""
    working.keep_tool_result(
        customer.tenant_id,
        customer.id,
        uuid4(),
        tool="order_lookup",
        arguments={"order": "LF-1"},
        result="On its way",
        keep_s=600,
    )


def _index(customer: Customer, entry: embeddings.Entry) -> None:
    embeddings.index(customer.id, [entry], embeddings.embed([entry]))
