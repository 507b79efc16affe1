"""Ageing and use: what was said long ago counts less, what is used ages slower."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Customer
from accounts.scope import customer_scope, tenant_scope
from memory import recall, tasks, uses, working
from memory.models import Embedding, Fact, RetentionRule
from tests.memory.remembered import remember

pytestmark = pytest.mark.usefixtures("rows")

# A hundred pairs are in `tests/memory/recall/test_preferences.py`.
THINGS = ("delivery", "contact")
WAYS = (
    ("by email", "by phone"),
    ("in the morning", "in the evening"),
    ("as quickly as can be", "when it suits"),
    ("at home", "at the shop"),
    ("every time", "never again"),
)


@pytest.mark.parametrize("thing", THINGS)
def test_what_was_preferred_years_ago_never_outvotes_what_was_three_days_ago(
    elena: Customer, thing: str
) -> None:
    """The old one is the popular one."""
    now = timezone.now()
    pairs = []
    for number, ways in enumerate((*WAYS, *(way[::-1] for way in WAYS))):
        old, new = (
            remember(
                elena,
                f"{thing} {number}",
                way,
                f"Prefers {thing} {number} {way}.",
                kind="preference",
                said_at=now - timedelta(days=days),
            )
            for way, days in zip(ways, (3 * 365, 3), strict=True)
        )
        pairs.append((number, old, new))
    with customer_scope(elena.tenant_id, elena.id):
        used_often = [old.pk for _, old, _ in pairs]
        Embedding.objects.filter(source_id__in=used_often).update(uses=1_000)
    for number, old, new in pairs:
        # The words of the old one: nothing but its age speaks against it.
        words = f"{old.text} {thing} {number}"
        query = recall.prepare(words, tenant_id=elena.tenant_id)
        with customer_scope(elena.tenant_id, elena.id):
            found = [r.source_id for r in recall.recall(query, customer_id=elena.id)]
        assert found.index(new.pk) < found.index(old.pk)


def freshness(customer: Customer) -> float:
    query = recall.prepare("Which dock does she have?", tenant_id=customer.tenant_id)
    with customer_scope(customer.tenant_id, customer.id):
        (found,) = recall.recall(query, customer_id=customer.id)
        return found.reasons.freshness


def test_use_slows_ageing_and_the_desk_says_how_fast_it_is(elena: Customer) -> None:
    at = timezone.now() - timedelta(days=365)
    fact = remember(elena, "product", "dock", "Has a dock.", said_at=at)
    assert freshness(elena) == pytest.approx(0.5, abs=0.01)
    with tenant_scope(elena.tenant_id):
        Embedding.objects.update(uses=1_000_000)
    assert freshness(elena) == pytest.approx(0.5**0.5, abs=0.01)
    with tenant_scope(elena.tenant_id):
        Embedding.objects.update(uses=0)
        rule = RetentionRule.objects.create(
            tenant_id=elena.tenant_id, kind="fact", half_life_days=100
        )
    assert freshness(elena) == pytest.approx(0.5**3.65, abs=0.01)
    with tenant_scope(elena.tenant_id):
        rule.half_life_days = None
        rule.save()
    assert freshness(elena) == 1
    assert fact.uses == 0


def test_uses_wait_and_are_added_up_by_the_schedule(
    elena: Customer, viktor: Customer
) -> None:
    docks = [remember(who, "product", "dock", "Dock.") for who in (elena, viktor)]
    for dock, times in zip(docks, (3, 1), strict=True):
        for _ in range(times):
            uses.count(dock.tenant_id, [dock.pk])
    uses.count(elena.tenant_id, [])
    assert [uses_of(dock) for dock in docks] == [0, 0]
    tasks.add_up_uses()
    tasks.add_up_uses()
    assert [uses_of(dock) for dock in docks] == [3, 1]


def uses_of(fact: Fact) -> int:
    with tenant_scope(fact.tenant_id):
        found: Fact = Fact.objects.get(pk=fact.pk)
        assert (found.used_at is None) == (found.uses == 0)
        # Recall reads it there.
        assert Embedding.objects.get(source_id=fact.pk).uses == found.uses
        return found.uses


def test_a_count_of_a_foreign_or_an_erased_fact_changes_nothing(
    elena: Customer, viktor: Customer
) -> None:
    hers, his = (remember(c, "product", "dock", "Dock.") for c in (elena, viktor))
    uses.count(elena.tenant_id, [his.pk, hers.pk])
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=hers.pk).delete()
        assert uses.add_up(elena.tenant_id) == 0
    assert uses_of(his) == 0


def test_counts_that_a_dead_worker_took_are_added_by_the_next(elena: Customer) -> None:
    dock = remember(elena, "product", "dock", "Dock.")
    key = f"t:{elena.tenant_id.hex}:uses"
    uses.count(elena.tenant_id, [dock.pk])
    working.client().rename(key, f"{key}:taken")
    uses.count(elena.tenant_id, [dock.pk])
    for total in (1, 2, 2):
        with tenant_scope(elena.tenant_id):
            uses.add_up(elena.tenant_id)
        assert uses_of(dock) == total
