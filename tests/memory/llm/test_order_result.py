"""Shops tell orders in many forms."""

import json
from typing import Any

import pytest

from memory.llm.assistant.order_result import (
    Order,
    describe,
    parsed_order,
    same_number,
)
from memory.llm.assistant.phrasing import (
    from_first_person,
    from_third_person,
    joined,
    spoken_date,
)

PLAIN = {"order_id": "A-1", "status": "shipped"}


@pytest.mark.parametrize(
    "result",
    [
        PLAIN,
        {"order": PLAIN},
        {"data": {"orders": [{"order_id": "B-2"}, PLAIN]}},
        [{"order_id": "B-2"}, PLAIN],
    ],
)
def test_the_order_is_found_in_its_wrapping(result: Any) -> None:
    order = parsed_order(json.dumps(result), "a1")
    assert order is not None
    assert (order.number, order.status) == ("A-1", "shipped")


@pytest.mark.parametrize(
    "content", ["", "timed out", "[]", "{}", "12", '{"found": false}', '{"error": "x"}']
)
def test_no_order_is_none(content: str) -> None:
    assert parsed_order(content, "A-1") is None


@pytest.mark.parametrize(
    ("fields", "aspects", "expected"),
    [
        ({"status": "OUT_FOR_DELIVERY"}, ["status"], "is out for delivery"),
        ({"status": "customs"}, ["status"], 'has the status "customs"'),
        ({}, ["status"], "status is not"),
        ({"status": "cancelled"}, ["eta"], "the order was cancelled"),
        ({"eta": "tomorrow"}, ["eta"], "It should arrive tomorrow."),
        ({"status": "returned"}, ["address"], "cannot be changed: it was returned"),
        ({}, ["address"], "I cannot see whether"),
        ({}, ["items"], "do not see what is in it"),
        ({"items": [{"name": "lamp", "quantity": 2}]}, ["items"], "holds 2 x lamp"),
        ({"items": ["lamp", "desk", "chair"]}, ["items"], "lamp, desk and chair"),
        ({}, ["tracking"], "do not see a carrier"),
        ({"tracking": "T1"}, ["tracking"], "tracking number T1"),
        ({}, ["total"], "do not see its price"),
    ],
)
def test_each_aspect_is_said_only_from_the_fields(
    fields: dict[str, Any], aspects: list[str], expected: str
) -> None:
    assert expected in describe(Order({"number": "A-1", **fields}), aspects)


def test_numbers_are_the_same_whatever_their_dress() -> None:
    assert same_number("#lf 1182", "LF-1182")
    assert not same_number("LF-1182", "LF-1183")


@pytest.mark.parametrize(
    ("stored", "spoken"),
    [
        ("Lives at 18 Linden Row.", "you live at 18 Linden Row"),
        ("Is a gold member.", "you are a gold member"),
        ("Does not like wool.", "you do not like wool"),
        ("Can be reached at a@b.org.", "you can be reached at a@b.org"),
        ("Studies law.", "you study law"),
        ("Has a dog and walks her daughter's cat.", "you have a dog and walks your"),
        ("The customer prefers e-mail.", "you prefer e-mail"),
        ("The customer\u2019s name is Anna.", "your name is Anna"),
        ("Favourite colour is green.", "your favourite colour is green"),
        ("Reported: the parcel is late.", "you reported: the parcel is late"),
        ("Product: lamp.", ""),
    ],
)
def test_stored_sentences_are_said_to_the_customer(stored: str, spoken: str) -> None:
    said = from_third_person(stored)
    assert said.startswith(spoken) if spoken else not said


def test_what_the_customer_said_is_said_back() -> None:
    said = from_first_person("I've lost my key and I was told to call you about me")
    assert said == "you have lost your key and you were told to call you about you"


def test_dates_and_lists_are_spoken() -> None:
    assert spoken_date("2001-03-04T10:00:00Z") == "4 March 2001"
    assert spoken_date("2001-13-40") == "2001-13-40"
    assert spoken_date("soon") == "soon"
    assert joined(["a"]) == "a"
    assert joined([]) == ""
