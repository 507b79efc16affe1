"""Facts: contradictions settled on write, in whatever order they arrive."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from memory import facts, forgetting
from memory.models import Embedding, Evidence, Fact
from tests.conftest import make_customer
from tests.memory.remembered import candidate, embedded_texts, index, remember, tell
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("rows")

JAN, FEB, MAR, APR = (datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 5))


def current(customer: Customer, key: str = "city") -> list[str]:
    with customer_scope(customer.tenant_id, customer.id):
        rows = facts.current_facts().filter(key=key)
        return sorted(fact.value for fact in rows)


def history(customer: Customer, key: str = "city") -> list[tuple[str, int, int | None]]:
    """(value, month it begins, month it ends), in the order of time."""
    with customer_scope(customer.tenant_id, customer.id):
        rows = Fact.objects.filter(key=key).order_by("valid_from")
        return [
            (it.value, it.valid_from.month, it.valid_to.month if it.valid_to else None)
            for it in rows
        ]


def reread(fact: Fact) -> Fact:
    with tenant_scope(fact.tenant_id):
        found: Fact = Fact.objects.get(pk=fact.pk)
        return found


# --- Contradictions -------------------------------------------------------------------


def test_a_move_closes_the_old_city_and_keeps_it_as_history(elena: Customer) -> None:
    old = tell(elena, "city", "Ghent", said_at=JAN)
    new = tell(elena, "city", "Berlin", said_at=MAR)
    assert (old.outcome, new.outcome) == ("added", "superseded")
    assert current(elena) == ["Berlin"]
    assert history(elena) == [("Ghent", 1, 3), ("Berlin", 3, None)]
    assert old.fact is not None
    assert new.fact is not None
    assert reread(old.fact).superseded_by_id == new.fact.id


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_makes_no_difference(
    elena: Customer, order: tuple[int, ...]
) -> None:
    said = [("Ghent", JAN), ("Paris", FEB), ("Berlin", MAR)]
    for place in order:
        city, at = said[place]
        tell(elena, "city", city, said_at=at)
    assert history(elena) == [("Ghent", 1, 2), ("Paris", 2, 3), ("Berlin", 3, None)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_moving_back_makes_no_difference_either(
    elena: Customer, order: tuple[int, ...]
) -> None:
    said = [("Ghent", JAN), ("Berlin", FEB), ("Ghent", MAR)]
    for place in order:
        city, at = said[place]
        tell(elena, "city", city, said_at=at)
    assert current(elena) == ["Ghent"]
    assert ("Berlin", 2, 3) in history(elena)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_saying_it_again_is_the_same_fact_since_the_first_time(
    elena: Customer, order: tuple[int, ...]
) -> None:
    said = [("Ghent", JAN), (" ghent ", FEB), ("Berlin", MAR)]
    for place in order:
        city, at = said[place]
        tell(elena, "city", city, said_at=at)
    assert [(v.strip().lower(), a, b) for v, a, b in history(elena)] == [
        ("ghent", 1, 3), ("berlin", 3, None),
    ]  # fmt: skip
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.count() == 3


def test_two_conversations_at_once_leave_one_current_value(
    live_db: None, elena: Customer
) -> None:
    cities = ["Ghent", "Berlin", "Paris", "Rome"]

    def move(number: int) -> None:
        at = JAN + timedelta(days=number)
        with customer_scope(elena.tenant_id, elena.id):
            facts.lock_customer(elena.id)
            facts.remember(
                customer_id=elena.id,
                candidate=candidate("city", cities[number]),
                conversation_id=uuid4(),
                said_at=at,
            )

    at_once(*[lambda number=number: move(number) for number in range(4)])
    assert current(elena) == ["Rome"]


def test_many_values_of_a_plural_key_stand_side_by_side(elena: Customer) -> None:
    for product in ("laptop", "dock"):
        assert tell(elena, "product", product).outcome == "added"
    assert current(elena, "product") == ["dock", "laptop"]


def test_a_guess_is_not_a_memory(elena: Customer) -> None:
    told = tell(elena, "city", "Ghent", confidence=facts.MIN_CONFIDENCE - 0.01)
    assert (told.fact, told.outcome) == (None, "unsure")
    assert history(elena) == []


def test_the_same_statement_merges_and_adds_its_evidence(elena: Customer) -> None:
    first = tell(elena, "product", "Hutch 7", said_at=JAN)
    again = tell(elena, "product", "hutch  7", said_at=FEB)
    assert again.outcome == "merged"
    assert again.fact == first.fact
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.filter(fact=first.fact).count() == 2
    assert current(elena, "product") == ["Hutch 7"]


def test_told_twice_from_one_message_it_has_one_piece_of_evidence(
    elena: Customer,
) -> None:
    message_id = uuid4()
    for _ in range(2):
        tell(elena, "product", "dock", message_id=message_id)
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.count() == 1


def test_evidence_merged_in_counts_as_its_message_in_the_index(elena: Customer) -> None:
    fact = remember(elena, "product", "dock", "Has a dock.")
    message_id = uuid4()
    tell(elena, "product", "dock", message_id=message_id)
    with customer_scope(elena.tenant_id, elena.id):
        assert message_id in Embedding.objects.get(source_id=fact.id).message_ids


def test_what_ends_is_closed_and_nothing_opens(elena: Customer) -> None:
    tell(elena, "product", "iPhone 12", said_at=JAN)
    tell(elena, "product", "dock", said_at=JAN)
    told = tell(elena, "product", "iphone", said_at=FEB, polarity="end")
    assert told.outcome == "ended"
    assert current(elena, "product") == ["dock"]
    assert ("iPhone 12", 1, 2) in history(elena, "product")


def test_the_end_of_something_unknown_changes_nothing(elena: Customer) -> None:
    tell(elena, "product", "dock", said_at=JAN)
    told = tell(elena, "product", "iphone", said_at=FEB, polarity="end")
    assert (told.fact, told.outcome) == (None, "ended")
    assert current(elena, "product") == ["dock"]


def test_an_end_does_not_close_what_was_said_later(elena: Customer) -> None:
    tell(elena, "product", "iphone", said_at=MAR)
    tell(elena, "product", "iphone", said_at=JAN, polarity="end")
    assert current(elena, "product") == ["iphone"]


def test_a_move_closes_the_address_parts_that_were_not_restated(
    elena: Customer,
) -> None:
    for key, value in (("street_address", "18 Linden Row"), ("zip_code", "9000")):
        remember(elena, key, value, f"{key} {value}", said_at=JAN)
    tell(elena, "zip_code", "10115", said_at=MAR)
    tell(elena, "city", "Berlin", said_at=MAR, revises="change")
    with customer_scope(elena.tenant_id, elena.id):
        street = Embedding.objects.get(text="street_address 18 Linden Row")
        assert street.valid_to == MAR
    assert current(elena, "street_address") == []
    assert current(elena, "zip_code") == ["10115"]


def test_another_customer_with_the_same_fact_is_untouched(
    elena: Customer, desk: Tenant
) -> None:
    otto = make_customer(desk, "Otto")
    for customer in (elena, otto):
        tell(customer, "city", "Ghent", said_at=JAN)
    tell(elena, "city", "Berlin", said_at=FEB)
    assert current(otto) == ["Ghent"]


# --- What people do to facts ----------------------------------------------------------


def test_a_retracted_fact_gives_way_to_the_one_before(
    elena: Customer, alice: User
) -> None:
    old = remember(elena, "city", "Ghent", "Lives in Ghent.", said_at=JAN)
    new = remember(elena, "city", "Berlin", "Lives in Berlin.", said_at=MAR)
    index(elena, [reread(old)])
    with tenant_scope(elena.tenant_id):
        assert facts.retract(fact=new, user=alice) == old
    assert history(elena) == [("Ghent", 1, None)]
    assert embedded_texts(elena) == {"Lives in Ghent."}
    with customer_scope(elena.tenant_id, elena.id):
        assert Embedding.objects.get().valid_to is None
        assert not Evidence.objects.filter(fact_id=new.id).exists()


def test_a_fact_retracted_from_the_middle_joins_its_neighbours(
    elena: Customer, alice: User
) -> None:
    told = [
        tell(elena, "city", city, said_at=at).fact
        for city, at in (("Ghent", JAN), ("Paris", FEB), ("Berlin", MAR))
    ]
    middle = told[1]
    assert middle is not None
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=reread(middle), user=alice)
    assert history(elena) == [("Ghent", 1, 3), ("Berlin", 3, None)]
    assert told[2] is not None
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=told[2], user=alice)
    assert history(elena) == [("Ghent", 1, None)]


def test_a_corrected_fact_leads_and_the_wrong_one_is_history(
    elena: Customer, alice: User
) -> None:
    fact = remember(
        elena, "email", "elna@example.org", "Has the e-mail elna@example.org."
    )
    with tenant_scope(elena.tenant_id):
        new = facts.correct(fact=fact, value="elena@example.org", user=alice)
    assert new.text == "Has the e-mail elena@example.org."
    assert new.source == Fact.Source.AGENT
    assert current(elena, "email") == ["elena@example.org"]
    assert reread(fact).superseded_by_id == new.id


@pytest.mark.parametrize("value", ["", "  ", "Ghent", " GHENT ", "x" * 501])
def test_a_correction_that_corrects_nothing_is_refused(
    elena: Customer, alice: User, value: str
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    with tenant_scope(elena.tenant_id), pytest.raises(ValidationError):
        facts.correct(fact=fact, value=value, user=alice)
    assert current(elena) == ["Ghent"]
    with tenant_scope(elena.tenant_id):
        assert not AuditEvent.objects.exists()


def test_a_correction_to_what_is_known_already_is_refused(
    elena: Customer, alice: User
) -> None:
    dock = remember(elena, "product", "dock", "Has a dock.")
    remember(elena, "product", "lamp", "Has a lamp.")
    with tenant_scope(elena.tenant_id), pytest.raises(ValidationError):
        facts.correct(fact=dock, value="Lamp", user=alice)
    assert current(elena, "product") == ["dock", "lamp"]


def test_of_two_corrections_at_once_one_is_refused(
    live_db: None, elena: Customer, alice: User
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")

    def correct(value: str) -> bool:
        with tenant_scope(elena.tenant_id):
            stale = Fact.objects.get(pk=fact.pk)
        try:
            with tenant_scope(elena.tenant_id):
                facts.correct(fact=stale, value=value, user=alice)
        except ValidationError:
            return False
        return True

    assert sorted(at_once(lambda: correct("Berlin"), lambda: correct("Paris"))) == [
        False, True,
    ]  # fmt: skip
    assert len(current(elena)) == 1


def test_history_is_not_corrected(elena: Customer, alice: User) -> None:
    old = remember(elena, "city", "Ghent", "Lives in Ghent.", said_at=JAN)
    tell(elena, "city", "Berlin", said_at=FEB)
    with tenant_scope(elena.tenant_id), pytest.raises(ValidationError):
        facts.correct(fact=reread(old), value="Bruges", user=alice)


def test_forgetting_removes_fact_evidence_and_vector_and_restores_nothing(
    elena: Customer, alice: User
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.", said_at=JAN)
    new = remember(elena, "city", "Berlin", "Lives in Berlin.", said_at=MAR)
    with tenant_scope(elena.tenant_id):
        forgetting.forget(fact=new, actor=alice.actor)
    assert current(elena) == []
    assert embedded_texts(elena) == {"Lives in Ghent."}
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.count() == 1


def test_a_pinned_fact_leads_and_never_expires(elena: Customer, alice: User) -> None:
    fact = remember(elena, "product", "dock", "Has a dock.", importance=0.1)
    remember(elena, "product", "lamp", "Has a lamp.", importance=0.9)
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=fact.pk).update(
            expires_at=timezone.now() - timedelta(days=1)
        )
        assert current(elena, "product") == ["lamp"]
        facts.set_pinned(fact=reread(fact), pinned=True, user=alice)
        assert [it.value for it in facts.current_facts()] == ["dock", "lamp"]
        facts.set_pinned(fact=reread(fact), pinned=False, user=alice)
    assert current(elena, "product") == ["lamp"]


def test_what_staff_do_is_audited_without_any_value(
    elena: Customer, alice: User
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    with tenant_scope(elena.tenant_id):
        facts.set_pinned(fact=fact, pinned=True, user=alice)
        new = facts.correct(fact=reread(fact), value="Bruges", user=alice)
        facts.retract(fact=new, user=alice)
        forgetting.forget(fact=reread(fact), actor=alice.actor)
        events = list(AuditEvent.objects.order_by("seq"))
    assert [event.action for event in events] == [
        "fact.pin", "fact.correct", "fact.retract", "fact.erase",
    ]  # fmt: skip
    assert {event.actor for event in events} == {f"user:{alice.id}"}
    assert not any("Ghent" in str(vars(event)) for event in events)


def test_the_current_facts_are_read_in_two_queries(
    elena: Customer, django_assert_num_queries: object
) -> None:
    for number in range(6):
        tell(elena, "product", f"thing {number}")
    with (
        customer_scope(elena.tenant_id, elena.id),
        django_assert_num_queries(2),  # type: ignore[operator]
    ):
        for fact in facts.current_facts():
            assert list(fact.evidence.all())
