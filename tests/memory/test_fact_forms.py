"""What the one door to memory makes of a candidate, whoever proposes it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from memory import facts
from memory.models import Evidence, Fact
from tests.memory.remembered import remember, tell

pytestmark = pytest.mark.usefixtures("rows")

JAN, FEB, MAR = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def only(customer: Customer, key: str) -> Fact:
    with customer_scope(customer.tenant_id, customer.id):
        fact: Fact = facts.current_facts().get(key=key)
        return fact


def test_a_value_stays_as_it_was_said_beside_its_own_form(elena: Customer) -> None:
    tell(elena, "email", "Elena.Marsh@Example.org")
    fact = only(elena, "email")
    assert (fact.value, fact.normal) == (
        "Elena.Marsh@Example.org",
        "elena.marsh@example.org",
    )


def test_a_key_that_a_model_invented_is_the_catalogues(elena: Customer) -> None:
    tell(elena, "town", "Ghent", said_at=JAN, single=False)
    moved = tell(elena, "current_city", "Berlin", said_at=FEB, single=False)
    assert moved.outcome == "superseded"
    assert only(elena, "city").value == "Berlin"


def test_a_free_key_is_as_its_candidate_says(elena: Customer) -> None:
    tell(elena, "favourite_tea", "green", said_at=JAN, single=True)
    assert tell(elena, "favourite_tea", "black", single=True).outcome == "superseded"
    tell(elena, "instrument", "cello", said_at=JAN)
    assert tell(elena, "instrument", "piano").outcome == "added"


def test_a_fact_has_the_purpose_of_its_key(elena: Customer) -> None:
    tell(elena, "payment_method", "credit card")
    tell(elena, "city", "Ghent")
    assert only(elena, "payment_method").purpose == "billing"
    assert only(elena, "city").purpose == "support"


def test_what_passes_by_itself_is_not_current_for_ever(elena: Customer) -> None:
    long_ago = timezone.now() - timedelta(days=100)
    tell(elena, "shipping_status", "out for delivery", said_at=long_ago)
    tell(elena, "customer_name", "Elena Marsh", said_at=long_ago)
    with customer_scope(elena.tenant_id, elena.id):
        assert [f.key for f in facts.current_facts()] == ["customer_name"]
        assert Fact.objects.get(key="customer_name").expires_at is None


def test_said_again_it_is_believed_longer(elena: Customer) -> None:
    long_ago = timezone.now() - timedelta(days=100)
    tell(elena, "shipping_status", "out for delivery", said_at=long_ago)
    again = tell(elena, "shipping_status", "Out for delivery")
    assert again.outcome == "merged"
    assert only(elena, "shipping_status").valid_from == long_ago


def test_a_number_is_read_by_the_customers_country(elena: Customer) -> None:
    tell(elena, "country", "Germany", said_at=JAN)
    tell(elena, "phone", "0170 1234567", said_at=FEB)
    assert only(elena, "country").normal == "DE"
    assert only(elena, "phone").normal == "+491701234567"


def test_a_state_of_the_union_is_a_country_too(elena: Customer) -> None:
    tell(elena, "state", "Ohio", said_at=JAN)
    tell(elena, "phone", "(937) 625-2661", said_at=FEB)
    assert only(elena, "phone").normal == "+19376252661"


def test_a_correction_has_its_form_and_says_who_made_it(
    elena: Customer, alice: User
) -> None:
    fact = remember(elena, "email", "elena@example.com", "Can be reached.")
    with tenant_scope(elena.tenant_id):
        new = facts.correct(fact=fact, value="Elena@Example.org", user=alice)
    assert (new.normal, new.made_by) == ("elena@example.org", "staff")


def test_a_name_may_be_corrected_by_its_accents(elena: Customer, alice: User) -> None:
    fact = remember(elena, "customer_name", "Jan Dvorak", "Is called Jan Dvorak.")
    with tenant_scope(elena.tenant_id):
        facts.correct(fact=fact, value="Jan Dvořák", user=alice)
    assert only(elena, "customer_name").value == "Jan Dvořák"


# --- Valid time -----------------------------------------------------------------------


def test_what_is_undated_holds_from_its_message_on(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=FEB)
    fact = only(elena, "city")
    assert fact.valid_from == FEB
    assert timezone.now() - fact.recorded_at < timedelta(minutes=1)


def test_it_holds_since_when_she_says(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=MAR, valid_from=JAN)
    assert only(elena, "city").valid_from == JAN


def test_what_it_replaced_ended_when_it_began(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    tell(elena, "city", "Berlin", said_at=MAR, valid_from=FEB)
    with customer_scope(elena.tenant_id, elena.id):
        old = Fact.objects.get(value="Ghent")
    assert (old.valid_from, old.valid_to) == (JAN, FEB)
    assert only(elena, "city").valid_from == FEB


def test_two_cities_are_never_true_at_once(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=FEB)
    tell(elena, "city", "Berlin", said_at=MAR, valid_from=JAN)
    with customer_scope(elena.tenant_id, elena.id):
        old = Fact.objects.get(value="Ghent")
    assert (old.valid_from, old.valid_to) == (FEB, MAR)
    assert only(elena, "city").valid_from == MAR


def test_told_again_with_its_date_it_holds_since_then(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=FEB)
    tell(elena, "city", "ghent", said_at=MAR, valid_from=JAN)
    assert only(elena, "city").valid_from == JAN


def test_what_is_told_late_does_not_undo_what_was_said_since(elena: Customer) -> None:
    tell(elena, "city", "Berlin", said_at=MAR, valid_from=JAN)
    tell(elena, "city", "Ghent", said_at=FEB)
    assert only(elena, "city").value == "Berlin"


def test_it_ended_when_she_says(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    tell(elena, "city", "Ghent", said_at=MAR, polarity="end", valid_to=FEB)
    with customer_scope(elena.tenant_id, elena.id):
        assert Fact.objects.get(key="city").valid_to == FEB


# --- Whose word it is -----------------------------------------------------------------


@pytest.mark.parametrize("source", ["customer", "agent"])
def test_evidence_says_who_said_it(elena: Customer, source: str) -> None:
    tell(elena, "email", "elena@example.org", source=source)
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.get().author == source
    assert only(elena, "email").source == source


def test_what_staff_confirm_is_their_word_with_both_as_evidence(
    elena: Customer,
) -> None:
    tell(elena, "email", "elena@example.org", said_at=JAN)
    tell(elena, "email", "Elena@example.org", said_at=FEB, source="agent")
    assert only(elena, "email").source == "agent"
    with customer_scope(elena.tenant_id, elena.id):
        assert set(Evidence.objects.values_list("author", flat=True)) == {
            "customer", "agent",
        }  # fmt: skip
