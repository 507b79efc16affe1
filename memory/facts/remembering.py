"""How a candidate becomes a fact: added, merged, superseding, or ending one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from accounts.scope import require_tenant
from memory import embeddings, forgotten, quarantine, refusals
from memory.facts.rows import close, content_hash, current_of_key
from memory.models import Evidence, Fact
from memory.trust import outranks
from memory.types import FactCandidate

Outcome = Literal[
    "added",
    "merged",
    "superseded",
    "history",
    "ended",
    "unsure",
    "held",
    "refused",
    "forgotten",
]

# Below this a candidate is a guess, and a guess is not a memory.
MIN_CONFIDENCE = 0.5
MAX_VALUE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of a candidate: its fact, if there is one, and why."""

    fact: Fact | None
    outcome: Outcome


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
    if _is_refused(candidate):
        return Remembered(None, "refused")
    if forgotten.marks(customer_id).refuses(candidate, said_at):
        return Remembered(None, "forgotten")
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


def _is_refused(candidate: FactCandidate) -> bool:
    """Say whether a candidate holds what memory never keeps, whoever proposes it."""
    parts = (candidate.text, candidate.value, candidate.span)
    return any(refusals.has_mark(part) or refusals.secrets(part) for part in parts)


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
    same = current_of_key(fact.customer_id, fact.key).filter(
        content_hash=fact.content_hash
    )
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
            close(before, at=fact.valid_from, by=after)
        return _merge(after, fact)
    if before is not None and (again := _said_again(before, fact.valid_from)):
        # She came back to the value before: this one held only in between.
        fact.valid_to, fact.superseded_by = again, before
    elif after is not None:
        # Told late, but said before what is known already: it is history.
        fact.valid_to, fact.superseded_by = after.valid_from, after
    fact.save(force_insert=True)
    if before is not None and fact.superseded_by != before:
        close(before, at=fact.valid_from, by=fact)
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


def _end(customer_id: UUID, candidate: FactCandidate, said_at: datetime) -> Remembered:
    known = current_of_key(customer_id, candidate.key).filter(valid_from__lte=said_at)
    value = candidate.value.casefold()
    for fact in known:
        if not value or value in fact.value.casefold():
            close(fact, at=said_at, by=None)
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
