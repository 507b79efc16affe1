"""Every contradiction of the suite ends right, in whatever order it arrives."""

from collections.abc import Callable, Sequence
from itertools import islice, permutations
from uuid import uuid4

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope
from memory import facts
from memory.extraction import discrete, model_based
from memory.models import Fact, ReviewItem
from memory.types import FactCandidate, Turn
from tests.memory.contradictions.cases import Case, cases
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")

FAMILIES = (
    "moves",
    "contact",
    "accounts",
    "things",
    "preferences",
    "doubts",
    "wordings",
    "wordings_more",
)
ALL = cases(*FAMILIES)
Pairs = list[tuple[str, str]]


def by_rules(talk: list[Turn]) -> list[FactCandidate]:
    return discrete.extract([turn for turn in talk if turn.author != "assistant"])


def consolidate(
    customer: Customer,
    talks: Sequence[list[Turn]],
    extract: Callable[[list[Turn]], list[FactCandidate]] = by_rules,
) -> None:
    """Bring conversations into memory one after the other, as consolidation does."""
    for talk in talks:
        said_at = {turn.id: turn.sent_at for turn in talk}
        candidates = extract(talk)
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


# The wordings prove the reader; the order is a matter of the rules.
SEVERAL = [
    case
    for case in cases(*FAMILIES[:6])
    if len(case.conversations) > 1 and not case.late
]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_it_ends_right_in_another_order(elena: Customer, case: Case) -> None:
    consolidate(elena, next(islice(permutations(case.conversations), 1, None)))
    check(elena, case, cards=False)


def naively(talk: list[Turn]) -> dict[str, object]:
    """The answer of a model that takes every word for plain truth about her."""
    lines = {turn.id: number for number, turn in enumerate(talk)}
    return {
        "facts": [
            {
                "line": lines[found.message_id],
                "span": found.span,
                "kind": found.kind,
                "key": found.key,
                "value": found.value or found.span,
                "text": found.text,
                "polarity": found.polarity,
                "confidence": 0.95,
                "certainty": "plain",
                "date": "",
            }
            for found in discrete.extract(talk)
        ],
        "summary": "Talked.",
        "topics": [],
        "entities": [],
        "sentiment": "neutral",
        "pending_actions": [],
    }


@pytest.mark.parametrize("case", cases("doubts"), ids=lambda case: case.name)
def test_it_ends_right_with_a_model_that_believes_everything(
    elena: Customer, model: ScriptedOpenAI, case: Case
) -> None:
    def extract(talk: list[Turn]) -> list[FactCandidate]:
        model.json_answer(naively(talk))
        return list(model_based.understand(talk, fresh_from=0).candidates)

    consolidate(elena, case.conversations, extract)
    now, _, _ = state(elena, case)
    assert without(now, case.wants("now?")) == folded(case.wants("now"))


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 200
    assert len({case.name for case in ALL}) == len(ALL)
