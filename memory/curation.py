"""What staff erase by hand, one item of one tier at a time; facts have `memory.facts`.

Every erasure leaves an audit event with ids only. Nothing here can be undone.
"""

from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import Customer, User
from accounts.queue import enqueue
from memory import embeddings, summaries, working
from memory.models import Embedding, Summary


@transaction.atomic
def erase_summary(*, summary: Summary, user: User, reason: str = "") -> None:
    """Erase a conversation's summary in all its versions, with its index entries.

    Erasing only the newest version would bring the one before it back.
    """
    versions = Summary.objects.filter(
        customer_id=summary.customer_id,
        conversation_id=summary.conversation_id,
        kind=summary.kind,
    )
    for version in versions:
        summaries.erase(version)
    _audit(
        "summary.erase",
        "summary",
        summary.id,
        customer_id=summary.customer_id,
        user=user,
        reason=reason,
    )


@transaction.atomic
def have_written_again(*, summary: Summary, user: User) -> None:
    """Have a conversation's summary written once more, in the background.

    The messages are another layer's, and so is the task.
    """
    enqueue(
        "chat.tasks.rewrite_summary",
        tenant_id=summary.tenant_id,
        customer_id=summary.customer_id,
        summary_id=summary.id,
    )
    _audit(
        "summary.write_again",
        "summary",
        summary.id,
        customer_id=summary.customer_id,
        user=user,
        reason="",
    )


@transaction.atomic
def erase_entry(*, entry: Embedding, user: User, reason: str = "") -> None:
    """Take one entry out of the vector index; what it was made from stays."""
    embeddings.remove_entry(entry)
    _audit(
        "embedding.erase",
        "embedding",
        entry.id,
        customer_id=entry.customer_id,
        user=user,
        reason=reason,
    )


def find_working_item(customer: Customer, key: str) -> working.WorkingItem | None:
    """Return one item of a customer's working memory; None when it has gone."""
    items = working.items(customer.tenant_id, customer.id)
    return next((item for item in items if item.key == key), None)


@transaction.atomic
def erase_working_item(
    *, customer: Customer, item: working.WorkingItem, user: User, reason: str = ""
) -> None:
    """Erase one item of working memory.

    Raises:
        redis.RedisError: Redis did not answer; the item is still there.
    """
    _audit(
        f"working_{item.kind}.erase",
        "conversation",
        item.conversation_id,
        customer_id=customer.id,
        user=user,
        reason=reason,
    )
    working.erase_item(customer.tenant_id, customer.id, item.key)


def _audit(
    action: str,
    subject_type: str,
    subject_id: UUID,
    *,
    customer_id: UUID,
    user: User,
    reason: str,
) -> None:
    audit.record(
        actor=user.actor,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        customer_id=customer_id,
        reason=reason,
    )
