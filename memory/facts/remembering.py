"""How a candidate becomes a fact, or a question for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from memory import embeddings, forgotten, quarantine, refusals
from memory.facts import doubts, duplicates
from memory.facts.ending import claim_ends, end, ended_by, says_it_is_so
from memory.facts.making import catalogued, new_fact
from memory.facts.reconciling import overruled
from memory.facts.settling import Told, settle, told
from memory.facts.telling import Telling
from memory.models import Fact
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
    meaning: duplicates.Meaning | None = None,
    gone: forgotten.Marks | None = None,
) -> Remembered:
    """Take a candidate into memory: add, merge, supersede, or close what it ends.

    What may not be so changes nothing: where it contradicts what is known, people
    decide (`memory.facts.doubts`). So they do about what reads as an order
    (`memory.quarantine`).

    Args:
        customer_id: Whose memory it is.
        candidate: What was said.
        conversation_id: Where.
        said_at: When.
        meaning: Of the candidate's text: finds what says the same in other words.
        gone: What was forgotten about her, for who remembers several things at once.
    """
    candidate = catalogued(candidate, customer_id=customer_id, said_at=said_at)
    if _is_refused(candidate):
        return Remembered(None, "refused")
    gone = forgotten.marks(customer_id) if gone is None else gone
    if gone.refuses(candidate, said_at):
        return Remembered(None, "forgotten")
    if reason := quarantine.reason_to_hold(candidate):
        quarantine.hold(
            customer_id=customer_id,
            conversation_id=conversation_id,
            held=[quarantine.held_candidate(candidate, reason, said_at=said_at)],
        )
        return Remembered(None, "held")
    known = told(customer_id, candidate.key)
    telling = Telling(
        customer_id,
        candidate,
        conversation_id,
        said_at,
        means=_means(customer_id, candidate, said_at, meaning),
    )
    if doubt := _doubt(telling, known):
        doubts.weigh(
            known,
            candidate=candidate,
            doubt=doubt,
            conversation_id=conversation_id,
            said_at=said_at,
            customer_id=customer_id,
        )
        return Remembered(None, "unsure")
    doubts.answered(customer_id=customer_id, candidate=candidate)
    if candidate.polarity == "end":
        return Remembered(end(telling, known), "ended")
    remembered = _assert(telling, known)
    fact = remembered.fact
    if fact is not None and remembered.outcome == "added" and meaning is not None:
        duplicates.make_findable(fact, meaning)
    return remembered


def _is_refused(candidate: FactCandidate) -> bool:
    """Say whether a candidate holds what memory never keeps, whoever proposes it."""
    parts = (candidate.text, candidate.value, candidate.span)
    return any(refusals.has_mark(part) or refusals.secrets(part) for part in parts)


def _means(
    customer_id: UUID,
    candidate: FactCandidate,
    said_at: datetime,
    meaning: duplicates.Meaning | None,
) -> str:
    """Return the hash of what says the same, be it in another form or other words."""
    new = new_fact(
        candidate, customer_id=customer_id, conversation_id=None, said_at=said_at
    )
    asserted = candidate.polarity == "assert"
    same = duplicates.find(new, meaning if asserted else None)
    return (same or new).content_hash


def _doubt(telling: Telling, known: Told) -> str:
    """Return why a candidate may not simply be believed; empty when it may."""
    candidate = telling.candidate
    if candidate.doubt:
        return candidate.doubt
    if candidate.confidence < MIN_CONFIDENCE:
        return doubts.NOT_SURE
    if _is_single(telling, known):
        return _contradicted(telling, known)
    if candidate.polarity == "end":
        several = len(ended_by(telling, known)) > 1
        return doubts.ONE_OF_SEVERAL if several else ""
    by_hand = _put_right(telling, known)
    return doubts.STAFF_SAY_OTHERWISE if by_hand else ""


def _is_single(telling: Telling, known: Told) -> bool:
    """Whether it takes the place of others; not when people said that both are true."""
    beside = any(
        fact.content_hash == telling.means and not fact.single and fact.is_current
        for fact in known.of(telling.candidate.key)
    )
    return telling.candidate.single and not beside


def _contradicted(telling: Telling, known: Told) -> str:
    new = telling.as_statement()
    said = known.statements(telling.candidate.key, single=True)
    against = overruled([*said, new]).get(new.id)
    if against is None:
        return ""
    if not new.sure and new.says != "ended":
        return doubts.NOT_SURE
    if against.source == Fact.Source.SYSTEM:
        return doubts.RECORD_SAYS_OTHERWISE
    return doubts.STAFF_SAY_OTHERWISE


def _put_right(telling: Telling, known: Told) -> bool:
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


def _assert(telling: Telling, known: Told) -> Remembered:
    single = _is_single(telling, known)
    rows = [it for it in known.of(telling.candidate.key) if it.single == single]
    same = [
        fact
        for fact in rows
        if fact.content_hash == telling.means and says_it_is_so(fact)
    ]
    if again := telling.told_already(same):
        return Remembered(again, "merged")
    known_already = max(same, key=lambda it: (it.is_current, it.id), default=None)
    fact = known_already or telling.write(single=single)
    added = telling.add_evidence(fact)
    if not single:
        claim_ends(fact, known, telling)
    settle(telling.customer_id, telling.candidate.key)
    fact = Fact.objects.get(evidence=added)
    if known_already is not None:
        # What is new is not in the index yet, and goes there with all it rests on.
        said_in = telling.candidate.message_id
        embeddings.rests_on(fact.id, said_in, since=fact.valid_from)
    return Remembered(fact, _outcome(fact, rows))


def _outcome(fact: Fact, before: list[Fact]) -> Outcome:
    if fact.id in {it.id for it in before}:
        return "merged"
    if not fact.is_current:
        return "history"
    held = [it.id for it in before if it.is_current]
    gave_way = Fact.objects.filter(superseded_by=fact, id__in=held)
    return "superseded" if gave_way.exists() else "added"
