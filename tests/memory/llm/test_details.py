"""What can be looked up in a text, whichever way it is written."""

import time

import pytest

from memory.llm.details import capitals_mark_names, details, says


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("on 14 March", "14/03"),
        ("on March 14th, 2026", "2026-03-14"),
        ("the 3rd of April", "3.4.2026"),
        ("14 Mar", "March 14"),
        ("two lamps", "2 pieces"),
        ("€1,234.50", "1234.50 EUR"),
        ("1.234,50 €", "1234.5"),
        ("€84.00", "84"),
        ("at 3 pm", "at 15:00"),
        ("12:30 am", "0:30"),
        ("order #1182", "1182"),
        ("LF-20418", "lf20418"),
        ("+44 7700 900321", "+447700900321"),
        ("by Friday", "on Fri at the latest"),
        ("Write to ELENA@example.org.", "elena@example.org"),
    ],
)
def test_a_detail_is_the_same_in_another_form(one: str, other: str) -> None:
    assert details(one, names=False).keys() == details(other, names=False).keys() != ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("14 March", "15 March"),
        ("3 pm", "3 am"),
        ("LF-20418", "LF-20419"),
        ("€84", "€840"),
        ("1.5 kg", "15 kg"),
        ("Monday", "Sunday"),
    ],
)
def test_another_detail_is_not_the_same(one: str, other: str) -> None:
    assert not details(one).keys() & details(other).keys()


def test_a_detail_is_shown_as_it_was_written() -> None:
    found = details("I bought two lamps on 14 March for Elena Marsh in Ghent.")
    assert set(found.values()) == {"two lamps", "14 March", "Elena Marsh", "Ghent"}


def test_a_date_is_not_a_number_as_well() -> None:
    assert list(details("14 March")) == ["date:3-14"]


@pytest.mark.parametrize("text", ["I may go.", "Please help me.", "", "It was Fine?"])
def test_ordinary_words_are_no_details(text: str) -> None:
    assert details(text.lower()) == {}


def test_names_are_found_in_whatever_order_a_summary_has_them() -> None:
    wanted = details("Ask for Elena Marsh")
    text = "Marsh (first name Elena) called."
    assert says(text, wanted, own=details(text)) == set(wanted)
    assert says("Elena called.", wanted, own=()) == set()


def test_where_every_noun_has_a_capital_capitals_mark_no_names() -> None:
    german = ["Ich habe die Lampe am Montag bei Ihnen im Laden in Gent gekauft."]
    assert not capitals_mark_names(german)
    assert capitals_mark_names(["I live in Ghent and my lamp is broken."])


def test_hostile_text_takes_no_time() -> None:
    started = time.perf_counter()
    for text in ("1 " * 5_000, "1-" * 5_000, "A" * 9_000, "a@" * 5_000, "Aa " * 3_000):
        details(text)
    assert time.perf_counter() - started < 2
