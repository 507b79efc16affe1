"""Deduplication: one thing is one fact, and two things stay two."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope
from memory import facts
from memory.extraction.keys import spec
from memory.facts.duplicates import SAME_MEANING, Meaning
from memory.llm import gateway
from memory.models import Embedding, Evidence
from memory.values.meaning import may_be_same
from tests.memory import pairs
from tests.memory.remembered import candidate, tell

pytestmark = pytest.mark.usefixtures("rows")

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
Pair = tuple[str, str, str]


def merged(rows: list[Pair]) -> list[Pair]:
    """The pairs that deduplication takes as one."""
    texts = [
        spec(key).sentence.format(value=side) for key, *two in rows for side in two
    ]
    vectors = gateway.embed(texts)
    near = (vectors[::2] * vectors[1::2]).sum(axis=1) >= SAME_MEANING
    return [
        row for row, ok in zip(rows, near, strict=True) if ok and may_be_same(*row[1:])
    ]


def test_no_two_different_things_become_one() -> None:
    different = pairs.read(pairs.DIFFERENT) + pairs.read(pairs.UNSEEN_DIFFERENT)
    assert len(different) >= 140
    assert merged(different) == []


def test_most_of_what_is_the_same_becomes_one() -> None:
    same = pairs.read(pairs.SAME)
    assert len(same) >= 60
    assert len(merged(same)) >= 0.7 * len(same)


def test_most_of_what_the_rules_never_saw_becomes_one() -> None:
    same = pairs.read(pairs.UNSEEN_SAME)
    assert len(merged(same)) >= 0.7 * len(same)


def test_the_order_of_two_statements_makes_no_difference() -> None:
    for _, left, right in pairs.read(pairs.SAME) + pairs.read(pairs.DIFFERENT):
        assert may_be_same(left, right) == may_be_same(right, left)


# --- In memory ------------------------------------------------------------------------


def say(customer: Customer, key: str, *values: str) -> list[facts.Remembered]:
    """Remember values in one conversation, with what their sentences mean."""
    texts = [spec(key).sentence.format(value=value) for value in values]
    different = sorted(set(texts))
    vector_of = dict(zip(different, gateway.embed(different), strict=True))
    conversation_id = uuid4()
    with customer_scope(customer.tenant_id, customer.id):
        return [
            facts.remember(
                customer_id=customer.id,
                candidate=candidate(key, value, text),
                conversation_id=conversation_id,
                said_at=MARCH + timedelta(minutes=place),
                meaning=Meaning(vector_of[text]),
            )
            for place, (value, text) in enumerate(zip(values, texts, strict=True))
        ]


def current(customer: Customer, key: str) -> list[str]:
    with customer_scope(customer.tenant_id, customer.id):
        return sorted(f.value for f in facts.current_facts().filter(key=key))


def test_the_same_in_other_words_is_one_fact_with_all_its_evidence(
    elena: Customer,
) -> None:
    first, second = say(
        elena, "issue", "I was charged twice", "I got charged two times"
    )
    assert (first.outcome, second.outcome) == ("added", "merged")
    assert current(elena, "issue") == ["I was charged twice"]
    with customer_scope(elena.tenant_id, elena.id):
        spans = set(Evidence.objects.values_list("span", flat=True))
    assert spans == {"I was charged twice", "I got charged two times"}


def test_it_is_found_in_a_later_conversation_too(elena: Customer) -> None:
    say(elena, "intent", "speak to a manager")
    [later] = say(elena, "intent", "talk to a manager")
    assert later.outcome == "merged"


def test_opposites_stand_side_by_side(elena: Customer) -> None:
    say(elena, "prefers", "to be called before noon", "to be called after noon")
    assert len(current(elena, "prefers")) == 2


def test_what_is_under_another_key_is_another_fact(elena: Customer) -> None:
    say(elena, "likes", "loud music")
    [other] = say(elena, "dislikes", "music that is loud")
    assert other.outcome == "added"


def test_what_somebody_else_said_is_another_fact(
    elena: Customer, viktor: Customer
) -> None:
    say(elena, "issue", "I was charged twice")
    [other] = say(viktor, "issue", "I got charged two times")
    assert other.outcome == "added"


def test_what_is_over_is_not_continued(elena: Customer) -> None:
    [old] = say(elena, "issue", "I was charged twice")
    assert old.fact is not None
    tell(
        elena,
        "issue",
        "I was charged twice",
        polarity="end",
        said_at=MARCH + timedelta(1),
    )
    [new] = say(elena, "issue", "I got charged two times")
    assert new.outcome == "added"


def test_forty_copies_of_one_thing_are_one_fact(elena: Customer) -> None:
    ways = [
        "I was charged twice",
        "was charged twice!",
        "got charged two times",
        "I WAS CHARGED TWICE",
    ]
    say(elena, "issue", *(ways[n % 4] for n in range(40)))
    assert len(current(elena, "issue")) == 1
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.count() == 40
        assert Embedding.objects.filter(source_kind="fact").count() == 1


def test_a_telephone_number_is_one_however_it_is_written(elena: Customer) -> None:
    tell(elena, "phone", "977-625-2661", said_at=MARCH)
    same = tell(elena, "phone", "+1 (977) 625-2661", said_at=MARCH + timedelta(1))
    other = tell(elena, "phone", "+1 977 625 2662", said_at=MARCH + timedelta(2))
    assert (same.outcome, other.outcome) == ("merged", "superseded")


@pytest.mark.parametrize(
    ("key", "left", "right"),
    [
        ("order_id", "LF-20418", "lf 20418"),
        ("email", "Ida@Example.org", "ida@example.org"),
        ("amount", "$49.90", "49.9 dollars"),
        ("purchase_date", "12 May 2024", "2024-05-12"),
        ("product", "the Blue Lamp", "blue lamp"),
        ("favourite_tea", "Earl Grey", "earl grey"),
    ],
)
def test_one_value_in_two_forms_is_one_fact(
    elena: Customer, key: str, left: str, right: str
) -> None:
    tell(elena, key, left, said_at=MARCH)
    assert tell(elena, key, right, said_at=MARCH + timedelta(1)).outcome == "merged"
    assert current(elena, key) == [left]


@pytest.mark.parametrize(
    ("key", "left", "right"),
    [
        ("order_id", "LF-20418", "LF-20419"),
        ("amount", "$49.90", "€49.90"),
        ("purchase_date", "12 May 2024", "12 May 2023"),
        ("size", "3.5", "35"),
    ],
)
def test_two_values_stay_two(elena: Customer, key: str, left: str, right: str) -> None:
    say(elena, key, left, right)
    assert current(elena, key) == sorted([left, right])
