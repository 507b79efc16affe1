"""What may not be so: it changes no memory, and people see it where it matters.

A doubt is put before people when it contradicts something known, or when it is about
who the customer is and how she is reached. Whatever else is doubtful is forgotten: a
queue that holds everything is read by nobody.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import Customer
from accounts.scope import require_tenant
from memory.extraction.judgement import doubt_of
from memory.facts.reconciling import THINGS, names
from memory.facts.rows import content_hash
from memory.facts.settling import Told
from memory.models import Fact, ReviewItem
from memory.types import FactCandidate

NOT_SURE: Final = doubt_of("uncertain")
ONE_OF_SEVERAL: Final = "it can mean one of several"
STAFF_SAY_OTHERWISE: Final = "staff put this right before"
RECORD_SAYS_OTHERWISE: Final = "the system of record says otherwise"

# Beyond this, what else is doubtful about one customer waits for nobody.
MAX_WAITING: Final = 5
# From this weight on a key tells who she is or how she is reached.
_WORTH_ASKING: Final = 0.7
# Keys with one value at a time that some people have two of.
HOLD_SEVERAL: Final = frozenset(
    {"email", "phone", "payment_method", "language", "occupation", "employer"}
)
_KINDS: Final = (ReviewItem.Kind.CONFLICT, ReviewItem.Kind.UNSURE)


def weigh(
    known: Told,
    *,
    customer_id: UUID,
    candidate: FactCandidate,
    doubt: str,
    conversation_id: UUID,
    said_at: datetime,
) -> ReviewItem | None:
    """Put a doubtful statement before people, if it is worth their time.

    Runs in a scope, under the customer's lock.

    Args:
        known: What is known of its key.
        customer_id: Whose memory it is.
        candidate: What was said.
        doubt: Why it may not be so, in words.
        conversation_id: Where it was said.
        said_at: When.

    Returns:
        What waits, if it does.
    """
    rows = known.of(candidate.key)
    if candidate.polarity == "end" and candidate.key in THINGS:
        rows = list(known.facts)
    against = _rival(rows, candidate)
    if against is None and not _worth_asking(rows, candidate, doubt):
        return None
    hers = ReviewItem.objects.filter(customer_id=customer_id, kind__in=_KINDS)
    content = _content(candidate)
    waiting = hers.filter(state=ReviewItem.State.WAITING).count()
    if waiting >= MAX_WAITING or hers.filter(content_hash=content).exists():
        return None
    verified = Customer.objects.get(pk=customer_id).verified
    item: ReviewItem = ReviewItem.objects.create(
        tenant_id=require_tenant(),
        customer_id=customer_id,
        kind=ReviewItem.Kind.CONFLICT if against else ReviewItem.Kind.UNSURE,
        reason=doubt[:120],
        source=candidate.source,
        verified=verified and candidate.source == "customer",
        fact_kind=candidate.kind,
        key=candidate.key,
        value=candidate.value[:500],
        text=candidate.text[:1000],
        normal=candidate.normal[:500],
        polarity=candidate.polarity,
        rival=against,
        event_at=candidate.event_at,
        single=candidate.single,
        importance=candidate.importance,
        confidence=candidate.confidence,
        conversation_id=conversation_id,
        message_id=candidate.message_id,
        span=candidate.span[:1000],
        said=(candidate.said or candidate.span)[:2000],
        said_at=said_at,
        content_hash=content,
    )
    return item


def answered(*, customer_id: UUID, candidate: FactCandidate) -> None:
    """Take back the question whether something is so: it was said plainly now."""
    ReviewItem.objects.filter(
        customer_id=customer_id,
        kind__in=_KINDS,
        state=ReviewItem.State.WAITING,
        content_hash=_content(candidate),
    ).delete()


def about(facts: Iterable[Fact]) -> dict[UUID, ReviewItem]:
    """Return what waits and contradicts facts, by fact."""
    rows = ReviewItem.objects.filter(
        rival__in=[fact.id for fact in facts],
        kind=ReviewItem.Kind.CONFLICT,
        state=ReviewItem.State.WAITING,
    )
    return {row.rival_id: row for row in rows.order_by("-created_at") if row.rival_id}


def _rival(known: Sequence[Fact], candidate: FactCandidate) -> Fact | None:
    """Return the fact that would have to give way; the one said last, of several."""
    means = content_hash(candidate.key, candidate.value, candidate.normal)
    current = [fact for fact in known if fact.is_current]
    if candidate.polarity == "end":
        against = [
            fact
            for fact in current
            if fact.content_hash == means
            or names(candidate.value, fact.value)
            or (candidate.single and not candidate.value.strip())
        ]
    elif any(fact.content_hash == means for fact in current):
        return None
    elif candidate.single:
        against = [fact for fact in current if fact.single]
    else:
        # Nothing has to give way, unless staff replaced this very value.
        replaced = {it.superseded_by_id for it in known if it.content_hash == means}
        against = [fact for fact in current if fact.id in replaced]
    return max(against, key=lambda fact: (fact.valid_from, fact.id), default=None)


def _worth_asking(known: Sequence[Fact], candidate: FactCandidate, doubt: str) -> bool:
    if candidate.polarity == "end" or doubt != NOT_SURE or not candidate.single:
        return False
    means = content_hash(candidate.key, candidate.value, candidate.normal)
    if any(fact.content_hash == means for fact in known):
        return False
    return candidate.importance >= _WORTH_ASKING


def _content(candidate: FactCandidate) -> str:
    said = content_hash(candidate.key, candidate.value, candidate.normal)
    return hashlib.sha256(f"{candidate.polarity}\n{said}".encode()).hexdigest()
