"""The embedded summariser on support conversations."""

import pytest

from memory.llm.summary import summarise
from memory.llm.tokens import count_tokens

pytestmark = pytest.mark.usefixtures("embedded")

TURNS = [
    ("Customer", "Hello there! My lamp from order LF-1182 arrived broken."),
    ("Agent", "Oh no, I am sorry. Could you tell me your membership level?"),
    ("Customer", "Gold"),
    ("Agent", "Thank you. One moment please."),
    ("Agent", "I will refund €84 to your account by Friday."),
    ("Customer", "My card is 4111 1111 1111 1111 and my password is hunter22."),
    ("Customer", "Thanks!"),
]


def long_conversation() -> list[tuple[str, str]]:
    return [
        ("Customer", f"On day {day} the router number {day} lost its connection again.")
        if day % 2
        else ("Agent", f"Please restart router number {day} and wait ten minutes.")
        for day in range(1, 80)
    ]


def test_a_summary_quotes_who_said_what_in_order() -> None:
    assert summarise(TURNS) == (
        "Customer: My lamp from order LF-1182 arrived broken. (membership level) Gold."
        " Agent: I will refund €84 to your account by Friday."
    )


@pytest.mark.parametrize("limit", [5, 12, 40, 200])
def test_the_token_limit_holds_exactly(limit: int) -> None:
    text = summarise(long_conversation(), max_tokens=limit)
    assert 0 < count_tokens(text) <= limit


def test_a_tight_limit_keeps_problem_and_promise_rather_than_chatter() -> None:
    chatter = [("Customer", "The weather is nice in Ghent these days, is it not.")] * 3
    text = summarise([*chatter, *TURNS], max_tokens=40)
    assert "arrived broken" in text
    assert "refund €84" in text


def test_secrets_never_reach_a_summary() -> None:
    text = summarise(TURNS)
    assert "4111" not in text
    assert "hunter22" not in text


def test_a_prior_summary_lives_on() -> None:
    prior = summarise(TURNS)
    later = [("Customer", "The refund has come. Now I want a green lamp.")]
    text = summarise(later, prior=prior)
    assert "LF-1182 arrived broken" in text
    assert text.endswith("Customer: The refund has come. Now I want a green lamp.")


def test_a_prior_summary_without_labels_is_kept_as_it_stands() -> None:
    prior = "Anna returned a lamp in March. She was promised €84."
    assert summarise([], prior=prior) == prior


def test_the_same_input_gives_the_same_text() -> None:
    assert summarise(long_conversation()) == summarise(long_conversation())


def test_what_is_said_twice_is_kept_once() -> None:
    turns = [("Customer", "The screen is cracked.")] * 2
    assert summarise(turns) == "Customer: The screen is cracked."


@pytest.mark.parametrize("turns", [[], [("Customer", "Hi!"), ("Agent", "Hello.")]])
def test_nothing_said_makes_no_summary(turns: list[tuple[str, str]]) -> None:
    assert summarise(turns) == ""


def test_hundreds_of_sentences_are_shortlisted_first() -> None:
    turns = [("Customer", f"Item {n} of my list is still open.") for n in range(450)]
    turns.append(("Agent", "We will send all items by 12 May."))
    assert "12 May" in summarise(turns, max_tokens=60)
