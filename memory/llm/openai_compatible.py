"""Streamed answers of any OpenAI-compatible endpoint, through the official client.

Prompts and answers are never logged, and never part of an error.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import openai
from openai.types.chat import ChatCompletionChunk
from tenacity import AsyncRetrying

from memory.llm.config import GatewayConfig
from memory.llm.errors import RetryableError
from memory.llm.openai_wire import (
    CLIENT_FAILURES,
    StreamedAnswer,
    client_options,
    translated,
    wire_messages,
    wire_tools,
)
from memory.llm.prices import usage_since
from memory.llm.resilience import retry_policy
from memory.llm.tokens import count_message_tokens, count_tokens
from memory.llm.types import (
    ChatMessage,
    Done,
    StreamPart,
    TextDelta,
    ToolCalls,
    ToolSpec,
    Usage,
)

_Stream = openai.AsyncStream[ChatCompletionChunk]


class OpenAICompatible:
    """One endpoint. Safe across threads; one connection pool per event loop."""

    def __init__(self, config: GatewayConfig) -> None:
        self._timeout_s = config.timeout_s
        self._options = client_options(config)
        self._async_clients: WeakKeyDictionary[
            asyncio.AbstractEventLoop, openai.AsyncOpenAI
        ] = WeakKeyDictionary()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        client = self._async_clients.pop(asyncio.get_running_loop(), None)
        if client:
            await client.close()

    async def stream(
        self, model: str, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[StreamPart]:
        """Stream an answer: text pieces, then tool calls if any, then `Done`.

        Failures before the first token are tried again within the timeout.

        Raises:
            RetryableError: No answer in time, or it broke off.
            TerminalError: The endpoint refused the request.
        """
        started = time.perf_counter()
        chunks, answer = await self._opened(model, messages, tools)
        try:
            if answer.text:
                yield TextDelta(answer.text)
            async for chunk in chunks:
                text = answer.take(chunk)
                if text:
                    yield TextDelta(text)
        except CLIENT_FAILURES as error:
            raise translated(error) from None
        finally:
            await chunks.close()
        if not answer.finish_reason:
            message = "The model's answer broke off."
            raise RetryableError(message)
        if calls := answer.tool_calls():
            yield ToolCalls(calls)
        yield Done(_streamed_usage(model, messages, tools, answer, started))

    async def _opened(
        self, model: str, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]
    ) -> tuple[_Stream, StreamedAnswer]:
        """Return a stream read up to its first token, and what was read."""
        request: dict[str, Any] = {
            "model": model,
            "messages": wire_messages(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if tools:
            request["tools"] = wire_tools(tools)
        try:
            async with asyncio.timeout(self._timeout_s):
                async for attempt in AsyncRetrying(**retry_policy(self._timeout_s)):
                    with attempt:
                        return await self._first_token(request)
        except TimeoutError as error:
            raise translated(error) from None
        raise AssertionError  # pragma: no cover - tenacity returns or raises

    async def _first_token(
        self, request: dict[str, Any]
    ) -> tuple[_Stream, StreamedAnswer]:
        answer = StreamedAnswer()
        try:
            chunks: _Stream = await self._async().chat.completions.create(**request)
        except CLIENT_FAILURES as error:
            raise translated(error) from None
        try:
            async for chunk in chunks:
                answer.take(chunk)
                if answer.begun:
                    return chunks, answer
        except CLIENT_FAILURES as error:
            await chunks.close()
            raise translated(error) from None
        except asyncio.CancelledError:
            await chunks.close()
            raise
        await chunks.close()
        message = "The model answered nothing."
        raise RetryableError(message)

    def _async(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        client = self._async_clients.get(loop)
        if client is None:
            client = openai.AsyncOpenAI(**self._options)
            self._async_clients[loop] = client
        return client


def _streamed_usage(
    model: str,
    messages: Sequence[ChatMessage],
    tools: Sequence[ToolSpec],
    answer: StreamedAnswer,
    started: float,
) -> Usage:
    """Return the usage the endpoint reported, or our own count where it did not."""
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    if prompt is None:
        prompt = count_message_tokens(messages)
        prompt += count_tokens(json.dumps(wire_tools(tools))) if tools else 0
    if completion is None:
        calls = ChatMessage("assistant", answer.text, answer.tool_calls())
        completion = count_message_tokens([calls]) - count_message_tokens(
            [ChatMessage("assistant", "")]
        )
    return usage_since(started, model, prompt, completion)
