"""What people do to facts: correct, take back, erase, pin."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.queue import enqueue
from memory import embeddings, refusals, working
from memory.extraction.keys import spec
from memory.facts.making import MAX_VALUE_CHARS, normal_of
from memory.facts.rows import close, content_hash, current_of_key, lock_customer
from memory.facts.settling import ENDS, settle
from memory.models import Evidence, Fact


def correct(*, fact: Fact, value: str, user: User) -> Fact:
    """Replace a fact by what a person says is right; the old one stays as history.

    Raises:
        ValidationError: The value is empty, too long, or not new.
    """
    lock_customer(fact.customer_id)
    # Somebody else may have corrected or erased it since it was shown.
    locked = Fact.objects.select_for_update().filter(pk=fact.pk).first()
    if locked is None:
        raise ValidationError("This fact is not there any more.")
    fact = locked
    value = " ".join(value.replace("\0", " ").split())
    if not value or len(value) > MAX_VALUE_CHARS:
        raise ValidationError(f"Give a value of 1 to {MAX_VALUE_CHARS} characters.")
    if refusals.secrets(value):
        raise ValidationError("Card numbers, passwords, codes and ids are not kept.")
    now = timezone.now()
    normal = normal_of(fact.key, value, customer_id=fact.customer_id, said_at=now)
    twin = content_hash(fact.key, value, normal)
    if value.casefold() == fact.value.casefold():
        raise ValidationError("That is the value it has already.")
    if not fact.is_current:
        raise ValidationError("This fact is history; correct the current one.")
    if fact.source == Fact.Source.SYSTEM:
        raise ValidationError(
            "This is what your system of record says: correct it there."
        )
    others = current_of_key(fact.customer_id, fact.key).exclude(pk=fact.pk)
    if others.filter(content_hash=twin).exists():
        raise ValidationError("That is known already, as another fact.")
    # Both may be one by their hash: a name that was written without its accents.
    close(fact, at=now, by=None)
    new = Fact.objects.create(
        tenant_id=fact.tenant_id,
        customer_id=fact.customer_id,
        kind=fact.kind,
        key=fact.key,
        value=value,
        normal=normal,
        text=_restate(fact, value),
        topics=fact.topics,
        entities=fact.entities,
        importance=fact.importance,
        purpose=fact.purpose,
        source=Fact.Source.AGENT,
        single=fact.single,
        valid_from=now,
        pinned=fact.pinned,
        made_by="staff",
        expires_at=now + lasts if (lasts := spec(fact.key).keep) else None,
        content_hash=twin,
    )
    close(fact, at=now, by=new)
    _audit("fact.correct", new, user)
    enqueue(
        "memory.tasks.index_fact",
        tenant_id=new.tenant_id,
        customer_id=new.customer_id,
        fact_id=new.id,
    )
    return new


def retract(*, fact: Fact, user: User) -> Fact | None:
    """Take a fact back as wrong; what it had superseded is true again.

    Returns:
        The restored fact, if there was one.
    """
    lock_customer(fact.customer_id)
    held = set(_current_ids(fact))
    take_out([fact])
    restored = Fact.objects.filter(pk__in=set(_current_ids(fact)) - held).first()
    _audit("fact.retract", fact, user)
    return restored


def withdraw(*, customer_id: UUID, message_ids: Collection[UUID]) -> int:
    """Take out what rests on messages that are no more.

    A fact that rests on other words as well stays; what fell away gives back what it
    had superseded or ended. Runs under the customer's lock.

    Returns:
        How many facts went with their last evidence.
    """
    of_hers = Evidence.objects.filter(customer_id=customer_id)
    gone = of_hers.filter(message_id__in=message_ids)
    touched = list(Fact.objects.filter(evidence__in=gone).distinct())
    ends = gone.filter(says__in=ENDS).values_list("fact_id", flat=True)
    Fact.objects.filter(id__in=list(ends)).update(valid_to=F("valid_from"))
    gone.delete()
    unfounded = [fact for fact in touched if not fact.evidence.exists()]
    take_out(unfounded)
    for key in {fact.key for fact in touched}:
        settle(customer_id, key)
    return len(unfounded)


def take_out(rows: Collection[Fact]) -> None:
    """Take facts of one customer out as if they had never been told."""
    for fact in rows:
        _make_room(fact)
        delete(fact)
    for customer_id, key in {(fact.customer_id, fact.key) for fact in rows}:
        settle(customer_id, key)


def set_pinned(*, fact: Fact, pinned: bool, user: User) -> None:
    """Pin a fact, so that it never expires and always leads; or unpin it."""
    fact.pinned = pinned
    fact.save(update_fields=["pinned"])
    embeddings.set_expires_at(fact.id, None if pinned else fact.expires_at)
    _audit("fact.pin" if pinned else "fact.unpin", fact, user)


def delete(fact: Fact) -> None:
    """Take a fact out with its evidence and its entry; its words stay elsewhere.

    To forget it whole, see `memory.forgetting`.
    """
    embeddings.remove([fact.id])
    Evidence.objects.filter(fact=fact).delete()
    Fact.objects.filter(superseded_by=fact).update(superseded_by=None)
    Fact.objects.filter(pk=fact.pk).delete()
    transaction.on_commit(
        partial(working.forget_bundles, fact.tenant_id, fact.customer_id)
    )


def _make_room(fact: Fact) -> None:
    """Let what gave way to a fact be settled anew, as if it had never been."""
    Fact.objects.filter(superseded_by=fact).update(valid_to=F("valid_from"))


def _current_ids(fact: Fact) -> QuerySet[Fact, UUID]:
    return current_of_key(fact.customer_id, fact.key).values_list("id", flat=True)


def _restate(fact: Fact, value: str) -> str:
    if fact.value and fact.value in fact.text:
        return fact.text.replace(fact.value, value)[:1000]
    return f"{fact.key.replace('_', ' ').capitalize()}: {value}."[:1000]


def _audit(action: str, fact: Fact, user: User) -> None:
    audit.record(
        actor=user.actor,
        action=action,
        subject_type="fact",
        subject_id=fact.id,
        customer_id=fact.customer_id,
    )
