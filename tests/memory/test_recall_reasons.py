"""Why something was recalled: in words, in numbers, and which words are common."""

import json
from typing import Any
from uuid import uuid4

import pytest

from memory.recall import Reasons
from memory.recall.common_words import common_words
from memory.recall.wording import label, sentence


def reasons(**changes: Any) -> Reasons:
    values: dict[str, Any] = {
        "similarity": 0.1,
        "vector_rank": 4,
        "keyword_rank": None,
        "freshness": 1.0,
    }
    return Reasons(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Close to the question"),
        ({"similarity": 0.62}, "Similar meaning"),
        ({"similarity": 0.35}, "Related meaning"),
        ({"similarity": 0.62, "vector_rank": None}, "Close to the question"),
        ({"keyword_rank": 1}, "Same words"),
        ({"keyword_rank": 1, "terms": ("order", "lf-20418")},
         "Same words: order, lf-20418"),
        ({"parts": {"answer": 0.4}}, "Holds what is asked for"),
        ({"parts": {"period": 0.2}}, "From the time that the question names"),
        ({"freshness": 0.2}, "Said long ago, which counts against it"),
        ({"parts": {"outdated": 0.6}}, "Outdated since"),
        ({"similarity": 0.7, "second_pass": True},
         "Similar meaning · found at a second look"),
        ({"keyword_rank": 2, "similarity": 0.5, "parts": {"newest": 1.0}},
         "Same words · similar meaning"),
    ],
)  # fmt: skip
def test_the_sentence_says_in_plain_words_what_spoke_for_it(
    changes: dict[str, Any], said: str
) -> None:
    assert reasons(**changes).sentence() == said


def test_the_words_as_they_are_written_come_before_their_stems() -> None:
    found = reasons(keyword_rank=1, terms=("deliveri",))
    assert sentence(found, ["deliveries"]) == "Same words: deliveries"
    assert sentence(found, []) == "Next to the same words"
    many = sentence(found, ["a", "b", "c", "d", "e"])
    assert many == "Same words: a, b, c, d"


def test_a_part_that_nobody_named_yet_can_be_read() -> None:
    assert label("meaning") == "Meaning"
    assert label("said_by_whom") == "Said by whom"


def test_what_is_stored_are_numbers_and_none_of_the_words() -> None:
    found = reasons(similarity=0.123456, terms=("canary",), parts={"meaning": 0.987654})
    stored = json.loads(json.dumps(found.as_json()))
    assert "canary" not in json.dumps(stored)
    assert stored["parts"] == {"meaning": 0.9877}
    again = Reasons.from_json(stored)
    assert again == reasons(similarity=0.1235, parts={"meaning": 0.9877})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("When are my deliveries?", "Every delivery came late.", ("delivery",)),
        ("What about LF-20418?", "Order LF-20418 has no cable", ("LF-20418",)),
        ("my orders", "Order one, order two", ("Order",)),
        ("Is the a of", "The a of is", ()),
        ("", "Anything", ()),
        ("parcel", "\ue000evil\ue001 parcel", ("parcel",)),
        ("write to ada@shop.example", "ada@shop.example", ("ada@shop.example",)),
    ],
)
def test_common_words_are_shown_as_the_memory_writes_them(
    question: str, text: str, words: tuple[str, ...]
) -> None:
    found = common_words(question, {(ref := uuid4()): text})
    assert found.get(ref, ()) == words


@pytest.mark.django_db
def test_without_a_text_nothing_is_asked(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert common_words("parcel", {}) == {}
