"""The chat completions format: our types to the wire, and what comes back to ours."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from memory.llm.config import GatewayConfig
from memory.llm.errors import LLMError, RetryableError, TerminalError
from memory.llm.plain_text import storable, storable_json
from memory.llm.types import ChatMessage, ToolCall, ToolSpec

DEFAULT_BASE_URL = "https://api.openai.com/v1"

CLIENT_FAILURES = (openai.OpenAIError, ValueError)
"""What the client raises; ValueError is a body or stream event that is not JSON."""

_RETRYABLE_STATUSES = frozenset({408, 409, 425, 429})
_SERVER_ERROR = 500


def client_options(config: GatewayConfig) -> dict[str, Any]:
    """Return the arguments of the official client for this endpoint."""
    return {
        "base_url": config.base_url or DEFAULT_BASE_URL,
        # The client insists on a key, also where the endpoint needs none.
        "api_key": config.api_key or "none",
        "timeout": config.timeout_s,
        "max_retries": 0,
    }


def wire_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return the messages as the endpoint expects them."""
    return [_wire_message(message) for message in messages]


def _wire_message(message: ChatMessage) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(dict(call.arguments)),
                },
            }
            for call in message.tool_calls
        ]
    return wire


def wire_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """Return the tools as the endpoint expects them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools
    ]


@dataclass(slots=True)
class _CallParts:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class StreamedAnswer:
    """An answer as it arrives: text goes out at once, tool calls when complete."""

    text: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    _calls: dict[int, _CallParts] = field(default_factory=dict)

    def take(self, chunk: ChatCompletionChunk) -> str:
        """Take in one chunk and return the text that it brought, often ""."""
        if chunk.usage:
            self.prompt_tokens = chunk.usage.prompt_tokens
            self.completion_tokens = chunk.usage.completion_tokens
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        for part in choice.delta.tool_calls or ():
            self._take_call_part(part)
        text = storable(choice.delta.content or choice.delta.refusal or "")
        self.text += text
        return text

    def _take_call_part(self, part: ChoiceDeltaToolCall) -> None:
        # Some compatible endpoints leave the index out, or repeat 0 for each call.
        given: int | None = part.index
        index = len(self._calls) if given is None else given
        known = self._calls.get(index)
        if known and part.id and known.id and part.id != known.id:
            index = len(self._calls)
        parts = self._calls.setdefault(index, _CallParts())
        parts.id = part.id or parts.id
        if part.function:
            parts.name += part.function.name or ""
            parts.arguments += part.function.arguments or ""

    @property
    def begun(self) -> bool:
        """Whether anything of the answer has arrived."""
        return bool(self.text or self._calls)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the assembled tool calls.

        Raises:
            RetryableError: The arguments of a call are not a JSON object.
        """
        return tuple(
            ToolCall(
                id=parts.id or f"call_{index}",
                name=parts.name,
                arguments=_parsed_arguments(parts.arguments),
            )
            for index, parts in sorted(self._calls.items())
        )


def _parsed_arguments(text: str) -> dict[str, Any]:
    try:
        arguments = storable_json(json.loads(text or "{}"))
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        message = "The model called a tool with unreadable arguments."
        raise RetryableError(message)
    return arguments


def translated(error: Exception) -> LLMError:
    """Return our error for one of the client's, without the provider's words."""
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return RetryableError("The model did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return RetryableError("The connection to the model failed.")
    if isinstance(error, openai.APIStatusError):
        return _status_error(error)
    return RetryableError("The model's answer could not be read.")


def _status_error(error: openai.APIStatusError) -> LLMError:
    status = error.status_code
    if error.code == "insufficient_quota":
        return TerminalError("The account at the model's provider has no credit left.")
    if status in _RETRYABLE_STATUSES or status >= _SERVER_ERROR:
        return RetryableError(
            f"The model answered with status {status}.",
            retry_after_s=_retry_after_s(error.response.headers.get("retry-after")),
        )
    return TerminalError(f"The model refused the request with status {status}.")


def _retry_after_s(header: str | None) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
