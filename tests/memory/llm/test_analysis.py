"""Topics, entities, sentiment and open ends of conversations."""

import pytest

from memory.llm.analysis import analyse
from memory.llm.types import Analysis

pytestmark = pytest.mark.usefixtures("embedded")


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The courier never brought my box.", "delivery"),
        ("I'd like to send these shoes back.", "return"),
        ("You took the money from my card two times.", "billing"),
        ("I can't sign in to my profile.", "account"),
        ("The cup was shattered when I opened the box.", "defect"),
        ("Please cancel my monthly subscription.", "subscription"),
        ("I'm really unhappy with how your staff treated me.", "complaint"),
    ],
)
def test_a_sentence_finds_its_topic(text: str, topic: str) -> None:
    assert analyse([("Customer", text)]).topics[:1] == (topic,)


def test_small_talk_has_no_topic() -> None:
    assert analyse([("Customer", "The cats slept all day in the sun.")]).topics == ()


def test_entities_come_as_written_and_without_secrets() -> None:
    found = analyse(
        [
            ("Customer", "Order LF-1182 for Anna Vos, anna@example.org, was €84."),
            (
                "Customer",
                "My card 4111 1111 1111 1111 was charged on 3 March in Ghent.",
            ),
        ]
    ).entities
    assert set(found) == {
        "LF-1182", "Anna Vos", "anna@example.org", "€84", "3 March", "Ghent"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "sentiment"),
    [
        (["This is terrible, I am very disappointed."], "negative"),
        (["I am not happy with this."], "negative"),
        (["It arrived broken.", "Perfect, that is a great solution."], "positive"),
        (["Where is my parcel?", "Thanks."], "neutral"),
    ],
)
def test_sentiment_is_the_customers_and_the_ending_counts_more(
    texts: list[str], sentiment: str
) -> None:
    turns = [("Customer", text) for text in texts]
    turns.insert(1, ("Agent", "That is awful and terrible."))
    assert analyse(turns).sentiment == sentiment


def test_a_promise_is_pending_until_it_is_reported_done() -> None:
    turns = [
        ("Customer", "My lamp is broken."),
        ("Agent", "We will send you a new lamp tomorrow."),
    ]
    assert analyse(turns).pending_actions == (
        "Agent: We will send you a new lamp tomorrow.",
    )
    turns.append(("Agent", "The new lamp has been sent to you."))
    assert analyse(turns).pending_actions == ()


def test_a_promise_for_this_conversation_ends_with_the_next_answer() -> None:
    turns = [("Agent", "I will check that for you.")]
    assert analyse(turns).pending_actions == ("Agent: I will check that for you.",)
    turns += [("Customer", "Fine."), ("Agent", "The code is valid for seven days.")]
    assert analyse(turns).pending_actions == ()


def test_an_unanswered_request_is_pending() -> None:
    turns = [("Agent", "Hello."), ("Customer", "I need an invoice for order 1182.")]
    assert analyse(turns).pending_actions == (
        "Customer: I need an invoice for order 1182.",
    )
    turns.append(("Agent", "The invoice is in your account."))
    assert analyse(turns).pending_actions == ()


def test_nothing_said_has_nothing_to_it() -> None:
    assert analyse([]) == Analysis()
