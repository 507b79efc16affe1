"""The catalogue: one thing has one key, and each key behaves as it should."""

import pytest

from memory.extraction.keys import CATALOGUE, Value, named, spec
from memory.extraction.keys.names import _ALSO, _NAMES
from memory.extraction.keys.specs import PURPOSES


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("E-Mail", "email"),
        ("emailAddress", "email"),
        ("phone_number", "phone"),
        ("Customer Phone Number", "phone"),
        ("town", "city"),
        ("zip", "zip_code"),
        ("Postcode", "zip_code"),
        ("current_city", "city"),
        ("customer_name", "customer_name"),
        ("customer id", "account_id"),
        ("user_id", "username"),
        ("favouriteTea", "favourite_tea"),
        ("vehicle_brand", "vehicle_brand"),
        ("  ", "note"),
        ("!!!", "note"),
        ("x" * 200, "x" * 80),
    ],
)
def test_every_name_of_a_thing_is_its_key(name: str, key: str) -> None:
    assert named(name) == key
    assert named(named(name)) == key


def test_no_name_is_a_key_or_means_two_keys() -> None:
    assert set(_ALSO) <= set(CATALOGUE)
    assert not set(_NAMES) & set(CATALOGUE)
    assert len(_NAMES) == sum(len(others.split()) for others in _ALSO.values())


def test_a_billing_address_is_not_where_she_lives() -> None:
    assert len({named("address"), named("billing_address"), named("ship_to")}) == 3


def test_what_the_catalogue_says_makes_sense() -> None:
    for key, of in CATALOGUE.items():
        assert of.purpose in PURPOSES, key
        assert of.keep is None or of.keep.days > 0, key
        assert of.kind != "preference" or of.keep is None, key


@pytest.mark.parametrize("topic", ["identity", "contact", "address"])
def test_who_a_customer_is_never_expires(topic: str) -> None:
    of_topic = [of for of in CATALOGUE.values() if of.topic == topic]
    assert of_topic
    assert all(of.keep is None for of in of_topic)


@pytest.mark.parametrize("key", ["shipping_status", "intent", "pending_action"])
def test_what_passes_by_itself_expires(key: str) -> None:
    assert spec(key).keep is not None


def test_money_is_for_billing() -> None:
    for key in ("amount", "payment_method", "invoice_id", "charge_date"):
        assert spec(key).purpose == "billing"


def test_a_relatives_name_is_a_name() -> None:
    assert spec("daughter_name").value is Value.NAME
