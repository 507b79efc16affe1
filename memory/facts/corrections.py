"""What people do to facts: correct, take back, erase, pin."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.queue import enqueue
from memory import embeddings, refusals
from memory.facts.remembering import MAX_VALUE_CHARS
from memory.facts.rows import can_be_current, close, content_hash, current_of_key
from memory.models import Evidence, Fact


def correct(*, fact: Fact, value: str, user: User) -> Fact:
    """Replace a fact by what a person says is right; the old one stays as history.

    Raises:
        ValidationError: The value is empty, too long, or not new.
    """
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
    if content_hash(fact.key, value) == fact.content_hash:
        raise ValidationError("That is the value it has already.")
    if not fact.is_current:
        raise ValidationError("This fact is history; correct the current one.")
    twin = content_hash(fact.key, value)
    if current_of_key(fact.customer_id, fact.key).filter(content_hash=twin).exists():
        raise ValidationError("That is known already, as another fact.")
    now = timezone.now()
    new = Fact.objects.create(
        tenant_id=fact.tenant_id,
        customer_id=fact.customer_id,
        kind=fact.kind,
        key=fact.key,
        value=value,
        text=_restate(fact, value),
        topics=fact.topics,
        entities=fact.entities,
        importance=fact.importance,
        purpose=fact.purpose,
        source=Fact.Source.AGENT,
        single=fact.single,
        valid_from=now,
        pinned=fact.pinned,
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
    older: Fact | None = fact.older.order_by("-valid_from").first()
    newer, until = fact.superseded_by, fact.valid_to
    delete(fact)
    restored = _put_back(older, until=until, by=newer) if older else None
    _audit("fact.retract", fact, user)
    return restored


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


def _put_back(older: Fact, *, until: datetime | None, by: Fact | None) -> Fact | None:
    """Let a fact take the place of the one that had superseded it and was wrong.

    Returns:
        The fact, if it holds again.
    """
    if by is not None and until is not None:
        close(older, at=until, by=by)
        return None
    if not can_be_current(older):
        return None
    older.valid_to = None
    older.superseded_by = None
    older.save(update_fields=["valid_to", "superseded_by"])
    embeddings.set_valid_to(older.id, None)
    return older


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
