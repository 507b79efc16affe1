import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Order ID: 5512340987", ("order_id", "5512340987")),
        ("my order number is 5512340987", ("order_id", "5512340987")),
        ("my order #A-20931 hasn't arrived", ("order_id", "A-20931")),
        ("Where is order 5512340987?", ("order_id", "5512340987")),
        ("My account number is AC-99812.", ("account_id", "AC-99812")),
        ("Account ID: 9KXQ2MPL7A", ("account_id", "9KXQ2MPL7A")),
        ("policy number: PX-552310", ("policy_id", "PX-552310")),
        ("my claim number is 778-KL2", ("claim_id", "778-KL2")),
        ("booking reference QX7TR2", ("booking_reference", "QX7TR2")),
        ("the tracking number is 1Z99812X", ("reference", "1Z99812X")),
    ],
)
def test_numbers_are_read_behind_their_label(
    line: str, expected: tuple[str, str]
) -> None:
    assert expected in values(f"C: {line}")


def test_bare_codes_answer_what_was_asked_in_any_order() -> None:
    assert values(
        "A: Could you give me your full name, account ID and order ID?",
        "C: Norma Brandt",
        "C: 8812340021",
        "C: 9KXQ2MPL7A",
    ) == [
        ("customer_name", "Norma Brandt"),
        ("order_id", "8812340021"),
        ("account_id", "9KXQ2MPL7A"),
    ]


def test_an_answered_question_is_closed() -> None:
    found = values("A: The order ID?", "C: 8812340021", "C: I paid 9912340021 cents")
    assert [v for k, v in found if k == "order_id"] == ["8812340021"]


def test_an_answer_comes_a_few_messages_late_but_not_for_ever() -> None:
    lines = ["A: What is your order number?", "C: wait", "C: looking"]
    assert ("order_id", "8812340021") in values(*lines, "C: 8812340021")
    late = [*lines, "C: still", "C: looking", "C: 8812340021"]
    assert "order_id" not in dict(values(*late))


def test_an_agents_remark_leaves_the_question_open() -> None:
    assert values(
        "A: May I have the order ID?", "C: sure", "A: Thanks.", "C: 8812340021"
    ) == [("order_id", "8812340021")]


def test_an_order_is_no_money_and_no_count() -> None:
    assert "order_id" not in dict(values("C: I want to order 12345 dollars of flour"))
    assert "order_id" not in dict(values("C: I ordered 2 lamps"))


def test_a_corrected_order_number_is_added() -> None:
    found = facts("C: Order 5512340987", "C: Sorry, I meant order 5512340988")
    assert [f.value for f in found] == ["5512340987", "5512340988"]
    assert not any(f.single for f in found)


@pytest.mark.parametrize(
    "line", ["I'm a silver member", "i am silver", "My membership level is Silver"]
)
def test_a_member_level_is_claimed(line: str) -> None:
    assert values(f"C: {line}") == [("member_level", "silver")]


def test_a_bare_level_answers_only_its_question() -> None:
    assert values("A: What is your membership level?", "C: Silver") == [
        ("member_level", "silver")
    ]
    assert values("A: Which colour?", "C: Silver") == []


def test_a_question_about_levels_claims_none() -> None:
    assert values("C: How do I become a gold member?") == []
