from datetime import UTC, datetime

import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "product"),
    [
        ("I bought a laptop last week", "laptop"),
        ("I ordered the blue rain jacket", "blue rain jacket"),
        ("The Dyson vacuum is loud.", "Dyson vacuum"),
        ("tell me about levis jeans", "levis jeans"),
        ("Do you have Calvin Klein boots?", "Calvin Klein boots"),
    ],
)
def test_products_are_named_by_brand_or_bought(line: str, product: str) -> None:
    assert ("product", product) in values(f"C: {line}")


def test_a_product_answers_the_question_for_it() -> None:
    found = values("A: Which item would you like to return?", "C: the blue jacket")
    assert found == [("product", "blue jacket")]


def test_the_fuller_name_of_a_product_replaces_the_shorter() -> None:
    found = values("C: I bought a jacket.", "C: I bought a red jacket.")
    assert [v for k, v in found if k == "product"] == ["red jacket"]


def test_someone_elses_purchase_is_not_the_customers() -> None:
    assert values("C: I think she bought a jacket.") == []


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("It says in transit", "in transit"),
        ("Out for Delivery", "out for delivery"),
        ("it's delivered", "delivered"),
    ],
)
def test_the_status_is_what_the_customer_reads(reply: str, status: str) -> None:
    found = values("A: What is the shipping status?", f"C: {reply}")
    assert found == [("shipping_status", status)]


def test_what_has_not_been_delivered_has_no_such_status() -> None:
    found = values("A: What is the order status?", "C: It hasn't been delivered")
    assert "shipping_status" not in dict(found)


def test_a_purchase_is_dated_from_the_day_of_the_message() -> None:
    [bought] = facts("A: Any details?", "C: I bought it in November.")
    assert (bought.kind, bought.key, bought.value) == (
        "event",
        "purchase_date",
        "November",
    )
    assert bought.event_at == datetime(2025, 11, 1, tzinfo=UTC)


def test_a_bare_date_answers_when_it_was_bought() -> None:
    [bought] = facts("A: When did you purchase the item?", "C: 2026-01-06")
    assert bought.event_at == datetime(2026, 1, 6, tzinfo=UTC)


def test_the_kind_of_payment_is_kept_and_no_number() -> None:
    found = facts("C: I paid with my credit card 4111 1111 1111 1111")
    assert [(f.key, f.value) for f in found] == [("payment_method", "credit card")]


def test_the_plan_she_is_on() -> None:
    assert values("C: I'm on the Premium plan.") == [("plan", "Premium")]


def test_a_kind_of_payment_answers_its_question() -> None:
    assert values("A: How did you pay?", "C: credit card") == [
        ("payment_method", "credit card")
    ]


@pytest.mark.parametrize("reply", ["awesome", "Yep, Mel!", "I think so", "no idea"])
def test_chatter_answers_no_question_for_a_product(reply: str) -> None:
    assert values("A: Which item did you order?", f"C: {reply}") == []
