"""Tier 2, facts: the only writes to `Fact`.

A contradiction is settled here, on write. A single-valued key holds one current value:
a newer one closes the old one and keeps it as history, in whatever order they arrive.
Every function runs in a scope that the caller opened; whoever remembers holds the
customer's lock, so that two conversations of hers do not both write a first value.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Customer, User
from accounts.queue import enqueue
from accounts.scope import require_tenant
from memory import embeddings, quarantine
from memory.models import Embedding, Evidence, Fact
from memory.trust import outranks
from memory.types import FactCandidate

Outcome = Literal["added", "merged", "superseded", "history", "ended", "unsure", "held"]

# Below this a candidate is a guess, and a guess is not a memory.
MIN_CONFIDENCE = 0.5
MAX_VALUE_CHARS = 500
# One address is told in parts: a new city alone makes the old street untrue.
ADDRESS_KEYS = frozenset({"street_address", "zip_code", "city", "state", "country"})


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of a candidate: its fact, if there is one, and why."""

    fact: Fact | None
    outcome: Outcome


def current_facts() -> QuerySet[Fact]:
    """Return the facts that hold now, the most important first."""
    now = timezone.now()
    rows: QuerySet[Fact] = Fact.objects.filter(valid_to=None)
    return (
        rows.exclude(expires_at__lte=now, pinned=False)
        .prefetch_related("evidence")
        .order_by("-pinned", "-importance", "-valid_from")
    )


def content_hash(key: str, value: str) -> str:
    """Return the hash under which equal statements meet: case and spacing aside."""
    normalised = " ".join(value.casefold().split())
    return hashlib.sha256(f"{key}\n{normalised}".encode()).hexdigest()


def lock_customer(customer_id: UUID) -> bool:
    """Lock what is known about a customer; False when she was erased meanwhile.

    Taken before the lock of a conversation. It is the weaker lock: others may still
    insert rows that refer to her.
    """
    rows = Customer.objects.select_for_update(no_key=True).filter(pk=customer_id)
    return rows.first() is not None


def remember(
    *,
    customer_id: UUID,
    candidate: FactCandidate,
    conversation_id: UUID,
    said_at: datetime,
) -> Remembered:
    """Take a candidate into memory: add, merge, supersede, or close what it ends.

    What reads as an order waits for a person instead (`memory.quarantine`).
    """
    if candidate.confidence < MIN_CONFIDENCE:
        return Remembered(None, "unsure")
    if reason := quarantine.reason_to_hold(candidate):
        quarantine.hold(
            customer_id=customer_id,
            conversation_id=conversation_id,
            held=[quarantine.held_candidate(candidate, reason, said_at=said_at)],
        )
        return Remembered(None, "held")
    if candidate.polarity == "end":
        return _end(customer_id, candidate, said_at)
    new = _new_fact(customer_id, candidate, conversation_id, said_at)
    fact, outcome = _place_in_time(new) if candidate.single else _place(new)
    _add_evidence(fact, candidate, conversation_id, said_at)
    return Remembered(fact, outcome)


def close_stale_address(
    *, customer_id: UUID, restated: frozenset[str], moved_at: datetime
) -> None:
    """Close the address parts from before a move that the customer did not restate."""
    stale = Fact.objects.filter(
        customer_id=customer_id,
        key__in=ADDRESS_KEYS - restated,
        valid_to=None,
        valid_from__lt=moved_at,
    )
    for fact in stale:
        _close(fact, at=moved_at, by=None)


def close_overtaken_address(told: Iterable[Fact | None]) -> None:
    """Close the address parts that were told late, after a move that came later."""
    cities = [fact for fact in told if fact and fact.key == "city" and fact.valid_to]
    for city in cities:
        newer = city.superseded_by
        if newer is None or newer.key != "city":
            continue
        stale = Fact.objects.filter(
            customer_id=city.customer_id,
            conversation_id=city.conversation_id,
            key__in=ADDRESS_KEYS - {"city"},
            valid_to=None,
            valid_from__lt=newer.valid_from,
        ).exclude(evidence__said_at__gte=newer.valid_from)
        for fact in stale:
            _close(fact, at=newer.valid_from, by=None)


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
    if content_hash(fact.key, value) == fact.content_hash:
        raise ValidationError("That is the value it has already.")
    if not fact.is_current:
        raise ValidationError("This fact is history; correct the current one.")
    twin = content_hash(fact.key, value)
    if _current(fact.customer_id, fact.key).filter(content_hash=twin).exists():
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
    _close(fact, at=now, by=new)
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
    _delete(fact)
    restored = _put_back(older, until=until, by=newer) if older else None
    _audit("fact.retract", fact, user)
    return restored


def forget(*, fact: Fact, user: User, reason: str = "") -> None:
    """Erase one fact with its evidence and its vector; nothing comes back for it."""
    _delete(fact)
    _audit("fact.erase", fact, user, reason)


def set_pinned(*, fact: Fact, pinned: bool, user: User) -> None:
    """Pin a fact, so that it never expires and always leads; or unpin it."""
    fact.pinned = pinned
    fact.save(update_fields=["pinned"])
    embeddings.set_expires_at(fact.id, None if pinned else fact.expires_at)
    _audit("fact.pin" if pinned else "fact.unpin", fact, user)


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
        expires_at=fact.expires_at,
    )


