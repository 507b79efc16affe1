"""The words spoken with the gateway: messages, tools, requests and stream parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool that the model asks for.

    Attributes:
        id: The provider's id of the call; its result refers to it.
        name: Name of the tool, as in `ToolSpec.name`.
        arguments: Parsed arguments.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What is the same for calls that ask the same; providers repeat their ids."""
        return json.dumps([self.name, dict(self.arguments)], sort_keys=True)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the prompt, in the roles of the chat completions API.

    Attributes:
        role: Who speaks. "tool" carries the result of a call.
        content: The text; for "tool" usually JSON.
        tool_calls: Calls made by an assistant message.
        tool_call_id: For "tool": the call that this message answers.
        is_data: Nobody said it: it is memory, put before the model.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool on offer; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One memory in structured form, for the embedded assistant.

    Attributes:
        kind: fact, preference, event, intent, issue, episode, summary or message.
        key: For facts the key, such as `order_id`.
        text: One plain sentence, the episode's text or the message itself.
        value: For facts the value.
        said_at: ISO 8601 moment at which it was said, or "".
    """

    kind: str
    key: str
    text: str
    value: str = ""
    said_at: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """Everything that one reply may be made from.

    Attributes:
        messages: The packed context, oldest first, ending with what is answered.
        tools: Tools that the model may call.
        memories: The recalled memories again, structured, best first.
        customer_name: How to address the customer, or "".
        desk_name: Name of the support desk, or "".
        must_answer: Whether this is the last call: no tool is on offer any more.
    """

    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    memories: tuple[MemoryItem, ...] = ()
    customer_name: str = ""
    desk_name: str = ""
    must_answer: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call cost.

    Attributes:
        model: Model that answered.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        cost_usd: By the table in `prices`, 0 for a model that is not in it.
        latency_ms: From the request to the end of the answer.
    """

    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The model waits for the results of these calls; nothing but `Done` follows."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give this conversation to a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last part of every stream."""

    usage: Usage


StreamPart = TextDelta | ToolCalls | HandOver | Done


@dataclass(frozen=True, slots=True)
class EmbeddingModelInfo:
    """A model that makes vectors of `dims` numbers.

    Attributes:
        name: What its provider calls it.
        version: Vectors of another version cannot be compared with these. What stands
            after a `~` counts how often a desk had them made anew.
        dims: How long its vectors are.
        max_tokens: How many tokens of a text it reads, in its own count.
    """

    name: str
    version: str
    dims: int
    max_tokens: int = 512


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a conversation is about, by `analysis.analyse`.

    Attributes:
        topics: At most three labels, the strongest first.
        entities: Order numbers, amounts, dates, contacts and names, as written.
        sentiment: The customer's, with more weight on how it ended.
        pending_actions: Promises and requests that nobody has closed.
    """

    topics: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    sentiment: Literal["positive", "neutral", "negative"] = "neutral"
    pending_actions: tuple[str, ...] = ()
