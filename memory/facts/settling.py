"""Brings the rows of a key in line with all that was said about it.

The only place where a fact's time is decided; `memory.facts.reconciling` has the rules.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.queue import enqueue
from memory import embeddings
from memory.facts.moves import move_together
from memory.facts.reconciling import (
    CLOSING,
    Run,
    Says,
    Statement,
    backdate,
    keys_with,
    oppose,
    timeline,
)
from memory.models import Evidence, Fact
from memory.trust import outranks

ENDS = frozenset({Evidence.Says.ENDED, Evidence.Says.GONE})
# Below this it is remembered, but displaces nothing that is known.
SURE = 0.7
_SETTLED = (
    *("valid_from", "valid_to", "closed_at"),
    *("superseded_by", "source", "pinned"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """The rows of one key and those settled with it, with what was said of them."""

    facts: tuple[Fact, ...]

    def of(self, key: str) -> list[Fact]:
        """Return the rows of one key."""
        return [fact for fact in self.facts if fact.key == key]

    def statements(self, key: str, *, single: bool) -> list[Statement]:
        """Return all that was said, or done by hand, about a key."""
        return [
            statement
            for fact in self.of(key)
            if fact.single == single
            for statement in self._of_fact(fact)
        ]

    def _of_fact(self, fact: Fact) -> Iterator[Statement]:
        evidence = list(fact.evidence.all())
        for row in evidence:
            yield Statement(
                id=row.id,
                fact_id=fact.id,
                means=fact.content_hash,
                value=fact.value,
                says=cast("Says", row.says),
                at=row.said_at,
                source=row.author,
                conversation_id=row.conversation_id,
                message_id=row.message_id,
                since=row.since,
                sure=fact.confidence >= SURE,
            )
        if not evidence:
            # What staff wrote rests on no message.
            yield _by_hand(fact, "holds", fact.valid_from)
        if fact.valid_to is not None and self._was_closed_by_hand(fact, evidence):
            yield _by_hand(fact, "closed", fact.valid_to)

    def _was_closed_by_hand(self, fact: Fact, evidence: Sequence[Evidence]) -> bool:
        """Whether a person ended it: nothing that was said explains its end."""
        if fact.valid_to is None or fact.valid_to <= fact.valid_from:
            return False
        if any(row.says in ENDS for row in evidence):
            return False
        by = next((it for it in self.facts if it.id == fact.superseded_by_id), None)
        if by is None or fact.single:
            return by is None
        return by.key == fact.key and by.content_hash != fact.content_hash


def told(customer_id: UUID, key: str) -> Told:
    """Return what was said about a key and about those settled with it, locked."""
    rows = (
        Fact.objects.select_for_update()
        .filter(customer_id=customer_id, key__in=keys_with(key))
        .order_by("id")
    )
    return Told(tuple(rows.prefetch_related("evidence")))


def settle(customer_id: UUID, key: str) -> None:
    """Decide anew when each value of a key held, from all that was said about it."""
    known = told(customer_id, key)
    keys = {fact.key for fact in known.facts}
    single = {name: known.statements(name, single=True) for name in keys}
    beside = {name: known.statements(name, single=False) for name in keys}
    both = {name: [*single[name], *beside[name]] for name in keys}
    oppose(both)
    alone = {
        name: timeline(_among(both[name], single[name]), single=True) for name in keys
    }
    together = {
        name: timeline(_among(both[name], beside[name]), single=False) for name in keys
    }
    runs = {name: [*alone[name], *together[name]] for name in keys}
    move_together(runs)
    for name in keys:
        backdate(alone[name], single=True)
        backdate(together[name], single=False)
    everything = [run for of_key in runs.values() for run in of_key]
    _name_the_opposite(everything)
    _write(known.facts, everything)


def _among(
    statements: Sequence[Statement], of_these: Sequence[Statement]
) -> list[Statement]:
    """Return the statements that are about the same rows as these."""
    rows = {it.fact_id for it in of_these}
    return [it for it in statements if it.fact_id in rows]


def _name_the_opposite(runs: Sequence[Run]) -> None:
    """Say of each run that ended when she said the opposite what took its place."""
    of = {it.id: run for run in runs for it in run.statements if it.says != "opposed"}
    for run in runs:
        if run.until is not None and run.statements[-1].says == "opposed":
            run.by = of.get(run.statements[-1].id)


def _by_hand(fact: Fact, says: Says, at: datetime) -> Statement:
    return Statement(
        id=fact.id,
        fact_id=fact.id,
        means=fact.content_hash,
        value=fact.value,
        says=says,
        at=at,
        source=fact.source,
    )


def _write(facts: Sequence[Fact], runs: Sequence[Run]) -> None:
    """Give every run its row, and every statement the row of its run."""
    rows = {fact.id: fact for fact in facts}
    of_run = _assigned(rows, runs)
    evidence = {row.id: row for fact in facts for row in fact.evidence.all()}
    changed = []
    for run, fact in of_run.items():
        before = (fact.valid_from, fact.valid_to, fact.superseded_by_id, fact.source)
        fact.valid_from, fact.valid_to = run.since, run.until
        fact.closed_at = _known_over(fact, until=before[1])
        fact.source = _most_trusted(run.statements) or fact.source
        if run.statements[-1].says != "closed":
            fact.superseded_by_id = of_run[run.by].id if run.by else None
        after = (fact.valid_from, fact.valid_to, fact.superseded_by_id, fact.source)
        if before != after or fact.id not in rows:
            changed.append(fact)
    unneeded = [rows[gone] for gone in rows.keys() - {it.id for it in of_run.values()}]
    # What ends, or is one with another, makes room for what begins: a value holds once.
    Fact.objects.filter(id__in=[it.id for it in unneeded]).update(
        valid_to=F("valid_from")
    )
    for fact in sorted(changed, key=lambda it: it.valid_to is None):
        _save(fact, is_new=fact.id not in rows)
    for run, fact in of_run.items():
        own = [it for it in run.statements if it.says not in {"closed", "opposed"}]
        _move_evidence((evidence.get(it.id) for it in own), fact)
    _drop(unneeded)


def _assigned(rows: dict[UUID, Fact], runs: Sequence[Run]) -> dict[Run, Fact]:
    """Return the row of each run: the oldest that says the same, or a copy of it."""
    free = dict(rows)
    assigned: dict[Run, Fact] = {}
    for run in runs:
        told = [it for it in run.statements if it.says not in CLOSING]
        wanted = [rows[it.fact_id] for it in told or run.statements]
        same = [fact for fact in wanted if fact.content_hash == run.means]
        at_hand = [fact for fact in same if fact.id in free]
        if at_hand:
            fact = min(at_hand, key=lambda it: (not it.pinned, it.id))
            del free[fact.id]
        else:
            fact = _copy(same[0])
        fact.pinned = fact.pinned or any(
            other.pinned for other in same if other.id in free
        )
        assigned[run] = fact
    return assigned


def _copy(fact: Fact) -> Fact:
    values = {
        field.attname: getattr(fact, field.attname)
        for field in Fact._meta.concrete_fields
        if not field.primary_key
    }
    return Fact(**values | {"pinned": False, "uses": 0, "used_at": None}, id=uuid7())


def _save(fact: Fact, *, is_new: bool) -> None:
    if is_new:
        fact.save(force_insert=True)
        enqueue(
            "memory.tasks.index_fact",
            tenant_id=fact.tenant_id,
            customer_id=fact.customer_id,
            fact_id=fact.id,
        )
        return
    fact.save(update_fields=_SETTLED)
    embeddings.set_valid_to(fact.id, fact.valid_to)


def _known_over(fact: Fact, *, until: datetime | None) -> datetime | None:
    """Return since when it is known that a fact is over, which once held `until`."""
    if fact.valid_to is None:
        return None
    return timezone.now() if until is None else fact.closed_at


def _move_evidence(rows: Iterable[Evidence | None], fact: Fact) -> None:
    for row in rows:
        if row is not None and row.fact_id != fact.id:
            row.fact = fact
            row.save(update_fields=["fact"])
            if row.message_id and row.says not in ENDS:
                embeddings.rests_on(fact.id, row.message_id, since=fact.valid_from)


def _drop(facts: Sequence[Fact]) -> None:
    """Delete the rows that say what another one says as well."""
    ids = [fact.id for fact in facts]
    if ids:
        embeddings.remove(ids)
        Fact.objects.filter(id__in=ids).delete()


def _most_trusted(statements: Sequence[Statement]) -> str:
    best = ""
    for it in statements:
        if it.says not in CLOSING:
            best = it.source if not best or outranks(it.source, best) else best
    return best
