"""How a candidate becomes a fact, or a question for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from accounts.scope import require_tenant
from memory import embeddings, quarantine
from memory.facts import doubts
from memory.facts.reconciling import Statement, names, overruled
from memory.facts.rows import content_hash
from memory.facts.settling import ENDS, Told, settle, told
from memory.models import Evidence, Fact
from memory.types import FactCandidate

Outcome = Literal["added", "merged", "superseded", "history", "ended", "unsure", "held"]

# Below this a candidate is a guess, and a guess is not a memory.
MIN_CONFIDENCE = 0.5
# Below this it is remembered, but displaces nothing that is known.
SURE = 0.7
MAX_VALUE_CHARS = 500
_SAYS = {"": "holds", "change": "changed", "mistake": "meant"}


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of a candidate: its fact, if there is one, and why."""

    fact: Fact | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Telling:
    """One candidate, who told it, where and when."""

    customer_id: UUID
    candidate: FactCandidate
    conversation_id: UUID
    said_at: datetime

    @property
    def means(self) -> str:
        return content_hash(self.candidate.key, self.candidate.value)

    @property
    def says(self) -> str:
        if self.candidate.polarity == "end":
            return "ended" if self.candidate.value.strip() else "gone"
        return _SAYS[self.candidate.revises]


def remember(
    *,
    customer_id: UUID,
    candidate: FactCandidate,
    conversation_id: UUID,
    said_at: datetime,
) -> Remembered:
    """Take a candidate into memory: add, merge, supersede, or close what it ends.

    What may not be so changes nothing: where it contradicts what is known, people
    decide (`memory.facts.doubts`). So they do about what reads as an order
    (`memory.quarantine`).
    """
    telling = _Telling(customer_id, candidate, conversation_id, said_at)
    if reason := quarantine.reason_to_hold(candidate):
        quarantine.hold(
            customer_id=customer_id,
            conversation_id=conversation_id,
            held=[quarantine.held_candidate(candidate, reason, said_at=said_at)],
        )
        return Remembered(None, "held")
    known = told(customer_id, candidate.key)
    if doubt := _doubt(telling, known):
        doubts.weigh(
            known.of(candidate.key),
            candidate=candidate,
            doubt=doubt,
            conversation_id=conversation_id,
            said_at=said_at,
            customer_id=customer_id,
        )
        return Remembered(None, "unsure")
    doubts.answered(customer_id=customer_id, candidate=candidate)
    if candidate.polarity == "end":
        return _end(telling, known)
    return _assert(telling, known)


def _doubt(telling: _Telling, known: Told) -> str:
    """Return why a candidate may not simply be believed; empty when it may."""
    candidate = telling.candidate
    if candidate.doubt:
        return candidate.doubt
    if candidate.confidence < MIN_CONFIDENCE:
        return doubts.NOT_SURE
    if _is_single(telling, known):
        if candidate.confidence < SURE and doubts.rival(
            known.of(candidate.key), candidate
        ):
            return doubts.NOT_SURE
        return _contradicted(telling, known)
    if candidate.polarity == "end":
        several = len(_ended_by(telling, known)) > 1
        return doubts.ONE_OF_SEVERAL if several else ""
    by_hand = _put_right(telling, known)
    return doubts.STAFF_SAY_OTHERWISE if by_hand else ""


def _is_single(telling: _Telling, known: Told) -> bool:
    """Whether it takes the place of others; not when people said that both are true."""
    beside = any(
        fact.content_hash == telling.means and not fact.single and fact.is_current
        for fact in known.of(telling.candidate.key)
    )
    return telling.candidate.single and not beside


def _contradicted(telling: _Telling, known: Told) -> str:
    new = _statement(telling)
    said = known.statements(telling.candidate.key, single=True)
    against = overruled([*said, new]).get(new.id)
    if against is None:
        return ""
    if against.source == Fact.Source.SYSTEM:
        return doubts.RECORD_SAYS_OTHERWISE
    return doubts.STAFF_SAY_OTHERWISE


def _statement(telling: _Telling) -> Statement:
    return Statement(
        id=telling.candidate.message_id,
        fact_id=telling.candidate.message_id,
        means=telling.means,
        value=telling.candidate.value,
        says=telling.says,  # type: ignore[arg-type]  # one of Says, by its table
        at=telling.said_at,
        source=telling.candidate.source,
        conversation_id=telling.conversation_id,
        message_id=telling.candidate.message_id,
    )


def _put_right(telling: _Telling, known: Told) -> bool:
    """Whether staff replaced this very value, and she says it without news."""
    if telling.candidate.source != "customer" or telling.candidate.revises:
        return False
    rows = known.of(telling.candidate.key)
    same = [fact for fact in rows if fact.content_hash == telling.means]
    if any(fact.is_current for fact in same):
        return False
    replaced = {fact.superseded_by_id for fact in same}
    return any(
        fact.id in replaced
        and fact.source == Fact.Source.AGENT
        and fact.valid_from <= telling.said_at
        for fact in rows
    )


