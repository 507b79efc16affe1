import pytest

from memory.extraction.contact import same_number
from tests.memory.extraction.dialogues import facts, values


def test_an_email_address_is_kept_in_lower_case_and_quoted_as_written() -> None:
    found = facts("C: Write to Jo.Marsh@Example.org.")
    assert [(f.key, f.value, f.span) for f in found] == [
        ("email", "jo.marsh@example.org", "Jo.Marsh@Example.org")
    ]


@pytest.mark.parametrize(
    ("line", "phone"),
    [
        ("(555) 201-3344 is mine", "(555) 201-3344"),
        ("My phone number is 555-201-3344", "555-201-3344"),
        ("My phone is +32 470 12 34 56.", "+32 470 12 34 56"),
        ("you can reach me at 020 7946 0958", "020 7946 0958"),
    ],
)
def test_telephone_numbers_are_found(line: str, phone: str) -> None:
    assert values(f"C: {line}") == [("phone", phone)]


def test_bare_digits_are_a_telephone_number_only_when_asked_for() -> None:
    assert values("A: What is your phone number?", "C: 5552013344") == [
        ("phone", "5552013344")
    ]
    assert values("A: Your order number?", "C: 5552013344") == [
        ("order_id", "5552013344")
    ]
    assert values("C: It shows 5552013344 on top.") == []


def test_two_spellings_of_one_number_are_the_same() -> None:
    assert same_number("+32470123456", "+32 470 12 34 56")
    assert not same_number("+32470123456", "+32470123457")


def test_someone_elses_address_is_not_the_customers() -> None:
    assert values("C: My wife's email is anna@example.com") == []
    assert values("C: his phone number is 555-201-3344") == []


def test_an_agents_address_is_never_taken() -> None:
    assert values("A: Write to help@shop.example.", "C: ok, I will") == []


def test_an_address_without_its_signs_is_read_from_a_terse_transcript() -> None:
    found = values("C: please send my boarding pass", "C: wanda 52 gmailcom")
    assert ("email", "wanda 52 gmailcom") in found


def test_an_everyday_word_is_no_address() -> None:
    found = values("C: i want a flight", "C: you are welcome to telecom and internet")
    assert "email" not in dict(found)