def _current(customer_id: UUID, key: str) -> QuerySet[Fact]:
    rows: QuerySet[Fact] = Fact.objects.filter(
        customer_id=customer_id, key=key, valid_to=None
    )
    return rows


def _can_be_current(fact: Fact) -> bool:
    others = _current(fact.customer_id, fact.key)
    if fact.single:
        return not others.exists()
    return not others.filter(content_hash=fact.content_hash).exists()


def _new_fact(
    customer_id: UUID,
    candidate: FactCandidate,
    conversation_id: UUID,
    said_at: datetime,
) -> Fact:
    return Fact(
        tenant_id=require_tenant(),
        customer_id=customer_id,
        kind=candidate.kind,
        key=candidate.key,
        value=candidate.value[:MAX_VALUE_CHARS],
        text=candidate.text[:1000],
        topics=[topic[:120] for topic in candidate.topics],
        entities=[entity[:120] for entity in candidate.entities],
        importance=candidate.importance,
        confidence=candidate.confidence,
        source=candidate.source,
        single=candidate.single,
        conversation_id=conversation_id,
        event_at=candidate.event_at,
        valid_from=said_at,
        content_hash=content_hash(candidate.key, candidate.value),
    )


def _place(fact: Fact) -> tuple[Fact, Outcome]:
    """Put a fact beside the others of its key, or into the one that says the same."""
    same = _current(fact.customer_id, fact.key).filter(content_hash=fact.content_hash)
    if known := same.first():
        return _merge(known, fact)
    fact.save(force_insert=True)
    return fact, "added"


def _place_in_time(fact: Fact) -> tuple[Fact, Outcome]:
    """Put a fact where it belongs in time among those of its single-valued key."""
    before, after = _neighbours(fact)
    if before is not None and before.content_hash == fact.content_hash:
        return _merge(before, fact)
    if after is not None and after.content_hash == fact.content_hash:
        if before is not None:
            _close(before, at=fact.valid_from, by=after)
        return _merge(after, fact)
    if before is not None and (again := _said_again(before, fact.valid_from)):
        # She came back to the value before: this one held only in between.
        fact.valid_to, fact.superseded_by = again, before
    elif after is not None:
        # Told late, but said before what is known already: it is history.
        fact.valid_to, fact.superseded_by = after.valid_from, after
    fact.save(force_insert=True)
    if before is not None and fact.superseded_by != before:
        _close(before, at=fact.valid_from, by=fact)
    if fact.valid_to is not None:
        return fact, "history"
    return fact, "added" if before is None else "superseded"


def _neighbours(fact: Fact) -> tuple[Fact | None, Fact | None]:
    """Return what held when a fact was said, and what was said next."""
    of_key = Fact.objects.select_for_update().filter(
        customer_id=fact.customer_id, key=fact.key
    )
    at = fact.valid_from
    before = of_key.filter(valid_from__lte=at).order_by("-valid_from", "-id").first()
    after = of_key.filter(valid_from__gt=at).order_by("valid_from", "id").first()
    if before is not None and before.valid_to is not None and before.valid_to <= at:
        before = None
    return before, after


def _merge(known: Fact, fact: Fact) -> tuple[Fact, Outcome]:
    """Take a statement as one that is known: it holds since it was first said.

    It counts as the word of whoever is trusted more.
    """
    known.valid_from = min(known.valid_from, fact.valid_from)
    if outranks(fact.source, known.source):
        known.source = fact.source
    known.save(update_fields=["valid_from", "source"])
    return known, "merged"


def _said_again(fact: Fact, after: datetime) -> datetime | None:
    later = fact.evidence.filter(said_at__gt=after).order_by("said_at").first()
    return later.said_at if later else None


def _close(fact: Fact, *, at: datetime, by: Fact | None) -> None:
    fact.valid_to, fact.superseded_by = at, by
    fact.save(update_fields=["valid_to", "superseded_by"])
    embeddings.set_valid_to(fact.id, at)


def _end(customer_id: UUID, candidate: FactCandidate, said_at: datetime) -> Remembered:
    known = _current(customer_id, candidate.key).filter(valid_from__lte=said_at)
    value = candidate.value.casefold()
    for fact in known:
        if not value or value in fact.value.casefold():
            _close(fact, at=said_at, by=None)
            return Remembered(fact, "ended")
    return Remembered(None, "ended")


def _add_evidence(
    fact: Fact, candidate: FactCandidate, conversation_id: UUID, said_at: datetime
) -> None:
    Evidence.objects.get_or_create(
        tenant_id=fact.tenant_id,
        customer_id=fact.customer_id,
        fact=fact,
        message_id=candidate.message_id,
        span=candidate.span[:1000],
        defaults={"conversation_id": conversation_id, "said_at": said_at},
    )
    embeddings.rests_on(fact.id, candidate.message_id, since=fact.valid_from)


def _delete(fact: Fact) -> None:
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
        _close(older, at=until, by=by)
        return None
    if not _can_be_current(older):
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


def _audit(action: str, fact: Fact, user: User, reason: str = "") -> None:
    audit.record(
        actor=user.actor,
        action=action,
        subject_type="fact",
        subject_id=fact.id,
        customer_id=fact.customer_id,
        reason=reason,
    )
