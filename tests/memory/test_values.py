"""Values in their own form: one thing, however it was written."""

from datetime import UTC, datetime

import pytest

from memory.extraction.keys import Value
from memory.values import Said, folded, normal

NOON = Said(datetime(2026, 11, 21, 12, tzinfo=UTC))
IN_AMERICA = Said(NOON.at, "US")
IN_GERMANY = Said(NOON.at, "DE")


@pytest.mark.parametrize(
    ("value", "said", "form"),
    [
        ("+49 170 1234567", NOON, "+491701234567"),
        ("0170 1234567", IN_GERMANY, "+491701234567"),
        ("(977) 625-2661", IN_AMERICA, "+19776252661"),
        ("+44 20 7946 0958", IN_AMERICA, "+442079460958"),
        ("(977) 625-2661", NOON, "9776252661"),
        ("12345", IN_AMERICA, "12345"),
        ("no phone", NOON, ""),
    ],
)
def test_telephone_numbers(value: str, said: Said, form: str) -> None:
    assert normal(Value.PHONE, value, said) == form


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2024-5-1", "2024-05-01"),
        ("12 May 2024", "2024-05-12"),
        ("May 12, 2024", "2024-05-12"),
        ("1er mars 2025", "2025-03-01"),
        ("3. Mai 2024", "2024-05-03"),
        ("31.12.2025", "2025-12-31"),
        ("12/31/2025", "2025-12-31"),
        # What is left out stays out.
        ("March 2025", "2025-03"),
        ("2024", "2024"),
        ("12 May", "--05-12"),
        ("may 5th", "--05-05"),
        ("yesterday", "2026-11-20"),
        ("last month", "2026-10"),
        ("last year", "2025"),
        ("last week", "2026-W46"),
        # What is not plain has no form.
        ("03/04/2025", ""),
        ("the 5th", ""),
        ("30 February 2024", ""),
        ("soon", ""),
    ],
)
def test_dates(value: str, form: str) -> None:
    assert normal(Value.DATE, value, NOON) == form


def test_a_country_settles_the_order_of_day_and_month() -> None:
    assert normal(Value.DATE, "03/04/2025", IN_AMERICA) == "2025-03-04"
    assert normal(Value.DATE, "03/04/2025", IN_GERMANY) == "2025-04-03"


def test_a_day_that_is_counted_from_nowhere_has_no_form() -> None:
    assert normal(Value.DATE, "yesterday") == ""
    assert normal(Value.DATE, "12 May 2024") == "2024-05-12"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("$49.90", "49.90 $"),
        ("49,90 €", "49.90 EUR"),
        ("1.299,00 EUR", "1299 EUR"),
        ("1,299 dollars", "1299 $"),
        ("2k dollars", "2000 $"),
        ("rs 500", "500 INR"),
        ("500 rupees", "500 INR"),
        ("£5", "5 GBP"),
        ("40", "40"),
        ("between 20 and 30 dollars", ""),
        ("a lot", ""),
    ],
)
def test_sums_of_money(value: str, form: str) -> None:
    assert normal(Value.MONEY, value) == form


@pytest.mark.parametrize(
    ("sort", "value", "form"),
    [
        (Value.EMAIL, "Ida.Falk@Example.ORG", "ida.falk@example.org"),
        (Value.EMAIL, "ida at example", ""),
        (Value.CODE, "ab-12 34", "AB1234"),
        (Value.CODE, "0-306-40615-2", "9780306406157"),
        (Value.CODE, "DE 136,695 976", "DE136695976"),
        (Value.CODE, "the first one", ""),
        (Value.POSTAL_CODE, "sw1a 1aa", "SW1A1AA"),
        (Value.POSTAL_CODE, "454021234", "45402-1234"),
        (Value.POSTAL_CODE, "1012 ab", "1012AB"),
        (Value.STATE, "ohio", "OH"),
        (Value.STATE, "Oh", "OH"),
        (Value.STATE, "Bavaria", ""),
        (Value.COUNTRY, "the Netherlands", "NL"),
        (Value.COUNTRY, "UK", "GB"),
        (Value.COUNTRY, "in", ""),
        (Value.LANGUAGE, "to write in German", "de"),
        (Value.LANGUAGE, "English or French", ""),
        (Value.TIME, "3pm", "15:00"),
        (Value.TIME, "12 am", "00:00"),
        (Value.TIME, "15:30", "15:30"),
        (Value.TIME, "at 9", ""),
        (Value.COUNT, "two", "2"),
        (Value.COUNT, "one or two", ""),
        (Value.TEXT, "Whatever", ""),
        (Value.NAME, "Ida", ""),
    ],
)
def test_the_other_forms(sort: Value, value: str, form: str) -> None:
    assert normal(sort, value) == form


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("9 Elm Ct.", "9 elm court"),
        ("Torstr. 5", "Torstraße 5"),
        ("12 St John's Rd", "12 st johns road"),
    ],
)
def test_one_street_in_two_spellings(left: str, right: str) -> None:
    assert normal(Value.STREET, left) == normal(Value.STREET, right)


@pytest.mark.parametrize("sort", list(Value))
@pytest.mark.parametrize(
    "value", ["", " ", "\0", "😀", "١٢٣", "x" * 5_000, "$", "+", "//"]
)
def test_no_form_breaks_on_what_people_write(sort: Value, value: str) -> None:
    assert isinstance(normal(sort, value, NOON), str)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("The  Blue Lamp!", "blue lamp", True),
        ("Dvořák", "dvorak", True),
        ("don\u2019t", "don't", True),
        ("3.5", "35", False),
        ("C++", "C", False),
        ("😀", "😡", False),
    ],
)
def test_words_are_compared_without_what_makes_no_difference(
    left: str, right: str, same: bool
) -> None:
    assert (folded(left) == folded(right)) is same
