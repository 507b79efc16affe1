"""Answers in JSON and embeddings from an OpenAI-compatible endpoint, for workers.

Prompts and answers are never logged, and never part of an error.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import openai
from numpy.typing import NDArray
from tenacity import Retrying

from memory.llm import metering
from memory.llm.config import GatewayConfig
from memory.llm.deadline import ends_in_time
from memory.llm.errors import RetryableError, TerminalError
from memory.llm.json_answers import BadAnswerError, parse_answer
from memory.llm.openai_wire import (
    CLIENT_FAILURES,
    client_options,
    translated,
    wire_messages,
)
from memory.llm.prices import usage_since
from memory.llm.resilience import retry_policy
from memory.llm.tokens import count_message_tokens, count_tokens
from memory.llm.types import ChatMessage, Usage

EMBEDDING_BATCH = 100
"""Most texts in one embeddings call."""
EMBEDDING_BATCH_TOKENS = 100_000
"""Most tokens in one embeddings call, all texts together.

Source: OpenAI's API reference allows 300,000; the endpoint may count up to a few times
as many in another alphabet.
"""

_SENT_BACK_CHARS = 20_000
"""Most of a bad answer that is sent back: what is longer was stammered."""

_NO_FORM = re.compile("response_format|json_schema|json_object")
"""How an endpoint names what it does not know."""


class OpenAIJobs:
    """The synchronous calls of one endpoint. Safe across threads."""

    _forms = ("json_schema", "json_object", "text")

    def __init__(self, config: GatewayConfig) -> None:
        self._timeout_s = config.timeout_s
        self._options = client_options(config)
        # Which form of asking for JSON the endpoint is known to take.
        self._form = 0

    @cached_property
    def _client(self) -> openai.OpenAI:
        # Made at first use: it loads certificates, which an embedded desk never needs.
        client = openai.DefaultHttpxClient(
            timeout=self._timeout_s,
            event_hooks={"response": [ends_in_time(self._timeout_s)]},
        )
        return openai.OpenAI(**self._options, http_client=client)

    def close(self) -> None:
        """Close the connections, if any were opened."""
        if "_client" in self.__dict__:
            self._client.close()

    def complete_json(
        self,
        model: str,
        *,
        system: str,
        prompt: str,
        schema: Mapping[str, Any],
        schema_name: str,
    ) -> tuple[dict[str, Any], Usage]:
        """Return a JSON object of the schema; one bad answer is sent back for repair.

        Of the repaired one, the items of lists that are still bad are left out.

        Raises:
            RetryableError: No answer in time, or not of the schema even when repaired.
            TerminalError: The endpoint refused the request.
        """
        started = time.perf_counter()
        messages = [ChatMessage("system", system), ChatMessage("user", prompt)]
        tokens = np.zeros(2, dtype=np.int64)
        for last_try in (False, True):
            text, spent = self._json_text(model, messages, schema, schema_name)
            tokens += spent
            try:
                answer = parse_answer(text, schema, lenient=last_try)
            except BadAnswerError as error:
                if last_try:
                    message = f"The model's JSON is unusable: {error}."
                    raise RetryableError(message) from None
                messages += [
                    ChatMessage("assistant", text[:_SENT_BACK_CHARS]),
                    ChatMessage("user", _repair_prompt(error, schema)),
                ]
            else:
                break
        return answer, usage_since(started, model, int(tokens[0]), int(tokens[1]))

    def _json_text(
        self,
        model: str,
        messages: list[ChatMessage],
        schema: Mapping[str, Any],
        schema_name: str,
    ) -> tuple[str, tuple[int, int]]:
        for form in self._forms[self._form :]:
            asked = messages
            if form != "json_schema":
                system = f"{messages[0].content}\n\n{_ask(schema)}"
                asked = [ChatMessage("system", system), *messages[1:]]
            try:
                return self._completed(model, asked, _format(form, schema, schema_name))
            except openai.BadRequestError as error:
                if form == "text" or not _NO_FORM.search(str(error)):
                    raise translated(error) from None
                # Not every compatible endpoint knows schemas; plain JSON mode is
                # older, and some know neither.
                self._form = self._forms.index(form) + 1
        raise AssertionError  # pragma: no cover - the last form returns or raises

    def _completed(
        self, model: str, messages: list[ChatMessage], form: dict[str, Any]
    ) -> tuple[str, tuple[int, int]]:
        """Return the text of one completion with its prompt and completion tokens."""
        completion = tried(
            self._client.chat.completions.create,
            self._timeout_s,
            model=model,
            messages=wire_messages(messages),
            **form,
        )
        text = _text_of(completion)
        tokens = _tokens_of(completion) or (
            count_message_tokens(messages),
            count_tokens(text),
        )
        metering.spent(model, *tokens)
        return text, tokens

    def embed(
        self, model: str, texts: Sequence[str]
    ) -> tuple[NDArray[np.float32], Usage]:
        """Embed texts: (n, dims) float32, L2-normalised, in the order given.

        Raises:
            RetryableError: No answer in time, or not one vector per text.
            TerminalError: The endpoint refused the request.
        """
        started = time.perf_counter()
        rows: list[list[float]] = []
        tokens = 0
        for batch in batches(texts):
            vectors, spent = self._embedded(model, batch)
            rows += vectors
            tokens += spent
        matrix = np.asarray(rows, dtype=np.float32)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        matrix /= np.maximum(norms, np.finfo(np.float32).tiny)
        return matrix, usage_since(started, model, tokens, 0)

    def _embedded(self, model: str, batch: list[str]) -> tuple[list[list[float]], int]:
        try:
            answer = tried(
                self._client.embeddings.create,
                self._timeout_s,
                model=model,
                input=batch,
                encoding_format="float",
            )
        except openai.BadRequestError as error:
            raise translated(error) from None
        items = sorted(getattr(answer, "data", None) or (), key=lambda item: item.index)
        if len(items) != len(batch):
            message = "The model did not return one embedding per text."
            raise RetryableError(message)
        spent = getattr(answer.usage, "prompt_tokens", None)
        if spent is None:
            spent = sum(count_tokens(text) for text in batch)
        metering.spent(model, spent, 0)
        return [item.embedding for item in items], spent


def tried(call: Any, deadline_s: float, **request: Any) -> Any:
    """Make a synchronous call with retries; a 400 is left to the caller.

    Raises:
        RetryableError: No answer before the deadline.
        TerminalError: The endpoint refused the request.
    """
    for attempt in Retrying(**retry_policy(deadline_s)):
        with attempt:
            try:
                return call(**request)
            except openai.BadRequestError:
                raise
            except (*CLIENT_FAILURES, TimeoutError) as error:
                raise translated(error) from None
    raise AssertionError  # pragma: no cover - tenacity returns or raises


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Divide texts into what one embeddings call takes: so many, and so long."""
    batch: list[str] = []
    used = 0
    for text in texts:
        cost = count_tokens(text)
        full = len(batch) == EMBEDDING_BATCH or used + cost > EMBEDDING_BATCH_TOKENS
        if batch and full:
            yield batch
            batch, used = [], 0
        batch.append(text)
        used += cost
    if batch:
        yield batch


