"""A candidate as the catalogue wants it, and the row that it becomes."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from accounts.scope import require_tenant
from memory import values
from memory.extraction.keys import CATALOGUE, Value, named, spec
from memory.facts.rows import content_hash, current_of_key
from memory.models import Fact
from memory.types import FactCandidate

MAX_VALUE_CHARS = 500
# In whose form a value is read that does not say its country itself.
_OF_A_REGION = frozenset({Value.PHONE, Value.DATE})


def catalogued(
    candidate: FactCandidate, *, customer_id: UUID, said_at: datetime
) -> FactCandidate:
    """Return a candidate under its key's own name, with its value in the key's form.

    Whoever proposes it, extraction, a model or a tool: one thing has one key, and the
    catalogue says whether the key holds one value at a time.
    """
    key = named(candidate.key)
    return replace(
        candidate,
        key=key,
        single=_is_single(key, candidate),
        normal=normal_of(
            key, candidate.value, customer_id=customer_id, said_at=said_at
        ),
    )


def normal_of(key: str, value: str, *, customer_id: UUID, said_at: datetime) -> str:
    """Return a value of hers in its key's form; empty where it has none."""
    sort = spec(key).value
    region = _region(customer_id) if sort in _OF_A_REGION else ""
    return values.normal(sort, value, values.Said(said_at, region))[:MAX_VALUE_CHARS]


def new_fact(
    candidate: FactCandidate,
    *,
    customer_id: UUID,
    conversation_id: UUID | None,
    said_at: datetime,
) -> Fact:
    """Return the row of a catalogued candidate, which nothing has placed yet.

    It holds at no time yet: `memory.facts.settling` decides when it does.
    """
    of = spec(candidate.key)
    return Fact(
        tenant_id=require_tenant(),
        customer_id=customer_id,
        kind=candidate.kind,
        key=candidate.key,
        value=candidate.value[:MAX_VALUE_CHARS],
        normal=candidate.normal,
        text=candidate.text[:1000],
        topics=[topic[:120] for topic in candidate.topics],
        entities=[entity[:120] for entity in candidate.entities],
        importance=candidate.importance,
        confidence=candidate.confidence,
        purpose=of.purpose,
        source=candidate.source,
        single=candidate.single,
        conversation_id=conversation_id,
        event_at=candidate.event_at,
        valid_from=said_at,
        valid_to=said_at,
        closed_at=timezone.now(),
        expires_at=said_at + of.keep if of.keep else None,
        made_by=candidate.made_by[:120],
        content_hash=content_hash(candidate.key, candidate.value, candidate.normal),
    )


def _is_single(key: str, candidate: FactCandidate) -> bool:
    # People have said of this very value whether another one may stand beside it.
    by_hand = candidate.source == "approved"
    return candidate.single if by_hand or key not in CATALOGUE else spec(key).single


def _region(customer_id: UUID) -> str:
    """Return the country that the customer is known to be in, as two letters."""
    country = current_of_key(customer_id, "country").first()
    if country is not None:
        return country.normal
    in_the_states = current_of_key(customer_id, "state").exclude(normal="").exists()
    return "US" if in_the_states else ""
