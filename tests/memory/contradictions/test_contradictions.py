"""Every contradiction of the suite ends right, in whatever order it arrives."""

from collections.abc import Sequence
from itertools import islice, permutations
from uuid import uuid4

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope
from memory import facts
from memory.extraction import discrete
from memory.models import Fact, ReviewItem
from memory.types import Turn
from tests.memory.contradictions.cases import Case, cases

pytestmark = pytest.mark.usefixtures("rows")

FAMILIES = (
    "moves",
    "contact",
    "accounts",
    "things",
    "preferences",
    "doubts",
    "wordings",
)
ALL = cases(*FAMILIES)
Pairs = list[tuple[str, str]]


def consolidate(customer: Customer, talks: Sequence[list[Turn]]) -> None:
    """Bring conversations into memory one after the other, as consolidation does."""
    for talk in talks:
        said_at = {turn.id: turn.sent_at for turn in talk}
        candidates = discrete.extract(
            [turn for turn in talk if turn.author != "assistant"]
        )
        conversation_id = uuid4()
        with customer_scope(customer.tenant_id, customer.id):
            for candidate in candidates:
                facts.remember(
                    customer_id=customer.id,
                    candidate=candidate,
                    conversation_id=conversation_id,
                    said_at=said_at[candidate.message_id],
                )


def state(customer: Customer, case: Case) -> tuple[Pairs, Pairs, Pairs]:
    """Return what holds, what held, and what waits, of the keys of a case."""
    with customer_scope(customer.tenant_id, customer.id):
        rows = list(Fact.objects.filter(key__in=case.keys))
        cards = ReviewItem.objects.filter(
            state="waiting", kind__in=("conflict", "unsure")
        )
        waiting = sorted(cards.values_list("key", "value"))
    now = sorted((it.key, it.value) for it in rows if it.valid_to is None)
    was = sorted(
        (it.key, it.value)
        for it in rows
        if it.valid_to is not None and it.valid_to > it.valid_from
    )
    return now, was, waiting


def folded(pairs: Pairs) -> Pairs:
    return sorted((key, value.casefold()) for key, value in pairs)


def without(pairs: Pairs, allowed: Pairs) -> Pairs:
    """The pairs that are not among those that may be, or may not."""
    anything = {key for key, value in allowed if value == "*"}
    may = folded(allowed)
    return [it for it in folded(pairs) if it not in may and it[0] not in anything]


def check(customer: Customer, case: Case, *, cards: bool = True) -> None:
    now, was, waiting = state(customer, case)
    assert without(now, case.wants("now?")) == folded(case.wants("now"))
    for pair in folded(case.wants("was")):
        assert pair in folded(was)
    if cards:
        assert without(waiting, case.wants("card?")) == folded(case.wants("card"))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_it_ends_right(elena: Customer, case: Case) -> None:
    consolidate(elena, case.conversations)
    check(elena, case)


SEVERAL = [case for case in ALL if len(case.conversations) > 1 and not case.late]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_it_ends_right_in_any_other_order(elena: Customer, case: Case) -> None:
    for order in islice(permutations(case.conversations), 1, 3):
        with customer_scope(elena.tenant_id, elena.id):
            Fact.objects.all().delete()
        consolidate(elena, order)
        check(elena, case, cards=False)


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 200
    assert len({case.name for case in ALL}) == len(ALL)
