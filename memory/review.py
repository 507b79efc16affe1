"""The review queue: what people decide about words that memory did not take in.

Whatever its kind, an item waits, is accepted and becomes a fact, or is refused. What
was decided stays on record, so that the same words are not asked about again.
"""

from dataclasses import dataclass
from datetime import datetime
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
from memory.types import FactCandidate, FactKind, Polarity

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
    rows = rows.select_related("customer", "decided_by", "rival")
    return rows.order_by("-created_at", "-id")


def any_items() -> QuerySet[ReviewItem]:
    """Return every item in scope with all that its page shows."""
    rows: QuerySet[ReviewItem] = ReviewItem.objects.all()
    return rows.select_related("customer", "decided_by", "rival")


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
def accept(*, item: ReviewItem, user: User, both: bool = False) -> Fact | None:
    """Let words into memory, as a fact that staff approved.

    Args:
        item: What waits.
        user: Who decides.
        both: Whether what was known before is true as well.

    Returns:
        The fact that says it now, or that it has ended; None when the customer was
        erased meanwhile, or there was nothing to end.

    Raises:
        ValidationError: Somebody else has decided already, both cannot be true, or a
            system of record says otherwise.
    """
    if both and not can_both_be_true(item):
        raise ValidationError("Only one of them can be true.")
    # The customer before anything else of hers: the order in which all lock.
    if not facts.lock_customer(item.customer_id):
        return None
    locked = _decided(item, ReviewItem.State.ACCEPTED, user, "both" if both else "new")
    told = facts.remember(
        customer_id=locked.customer_id,
        candidate=_candidate(locked, single=locked.single and not both),
        conversation_id=locked.conversation_id,
        said_at=_holds_from(locked),
    )
    if told.outcome == "unsure":
        raise ValidationError(
            "Your system of record says otherwise: correct it there first."
        )
    if told.outcome in {"refused", "forgotten"}:
        raise ValidationError(
            "It holds a secret, or what the customer wants forgotten: refuse it."
        )
    if told.fact is not None and locked.polarity == "assert":
        enqueue(
            "memory.tasks.index_fact",
            tenant_id=locked.tenant_id,
            customer_id=locked.customer_id,
            fact_id=told.fact.id,
        )
    return told.fact


@transaction.atomic
def refuse(*, item: ReviewItem, user: User, not_hers: bool = False) -> None:
    """Keep words out of memory, now and whenever they are said again.

    Args:
        item: What waits.
        user: Who decides.
        not_hers: Whether that is because they are about somebody else; it is recorded.

    Raises:
        ValidationError: Somebody else has decided already.
    """
    why = "not_hers" if not_hers else "known"
    _decided(item, ReviewItem.State.REFUSED, user, why)


def can_both_be_true(item: ReviewItem) -> bool:
    """Return whether people can have two values of what it is about."""
    is_conflict = item.kind == ReviewItem.Kind.CONFLICT and item.polarity == "assert"
    return is_conflict and item.rival is not None and item.key in facts.HOLD_SEVERAL


def _holds_from(item: ReviewItem) -> datetime:
    """Return since when it holds: what she said after it would take its place."""
    said_later = item.rival is not None and (
        item.rival.valid_from >= item.said_at
        or item.rival.evidence.filter(said_at__gte=item.said_at).exists()
    )
    return timezone.now() if said_later else item.said_at


def _decided(item: ReviewItem, state: str, user: User, why: str) -> ReviewItem:
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
        detail={"kind": locked.kind}
        | ({} if locked.kind == ReviewItem.Kind.INSTRUCTION else {"why": why}),
    )
    return locked


def _candidate(item: ReviewItem, *, single: bool) -> FactCandidate:
    # Of several things that words can mean, people were shown one: that has ended.
    ended = item.rival if item.polarity == "end" else None
    return FactCandidate(
        kind=cast("FactKind", item.fact_kind),
        key=ended.key if ended else item.key,
        value=ended.value if ended else item.value,
        text=item.text,
        message_id=item.message_id,
        span=item.span,
        # A person has said that it is so.
        confidence=1.0,
        importance=item.importance,
        single=single,
        polarity=cast("Polarity", item.polarity),
        event_at=item.event_at,
        source="approved",
        normal=item.normal,
    )
