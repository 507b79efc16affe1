from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.templatetags import ui


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Elena Marsh", "EM"),
        ("Minh Khoa Tran", "MT"),
        ("Cher", "C"),
        ("42", "?"),
        ("", "?"),
    ],
)
def test_an_avatar_shows_one_or_two_letters(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_person_has_the_same_tint_on_every_page() -> None:
    assert ui.avatar_tone("Elena") == ui.avatar_tone("Elena")
    assert {ui.avatar_tone(str(n)) for n in range(50)} == set(ui.AVATAR_TONES)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=4, seconds=5), "4m"),
        (timedelta(hours=3), "3h"),
        (timedelta(days=2), "2d"),
    ],
)
def test_recent_times_are_said_relatively(age: timedelta, text: str) -> None:
    assert ui.ago(timezone.now() - age) == text


def test_an_old_date_carries_its_year() -> None:
    last_year = timezone.now().replace(month=3, day=14) - timedelta(days=366)
    assert ui.ago(last_year).endswith(str(last_year.year))
    assert ui.short_date(None) == ui.ago(None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "40 s"), (725, "12 min"), (83_000, "23 h"), (3e5, "3 d")],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds: int, text: str) -> None:
    assert ui.span(seconds) == text


def test_shares_are_svg_lengths_and_never_leave_the_bar() -> None:
    assert [ui.percent(x) for x in (0.125, -1, 7)] == ["12.50%", "0.00%", "100.00%"]


def test_evidence_is_marked_and_everything_else_escaped() -> None:
    text = "I live at <b>18 Linden Row</b>, Ghent."
    assert ui.marked(text, ["18 Linden Row"]) == (
        "I live at &lt;b&gt;<mark>18 Linden Row</mark>&lt;/b&gt;, Ghent."
    )


def test_overlapping_evidence_becomes_one_mark() -> None:
    assert ui.marked("18 Linden Row", ["18 Linden", "Linden Row"]) == (
        "<mark>18 Linden Row</mark>"
    )


def test_evidence_that_is_not_in_the_text_marks_nothing() -> None:
    assert ui.marked("Hello", ["Goodbye", ""]) == "Hello"


def test_confidence_is_drawn_as_five_marks_and_a_number() -> None:
    html = ui.confidence(0.81)
    assert html.count('class="on"') == 4
    assert "81%" in html