def _assert(telling: _Telling, known: Told) -> Remembered:
    candidate = telling.candidate
    single = _is_single(telling, known)
    rows = [fact for fact in known.of(candidate.key) if fact.single == single]
    same = [
        fact
        for fact in rows
        if fact.content_hash == telling.means and _says_it_is_so(fact)
    ]
    if again := _told_already(telling, same):
        return Remembered(again, "merged")
    fact = max(same, key=lambda it: (it.is_current, it.id)) if same else None
    fact = fact or _insert(telling, single=single)
    added = _add_evidence(fact, telling)
    if not single:
        _claim_ends(fact, rows, telling)
    held_before = {it.id for it in rows if it.is_current}
    settle(telling.customer_id, candidate.key)
    added.refresh_from_db(fields=["fact"])
    fact = Fact.objects.get(pk=added.fact_id)
    embeddings.rests_on(fact.id, candidate.message_id, since=fact.valid_from)
    is_new = fact.id not in {it.id for it in rows}
    return Remembered(fact, _outcome(fact, is_new=is_new, held_before=held_before))


def _outcome(fact: Fact, *, is_new: bool, held_before: set[UUID]) -> Outcome:
    if not is_new:
        return "merged"
    if not fact.is_current:
        return "history"
    gave_way = Fact.objects.filter(superseded_by=fact, key=fact.key, id__in=held_before)
    return "superseded" if gave_way.exists() else "added"


def _end(telling: _Telling, known: Told) -> Remembered:
    """Close what she says is over, now or once it is heard of."""
    candidate = telling.candidate
    rows = known.of(candidate.key)
    if _told_already(telling, rows):
        return Remembered(None, "ended")
    if candidate.single:
        same = [fact for fact in rows if fact.content_hash == telling.means]
        fact = next((it for it in same if it.single), None)
    elif telling.says == "gone":
        return Remembered(None, "ended")
    else:
        fact = next(iter(_ended_by(telling, known)), None)
    held_before = {it.id for it in rows if it.is_current}
    added = _add_evidence(fact or _insert(telling, single=candidate.single), telling)
    settle(telling.customer_id, candidate.key)
    added.refresh_from_db(fields=["fact"])
    ended = Fact.objects.get(pk=added.fact_id)
    return Remembered(ended if ended.id in held_before else None, "ended")


def _ended_by(telling: _Telling, known: Told) -> list[Fact]:
    """Return what held when she said so and can be what has ended."""
    at = telling.said_at
    held = [
        fact
        for fact in known.of(telling.candidate.key)
        if fact.valid_from <= at
        and (fact.valid_to is None or at < fact.valid_to)
        and not fact.single
    ]
    exact = [fact for fact in held if fact.content_hash == telling.means]
    return exact or [f for f in held if names(telling.candidate.value, f.value)]


def _claim_ends(fact: Fact, rows: list[Fact], telling: _Telling) -> None:
    """Take over what was said of its end before it was heard of at all."""
    for other in rows:
        ends = list(other.evidence.all())
        if other.id == fact.id or _says_it_is_so(other) or not ends:
            continue
        if ends[0].said_at > telling.said_at and names(other.value, fact.value):
            Evidence.objects.filter(fact=other).update(fact=fact)
            Fact.objects.filter(pk=other.pk).delete()


def _says_it_is_so(fact: Fact) -> bool:
    """Whether more is known of it than that it ended."""
    evidence = list(fact.evidence.all())
    return not evidence or any(row.says not in ENDS for row in evidence)


def _told_already(telling: _Telling, rows: list[Fact]) -> Fact | None:
    """Return the fact that rests on these very words already."""
    for fact in rows:
        for row in fact.evidence.all():
            if (row.message_id, row.span, row.says) == (
                telling.candidate.message_id,
                telling.candidate.span[:1000],
                telling.says,
            ):
                return fact
    return None


def _insert(telling: _Telling, *, single: bool) -> Fact:
    """Write a fact that does not hold yet; when it does is settled after."""
    candidate = telling.candidate
    fact: Fact = Fact.objects.create(
        tenant_id=require_tenant(),
        customer_id=telling.customer_id,
        kind=candidate.kind,
        key=candidate.key,
        value=candidate.value[:MAX_VALUE_CHARS],
        text=candidate.text[:1000],
        topics=[topic[:120] for topic in candidate.topics],
        entities=[entity[:120] for entity in candidate.entities],
        importance=candidate.importance,
        confidence=candidate.confidence,
        source=candidate.source,
        single=single,
        conversation_id=telling.conversation_id,
        event_at=candidate.event_at,
        valid_from=telling.said_at,
        valid_to=telling.said_at,
        content_hash=telling.means,
    )
    return fact


def _add_evidence(fact: Fact, telling: _Telling) -> Evidence:
    added: Evidence = Evidence.objects.create(
        tenant_id=fact.tenant_id,
        customer_id=fact.customer_id,
        fact=fact,
        conversation_id=telling.conversation_id,
        message_id=telling.candidate.message_id,
        span=telling.candidate.span[:1000],
        author=telling.candidate.source,
        says=telling.says,
        said_at=telling.said_at,
    )
    return added
