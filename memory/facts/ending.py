"""What she says is over: closed now, or once it is heard of."""

from collections.abc import Iterable

from memory.facts.reconciling import THINGS, names
from memory.facts.settling import ENDS, Told, settle
from memory.facts.telling import Telling
from memory.models import Evidence, Fact


def end(telling: Telling, known: Told) -> Fact | None:
    """Close what is over and return it; None when it did not hold.

    An end is kept also when nothing is known that it could end: what she had before is
    history then, however late it is heard of.
    """
    if telling.told_already(known.facts):
        return None
    fact = _hangs_on(telling, known)
    if fact is None and telling.says == "gone" and not telling.candidate.single:
        return None
    held_before = {it.id for it in known.facts if it.is_current}
    fact = fact or telling.write(single=telling.candidate.single)
    added = telling.add_evidence(fact)
    settle(telling.customer_id, fact.key)
    added.refresh_from_db(fields=["fact"])
    ended: Fact = Fact.objects.get(pk=added.fact_id)
    return ended if ended.id in held_before else None


def _hangs_on(telling: Telling, known: Told) -> Fact | None:
    if not telling.candidate.single:
        return next(iter(ended_by(telling, known)), None)
    same = (
        fact
        for fact in known.of(telling.candidate.key)
        if fact.content_hash == telling.means and fact.single
    )
    return next(same, None)


def ended_by(telling: Telling, known: Told) -> list[Fact]:
    """Return what held beside others when she said so and can be what is over.

    A thing may be known under another key: as one that she has, or bought.
    """
    key, value, at = telling.candidate.key, telling.candidate.value, telling.said_at
    held = [
        fact
        for fact in (known.facts if key in THINGS else known.of(key))
        if fact.valid_from <= at
        and (fact.valid_to is None or at < fact.valid_to)
        and not fact.single
    ]
    exact = [fact for fact in held if fact.content_hash == telling.means]
    return exact or [fact for fact in held if names(value, fact.value)]


def claim_ends(fact: Fact, known: Told, telling: Telling) -> None:
    """Give a fact what was said of its end before it was heard of at all."""
    for other in _ends_alone(known.facts if fact.key in THINGS else known.of(fact.key)):
        said_at = other.evidence.all()[0].said_at
        if said_at > telling.said_at and names(other.value, fact.value):
            Evidence.objects.filter(fact=other).update(fact=fact)
            Fact.objects.filter(pk=other.pk).delete()


def says_it_is_so(fact: Fact) -> bool:
    """Return whether more is known of it than that it ended."""
    evidence = list(fact.evidence.all())
    return not evidence or any(row.says not in ENDS for row in evidence)


def _ends_alone(facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if not fact.single and not says_it_is_so(fact)]
