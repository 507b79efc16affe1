"""Counting and pricing."""

import pytest

from memory.llm.prices import cost_usd
from memory.llm.tokens import clip_to_tokens, count_message_tokens, count_tokens
from memory.llm.types import ChatMessage, ToolCall


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
    ],
)
def test_counts_are_those_of_o200k(text: str, tokens: int) -> None:
    # The numbers are those of OpenAI's cookbook for o200k_base.
    assert count_tokens(text) == tokens


def test_special_tokens_in_a_text_are_plain_text() -> None:
    assert count_tokens("<|endoftext|>") > 1


def test_each_message_and_the_reply_have_a_frame() -> None:
    message = ChatMessage("user", "hello world")
    assert count_message_tokens([]) == 3
    assert count_message_tokens([message]) == 3 + 3 + 1 + 2
    assert count_message_tokens([message, message]) == 3 + 2 * (3 + 1 + 2)


def test_tool_calls_count() -> None:
    call = ToolCall("c", "look_up_order", {"number": "1182"})
    plain = count_message_tokens([ChatMessage("assistant", "")])
    with_call = count_message_tokens([ChatMessage("assistant", "", tool_calls=(call,))])
    assert with_call == plain + count_tokens("look_up_order") + count_tokens(
        '{"number": "1182"}'
    )


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_clipping_keeps_the_limit_and_whole_words(limit: int) -> None:
    text = "one two three four five six seven"
    clipped = clip_to_tokens(text, limit)
    assert count_tokens(clipped) <= limit
    assert clipped == text or not clipped or clipped.endswith(" …")
    assert text.startswith(clipped.removesuffix(" …"))


@pytest.mark.parametrize(
    "model", ["gpt-4o-mini", "openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18"]
)
def test_a_known_model_has_its_price(model: str) -> None:
    assert cost_usd(model, 1_000_000, 1_000_000) == pytest.approx(0.75)


def test_an_unknown_model_costs_nothing() -> None:
    assert cost_usd("my-own-llama", 1_000_000, 1_000_000) == 0
