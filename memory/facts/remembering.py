"""How a candidate becomes a fact: added, merged, superseding, or ending one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from memory import embeddings, quarantine
from memory.facts import duplicates
from memory.facts.making import catalogued, new_fact
from memory.facts.periods import backdate
from memory.facts.rows import close, current_of_key
from memory.models import Evidence, Fact
from memory.trust import outranks
from memory.types import FactCandidate

Outcome = Literal["added", "merged", "superseded", "history", "ended", "unsure", "held"]

# Below this a candidate is a guess, and a guess is not a memory.
MIN_CONFIDENCE = 0.5


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
    vector: duplicates.Vector | None = None,
) -> Remembered:
    """Take a candidate into memory: add, merge, supersede, or close what it ends.

    What reads as an order waits for a person instead (`memory.quarantine`).

    Args:
        customer_id: Whose memory it is.
        candidate: What was said.
        conversation_id: Where.
        said_at: When.
        vector: Of the candidate's text, L2-normalised: finds what says the same in
            other words.
    """
    candidate = catalogued(candidate, customer_id=customer_id, said_at=said_at)
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
    new = new_fact(
        candidate,
        customer_id=customer_id,
        conversation_id=conversation_id,
        said_at=said_at,
    )
    fact, outcome = _place_in_time(new) if candidate.single else _place(new, vector)
    _add_evidence(fact, candidate, conversation_id, said_at)
    if candidate.valid_from is not None:
        backdate(fact, since=candidate.valid_from)
    if outcome == "added" and vector is not None and duplicates.by_meaning(fact):
        duplicates.make_findable(fact, vector)
    return Remembered(fact, outcome)


def _place(fact: Fact, vector: duplicates.Vector | None) -> tuple[Fact, Outcome]:
    """Put a fact beside the others of its key, or into the one that says the same."""
    if known := duplicates.find(fact, vector):
        return _merge(known, fact)
    fact.save(force_insert=True)
    return fact, "added"


def _place_in_time(fact: Fact) -> tuple[Fact, Outcome]:
    """Put a fact where it belongs in time among those of its single-valued key."""
    before, after = _neighbours(fact)
    if before is not None and duplicates.is_same(before, fact):
        return _merge(before, fact)
    if after is not None and duplicates.is_same(after, fact):
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
    if known.expires_at and fact.expires_at:
        known.expires_at = max(known.expires_at, fact.expires_at)
        embeddings.set_expires_at(known.id, known.expires_at)
    known.save(update_fields=["valid_from", "source", "expires_at"])
    return known, "merged"


def _said_again(fact: Fact, after: datetime) -> datetime | None:
    later = fact.evidence.filter(said_at__gt=after).order_by("said_at").first()
    return later.said_at if later else None


def _end(customer_id: UUID, candidate: FactCandidate, said_at: datetime) -> Remembered:
    known = current_of_key(customer_id, candidate.key).filter(valid_from__lte=said_at)
    value = candidate.value.casefold()
    for fact in known:
        if not value or value in fact.value.casefold():
            until = candidate.valid_to or said_at
            close(fact, at=max(until, fact.valid_from), by=None)
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
        defaults={
            "conversation_id": conversation_id,
            "said_at": said_at,
            "author": "agent" if candidate.source == "agent" else "customer",
        },
    )
    embeddings.rests_on(fact.id, candidate.message_id, since=fact.valid_from)
