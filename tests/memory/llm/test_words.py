"""Reading and cleaning sentences."""

import pytest

from memory.llm.filler import is_filler
from memory.llm.sentences import labelled_sentences
from memory.llm.words import content_words, split_sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It broke. I want €84.50 back!", ["It broke.", "I want €84.50 back!"]),
        ("Mr. Smith called. Order No. 5 is late.",
         ["Mr. Smith called.", "Order No. 5 is late."]),
        ("line one\nline two", ["line one", "line two"]),
        ("  ", []),
    ],
)  # fmt: skip
def test_sentences_are_split_where_they_end(text: str, parts: list[str]) -> None:
    assert split_sentences(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "thanks so much",
        "Hi John",
        "Ok, great.",
        "How can I help you today?",
        "…",
    ],
)
def test_filler_is_known(text: str) -> None:
    assert is_filler(text)


@pytest.mark.parametrize(
    "text", ["Ok, 1182", "My lamp broke", "Ghent", "Yes, in blue", "No, Thursday"]
)
def test_what_says_something_is_no_filler(text: str) -> None:
    assert not is_filler(text)


def test_a_bare_answer_keeps_its_question() -> None:
    turns = [("Agent", "May I have your order number, please?"), ("Customer", "1182")]
    assert labelled_sentences(turns)[-1].text == "(order number) 1182"


def test_content_words_match_across_plural_and_apostrophe() -> None:
    assert content_words("My lamps\u2019 screens") == content_words("the lamp screen")
