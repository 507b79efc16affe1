"""What memory refuses makes no fact, whoever asked for it and however it is said."""

import pytest

from memory.refusals import asked_for, mentions_special, secrets
from tests.memory.extraction.dialogues import facts


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What are the last four digits of your SSN?", "6789"),
        ("What's your PIN?", "556712"),
        ("May I have your password?", "bluebird"),
        ("Your social security number?", "123456789"),
        ("What's the expiration date on your card?", "5/21"),
        ("Please tell me the verification code", "884211"),
        ("Your mother's maiden name?", "Hartmann"),
    ],
)
def test_what_answers_a_question_for_a_secret_is_one(
    question: str, answer: str
) -> None:
    assert secrets(answer, asked_for(question))
    assert not secrets(answer)
    assert facts(f"A: {question}", f"C: {answer}") == []


def test_other_answers_beside_a_secret_are_kept() -> None:
    found = facts(
        "A: Your full name, zip code and the last four of your social?",
        "C: John Smith, 45402, 9911",
    )
    assert [(f.key, f.value) for f in found] == [
        ("customer_name", "John Smith"),
        ("zip_code", "45402"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "I'm diabetic and need the parcel soon",
        "I was diagnosed with asthma",
        "I'm vegetarian and I like tofu",
        "I'm a Muslim",
        "I love my church",
        "I have depression",
        "I am pregnant",
        "I voted for the mayor",
    ],
)
def test_special_categories_make_no_fact(text: str) -> None:
    assert mentions_special(text)
    assert facts(f"C: {text}") == []


@pytest.mark.parametrize(
    "lines",
    [
        ["C: i want to claim travel expenses", "C: rosa 145263", "C: 125 usd"],
        ["C: i lost my credit card", "C: rosa brandt", "C: 6789", "C: 545 e 15"],
        ["C: my card was stolen", "C: rosa", "C: ssn 6789 card 4242111122223333"],
        ["C: i need some keyboards", "C: rosa musicals password rosa 145"],
        ["C: check my account balance", "C: rosa", "C: 6789"],
    ],
)
def test_no_secret_comes_out_of_a_terse_transcript(lines: list[str]) -> None:
    told = " ".join(f"{f.value} {f.text}" for f in facts(*lines))
    for secret in ("145263", "6789", "545 e 15", "4242111122223333", "rosa 145"):
        assert secret not in told


@pytest.mark.parametrize(
    ("question", "answer", "kept"),
    [
        ("Your phone number and SSN?", "123-45-6789", []),
        ("Username and password?", "ifalk7 bluebird9", [("username", "ifalk7")]),
        (
            "The account number and PIN?",
            "9KXQ2MPL7A and my pin is 99-8877-A",
            [("account_id", "9KXQ2MPL7A")],
        ),
        ("Your order ID and card number?", "4111111111111111", []),
    ],
)
def test_a_secret_is_not_taken_for_the_other_answer(
    question: str, answer: str, kept: list[tuple[str, str]]
) -> None:
    found = facts(f"A: {question}", f"C: {answer}")
    assert [(f.key, f.value) for f in found] == kept


def test_a_secret_asked_for_stays_one_after_a_remark_of_the_desk() -> None:
    lines = ("A: Your phone number and SSN?", "C: one sec", "A: Sure.")
    assert facts(*lines, "C: 123456789") == []
