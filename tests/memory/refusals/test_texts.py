"""Every secret of the list is taken out, and nothing of ordinary talk."""

import re
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from memory.refusals import (
    has_mark,
    masked,
    masked_texts,
    masked_turns,
    mentions_special,
    secrets,
    special,
    without_marks,
)
from memory.refusals.cards import passes_luhn
from memory.types import Turn
from tests.memory.refusals.texts import ORDINARY, SECRETS, SPECIAL, told

CARD = "4111 1111 1111 1111"


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(told(SECRETS)) >= 150
    assert len(told(SPECIAL)) >= 60
    assert len(told(ORDINARY)) >= 200


@pytest.mark.parametrize(("asked", "text"), told(SECRETS))
def test_a_secret_is_taken_out_and_the_words_around_it_stay(
    asked: str, text: str
) -> None:
    kept = masked(re.sub(r"[{}]", "", text), asked)
    assert has_mark(kept)
    for secret in re.findall(r"\{(.*?)\}", text):
        assert secret not in without_marks(kept)
    around = re.sub(r"\{.*?\}", "", text).split()
    assert all(word in kept for word in around if len(word) > 3)
    # What was taken out is not taken out again.
    assert masked(kept, asked) == kept


@pytest.mark.parametrize(("_asked", "text"), told(SPECIAL))
def test_what_states_a_special_category_is_taken_out(_asked: str, text: str) -> None:
    assert special(text)
    assert mentions_special(text)
    assert masked(text) != text


@pytest.mark.parametrize(("asked", "text"), told(ORDINARY))
def test_ordinary_talk_stays_as_it_is(asked: str, text: str) -> None:
    assert masked(text, asked) == text


def test_what_an_order_needs_stays_beside_what_is_taken_out() -> None:
    kept = masked("I'm diabetic and need order LF-20418 by Friday")
    assert (
        kept
        == "\u2022\u2022\u2022 (health, not kept) and need order LF-20418 by Friday"
    )


def test_the_mark_says_what_was_there() -> None:
    assert masked(f"my card is {CARD}") == (
        "my card is \u2022\u2022\u2022 (card number, not kept)"
    )


@pytest.mark.parametrize(
    "said",
    [
        [(True, "my card starts with 4111 1111"), (True, "1111 1111")],
        [(True, "4111"), (True, "1111"), (True, "1111"), (True, "1111")],
        [
            (True, "it is 4111 1111 1111"),
            (False, "And the last four?"),
            (True, "and then 1111"),
        ],
    ],
)
def test_a_card_number_in_pieces_is_one(said: list[tuple[bool, str]]) -> None:
    assert "1111" not in " ".join(masked_texts(said))


@pytest.mark.parametrize(
    "said",
    [
        [(True, "my order is 4111 1111"), (True, "no, 1111 1112")],
        [(True, "20418"), (True, "20419"), (True, "20420")],
        [(True, "4111 1111"), (True, "when will it arrive?"), (True, "1111 1111")],
    ],
)
def test_numbers_that_make_no_card_stay(said: list[tuple[bool, str]]) -> None:
    assert masked_texts(said) == [text for _, text in said]


def test_what_the_desk_asked_for_some_messages_ago_is_still_an_answer() -> None:
    said = [
        (False, "What is your PIN?"),
        (True, "one moment please"),
        (False, "Sure."),
        (True, "5567"),
    ]
    assert "5567" not in masked_texts(said)[-1]


def test_whoever_answers_now_may_read_what_only_memory_refuses() -> None:
    turn = Turn(
        uuid4(), "customer", f"I'm allergic to nuts. Card {CARD}", datetime.now(UTC)
    )
    (kept,) = masked_turns([turn], only_secrets=True)
    assert "allergic" in kept.text
    assert "4111" not in kept.text
    (refused,) = masked_turns([turn])
    assert "allergic" not in refused.text


def test_the_check_digit_of_cards() -> None:
    assert passes_luhn(CARD)
    assert not passes_luhn("4111 1111 1111 1112")


def test_a_question_for_a_secret_makes_no_secret_of_another_answer() -> None:
    assert not secrets("555 201 3344")


@pytest.mark.parametrize("piece", ["1", "1 ", "a1", "my ", "the ", "last 4 ", "i am "])
def test_no_message_takes_long(piece: str) -> None:
    started = time.perf_counter()
    masked((piece * 8_000)[:8_000])
    assert time.perf_counter() - started < 3.0
