"""The review queue: what people decide about words that memory did not take in.

Whatever its kind, an item waits, is accepted and becomes a fact, or is refused. What
was decided stays on record, so that the same words are not asked about again.
"""

from dataclasses import dataclass
from typing import Final, Literal, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.queue import enqueue
from memory import facts
from memory.models import Fact, ReviewItem
from memory.types import FactCandidate, FactKind

View = Literal["waiting", "accepted", "refused"]
LABELS: Final[dict[View, str]] = {
    "waiting": "Waiting",
    "accepted": "Accepted",
    "refused": "Refused",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the queue and how many items are in it."""

    key: View
    label: str
    count: int


def view_named(name: str | None) -> View:
    """Return the view of that name; what is waiting when there is none."""
    return next((view for view in LABELS if view == name), "waiting")


def items(view: View) -> QuerySet[ReviewItem]:
    """Return the items of a view, with their customers, the newest first."""
    rows: QuerySet[ReviewItem] = ReviewItem.objects.filter(state=view)
    return rows.select_related("customer", "decided_by").order_by("-created_at", "-id")


def any_items() -> QuerySet[ReviewItem]:
    """Return every item in scope with all that its page shows."""
    rows: QuerySet[ReviewItem] = ReviewItem.objects.all()
    return rows.select_related("customer", "decided_by")


def tabs() -> list[Tab]:
    """Return every view with its count."""
    return [Tab(view, label, items(view).count()) for view, label in LABELS.items()]


def neighbours(item: ReviewItem) -> tuple[UUID | None, UUID | None]:
    """Return the items before and after one in its view, as the list shows them."""
    ids = list(items(cast("View", item.state)).values_list("id", flat=True))
    at = ids.index(item.id)
    before = ids[at - 1] if at else None
    after = ids[at + 1] if at + 1 < len(ids) else None
    return before, after


@transaction.atomic
def accept(*, item: ReviewItem, user: User) -> Fact | None:
    """Let words into memory, as a fact that staff approved.

    Returns:
        The fact that says it now; None when the customer was erased meanwhile.

    Raises:
        ValidationError: Somebody else has decided already.
    """
    # The customer before anything else of hers: the order in which all lock.
    if not facts.lock_customer(item.customer_id):
        return None
    locked = _decided(item, ReviewItem.State.ACCEPTED, user)
    told = facts.remember(
        customer_id=locked.customer_id,
        candidate=_candidate(locked),
        conversation_id=locked.conversation_id,
        said_at=locked.said_at,
    )
    if told.fact is not None:
        enqueue(
            "memory.tasks.index_fact",
            tenant_id=locked.tenant_id,
            customer_id=locked.customer_id,
            fact_id=told.fact.id,
        )
    return told.fact


@transaction.atomic
def refuse(*, item: ReviewItem, user: User) -> None:
    """Keep words out of memory, now and whenever they are said again.

    Raises:
        ValidationError: Somebody else has decided already.
    """
    _decided(item, ReviewItem.State.REFUSED, user)


def _decided(item: ReviewItem, state: str, user: User) -> ReviewItem:
    rows = ReviewItem.objects.select_for_update().filter(pk=item.pk)
    locked: ReviewItem | None = rows.first()
    if locked is None or not locked.is_waiting:
        raise ValidationError("Somebody else has decided this already.")
    locked.state = state
    locked.decided_by = user
    locked.decided_at = timezone.now()
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    audit.record(
        actor=user.actor,
        action=f"review.{'accept' if state == ReviewItem.State.ACCEPTED else 'refuse'}",
        subject_type="review_item",
        subject_id=locked.id,
        customer_id=locked.customer_id,
        detail={"kind": locked.kind},
    )
    return locked


def _candidate(item: ReviewItem) -> FactCandidate:
    return FactCandidate(
        kind=cast("FactKind", item.fact_kind),
        key=item.key,
        value=item.value,
        text=item.text,
        message_id=item.message_id,
        span=item.span,
        confidence=item.confidence,
        importance=item.importance,
        single=item.single,
        polarity="assert",
        source="approved",
    )
