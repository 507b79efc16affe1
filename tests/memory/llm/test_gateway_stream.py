"""Streamed replies over real HTTP."""

import logging

import pytest

from memory.llm import gateway
from memory.llm.errors import RetryableError
from memory.llm.prices import cost_usd
from memory.llm.types import (
    ChatMessage,
    Done,
    ReplyRequest,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCalls,
    ToolSpec,
)
from tests.memory.llm.conftest import Connect
from tests.scripted_openai import COMPLETION_TOKENS, PROMPT_TOKENS, ScriptedOpenAI

LOOK_UP = ToolSpec(
    "look_up_order",
    "Find an order.",
    {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    },
)
REQUEST = ReplyRequest(
    messages=(
        ChatMessage("system", "You help customers."),
        ChatMessage("user", "Hello, are you there?"),
    ),
    tools=(LOOK_UP,),
    customer_name="Anna",
)


async def parts_of(request: ReplyRequest = REQUEST) -> list[StreamPart]:
    return [part async for part in gateway.stream_reply(request)]


def text_of(parts: list[StreamPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def done_of(parts: list[StreamPart]) -> Done:
    last = parts[-1]
    assert isinstance(last, Done)
    return last


async def test_what_no_store_can_hold_arrives_in_no_text_and_no_tool_call(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.stream("Good\x00 morning\ud800.")
    assert text_of(await parts_of()) == "Good morning."
    server.tool_calls([("call_1", LOOK_UP.name, '{"order_id": "LF\\u0000-1"}')])
    (calls,) = [part for part in await parts_of() if isinstance(part, ToolCalls)]
    assert calls.calls[0].arguments == {"order_id": "LF-1"}


async def test_text_arrives_in_pieces_and_ends_with_the_priced_usage(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.stream("Your order is on its way.")
    parts = await parts_of()
    assert text_of(parts) == "Your order is on its way."
    assert sum(isinstance(part, TextDelta) for part in parts) == 6
    usage = done_of(parts).usage
    assert (usage.model, usage.prompt_tokens) == ("gpt-4o-mini", PROMPT_TOKENS)
    assert usage.cost_usd == cost_usd("gpt-4o-mini", PROMPT_TOKENS, COMPLETION_TOKENS)
    assert usage.cost_usd > 0
    assert usage.latency_ms > 0


async def test_the_endpoint_receives_messages_tools_key_and_usage_wish(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.stream("Yes.")
    call = ToolCall("c1", "look_up_order", {"order_id": "1182"})
    history = (
        *REQUEST.messages,
        ChatMessage("assistant", "", tool_calls=(call,)),
        ChatMessage("tool", '{"status": "shipped"}', tool_call_id="c1"),
    )
    await parts_of(ReplyRequest(messages=history, tools=(LOOK_UP,)))
    request = server.requests[0]
    assert request.headers["authorization"] == "Bearer test-key"
    assert request.body["stream_options"] == {"include_usage": True}
    assert request.body["tools"][0]["function"]["name"] == "look_up_order"
    called, result = request.body["messages"][-2:]
    assert called["tool_calls"][0]["function"]["arguments"] == '{"order_id": "1182"}'
    assert (result["role"], result["tool_call_id"]) == ("tool", "c1")


async def test_fragments_of_tool_calls_are_assembled(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.tool_calls(
        [
            ("a", "look_up_order", '{"order_id": "1182"}'),
            ("b", "look_up_order", '{"order_id": "2044"}'),
        ]
    )
    parts = await parts_of()
    assert parts[0] == ToolCalls(
        (
            ToolCall("a", "look_up_order", {"order_id": "1182"}),
            ToolCall("b", "look_up_order", {"order_id": "2044"}),
        )
    )
    assert isinstance(parts[1], Done)


async def test_a_rate_limit_is_waited_out(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.error(429, retry_after="0.2")
    server.stream("Here I am.")
    parts = await parts_of()
    assert text_of(parts) == "Here I am."
    assert len(server.requests) == 2
    assert 200 < done_of(parts).usage.latency_ms < 3000


async def test_a_rate_limit_longer_than_the_timeout_is_not_waited_for(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.error(429, retry_after="60")
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"
    assert len(server.requests) == 1


async def test_a_stream_cut_after_the_first_token_raises(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.cut_stream("Your order")
    parts = gateway.stream_reply(REQUEST)
    assert await anext(parts) == TextDelta("Your ")
    assert await anext(parts) == TextDelta("order")
    with pytest.raises(RetryableError, match="connection"):
        await anext(parts)
    assert len(server.requests) == 1


async def test_a_stream_cut_before_the_first_token_is_tried_again(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.cut_stream("")
    server.stream("Second try.")
    assert text_of(await parts_of()) == "Second try."


async def test_an_answer_that_ends_without_a_finish_raises(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.raw_answer(
        'data: {"choices": [{"index": 0, "delta": {"content": "Half"}}]}\n\n',
        to="stream",
    )
    with pytest.raises(RetryableError, match="broke off"):
        await parts_of()


async def test_the_embedded_assistant_answers_when_the_model_is_down(
    server: ScriptedOpenAI, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        server.error(500, retry_after="0", message="Hello, are you there?")
    parts = await parts_of()
    assert "Anna" in text_of(parts)
    usage = done_of(parts).usage
    assert usage.model == "embedded (model unavailable)"
    assert usage.cost_usd == 0
    ours = [record for record in caplog.records if record.name.startswith("memory")]
    assert ours
    assert all("are you there" not in record.getMessage() for record in ours)


async def test_a_refused_key_falls_back_without_a_second_try(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.error(401)
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"
    assert len(server.requests) == 1


async def test_a_slow_first_byte_falls_back_within_the_timeout(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    connect(timeout_s=0.3)
    server.stream("Too late.", delay_s=3)
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"


@pytest.mark.parametrize("body", ["data: {not json\n\n", "<html></html>", ""])
async def test_an_unreadable_stream_falls_back(
    server: ScriptedOpenAI, connect: Connect, body: str
) -> None:
    connect(timeout_s=0.4)
    server.raw_answer(body, to="stream")
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"


async def test_unreadable_tool_arguments_fall_back(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.tool_calls([("a", "look_up_order", '{"order_id": ')])
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"


async def test_five_failures_rest_the_model_for_a_while(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    connect(timeout_s=0.4)
    for _ in range(5):
        server.error(503)
        await parts_of()
    asked = len(server.requests)
    # On a busy machine the first one may be out of time before it is sent.
    assert asked in {4, 5}
    usage = done_of(await parts_of()).usage
    assert usage.model == "embedded (model unavailable)"
    assert len(server.requests) == asked


async def test_tokens_are_counted_here_when_the_endpoint_does_not(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    server.stream("Your order is on its way.", usage=False)
    usage = done_of(await parts_of(ReplyRequest(messages=REQUEST.messages))).usage
    assert usage.completion_tokens == gateway.count_tokens("Your order is on its way.")
    assert usage.prompt_tokens == gateway.count_message_tokens(REQUEST.messages)


async def test_without_a_model_the_embedded_assistant_streams_words(
    embedded: None,
) -> None:
    assert not gateway.connected()
    parts = await parts_of()
    usage = done_of(parts).usage
    assert usage.model == "embedded"
    assert sum(isinstance(part, TextDelta) for part in parts) > 3
    assert usage.completion_tokens == gateway.count_tokens(text_of(parts))


@pytest.mark.usefixtures("connect")
async def test_the_first_reply_does_not_wait_for_the_client_to_be_loaded() -> None:
    gateway.warm_up()
    assert "streams" in gateway._gateway().__dict__