def _format(form: str, schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the arguments of the client that ask for JSON in this form."""
    if form == "text":
        return {}
    asked: dict[str, Any] = {"type": form}
    if form == "json_schema":
        asked["json_schema"] = {"name": name, "schema": schema, "strict": True}
    return {"response_format": asked}


def _text_of(completion: Any) -> str:
    """Return what a completion says; the client checks nothing of what it was sent.

    Raises:
        RetryableError: There is no message in it.
        TerminalError: The model declined to answer.
    """
    try:
        message = completion.choices[0].message
        text, refusal = message.content, getattr(message, "refusal", None)
    except (AttributeError, IndexError, KeyError, TypeError):
        message = "The model answered nothing."
        raise RetryableError(message) from None
    if not text and refusal:
        message = "The model declined to answer."
        raise TerminalError(message)
    # Half a surrogate pair can be in JSON, and neither be counted nor sent back.
    return text.encode(errors="replace").decode() if isinstance(text, str) else ""


def _tokens_of(completion: Any) -> tuple[int, int] | None:
    """Return what an endpoint says it spent; None where it does not say."""
    usage = getattr(completion, "usage", None)
    prompt = getattr(usage, "prompt_tokens", None)
    written = getattr(usage, "completion_tokens", None)
    if isinstance(prompt, int) and isinstance(written, int):
        return prompt, written
    return None


def _ask(schema: Mapping[str, Any]) -> str:
    return f"Answer with one JSON object of this schema:\n{json.dumps(dict(schema))}"


def _repair_prompt(error: BadAnswerError, schema: Mapping[str, Any]) -> str:
    return f"That cannot be used: {error}. {_ask(schema)}"
