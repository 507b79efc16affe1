import pytest

from memory.extraction.secrets import (
    MASK,
    contains_secret,
    is_special,
    mask_secrets,
    passes_luhn,
)
from tests.memory.extraction.dialogues import facts

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"My card is {CARD}, thanks", f"My card is {MASK}, thanks"),
        ("378282246310005 please", f"{MASK} please"),
        ("my password is hunter2", f"my password is {MASK}"),
        ("Password: s3cret!Word", f"Password: {MASK}"),
        ("my pin is 5567", f"my pin is {MASK}"),
        ("the one-time code is 884 211", f"the one-time code is {MASK}"),
        ("SSN 123-45-6789", f"SSN {MASK}"),
        ("it is 123-45-6789", f"it is {MASK}"),
        ("last four of my ssn is 6789", f"last four of my ssn is {MASK}"),
        ("the cvv is 123", f"the cvv is {MASK}"),
        ("name rosa password rosa 123", f"name rosa password {MASK}"),
        ("5411 is the ssn", f"{MASK} is the ssn"),
        ("card 4.57 e 15", f"card {MASK}"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    assert mask_secrets(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "My order is 5512340987",
        "Call me at (555) 201-3344",
        "I forgot my password",
        "Can you reset my password?",
        "I moved on 2026-01-06",
        "It cost $1,299.00",
        "jo@example.org",
        "My account is disabled",
        "My name is Christian Gay",
        "I live in Church Street",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text
    assert not contains_secret(text)


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
    assert contains_secret(answer, question)
    assert not contains_secret(answer)
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
    assert is_special(text)
    assert contains_secret(text)
    assert facts(f"C: {text}") == []


def test_the_check_digit_of_cards() -> None:
    assert passes_luhn(CARD)
    assert not passes_luhn("4111 1111 1111 1112")


def test_a_card_with_a_slip_of_the_pen_is_still_a_card_beside_that_word() -> None:
    assert mask_secrets("credit card 4111 1111 1111 1112") == f"credit card {MASK}"


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
