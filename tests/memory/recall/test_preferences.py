"""A preference of three days ago against one of three years ago: the new one wins."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import Customer
from accounts.scope import customer_scope, tenant_scope
from memory.models import Embedding, Fact
from memory.recall import Recalled
from tests.memory.recall.talks import blocks, find
from tests.memory.remembered import index, tell

pytestmark = pytest.mark.usefixtures("rows")

# What is asked, and what one may want: every two of a line are an old and a new wish.
(WISHES,) = blocks("wishes.txt")
PAIRS = [
    (question, old, new)
    for question, *wishes in WISHES
    for old in wishes
    for new in wishes
    if old != new
][:100]
WORDINGS = (
    "Prefers {}.",
    "Likes {} best.",
    "Always wants {}.",
    "Is happiest with {}.",
    "Asked for {}, please.",
)


def prefer(
    customer: Customer, value: str, text: str, *, days_ago: int, importance: float = 0.5
) -> Fact:
    """Let a customer have stated a preference."""
    fact = tell(
        customer,
        "prefers",
        value,
        text=text,
        kind="preference",
        importance=importance,
        said_at=timezone.now() - timedelta(days=days_ago),
    ).fact
    assert fact is not None
    return fact


def use_often(fact: Fact) -> None:
    with tenant_scope(fact.tenant_id):
        Fact.objects.filter(pk=fact.id).update(uses=1_000, used_at=timezone.now())


def forget_all(customer: Customer) -> None:
    with customer_scope(customer.tenant_id, customer.id):
        Fact.objects.all().delete()
        Embedding.objects.all().delete()


def leader(found: list[Recalled], *among: UUID) -> UUID:
    return next(m.source_id for m in found if m.source_id in among)


def test_of_a_hundred_pairs_the_new_one_wins_a_hundred_times(elena: Customer) -> None:
    assert len(PAIRS) == 100
    lost = []
    for number, (question, was, now) in enumerate(PAIRS):
        old_text = WORDINGS[number % len(WORDINGS)].format(was)
        new_text = WORDINGS[(number + number // 12) % len(WORDINGS)].format(now)
        forget_all(elena)
        # Every second old one matters more, and two of three are used day by day.
        importance = 0.9 if number % 2 else 0.5
        old = prefer(elena, was, old_text, days_ago=3 * 365, importance=importance)
        new = prefer(elena, now, new_text, days_ago=3)
        index(elena, [old, new])
        if number % 3:
            use_often(old)
        found = find(elena, question)
        if leader(found, old.id, new.id) != new.id:
            lost.append(f"{question} {old_text} {new_text}")
    assert lost == []


def test_an_old_preference_gives_way_to_one_newer_one_and_no_more(
    elena: Customer,
) -> None:
    old = prefer(elena, "black tea", "Prefers black tea.", days_ago=3 * 365)
    others = [
        prefer(elena, value, f"Prefers {value}.", days_ago=3)
        for value in ("a window seat", "paper invoices", "calls after six")
    ]
    index(elena, [old, *others])
    found = [memory.source_id for memory in find(elena, "Which tea does she prefer?")]
    assert found.index(old.id) <= 1
