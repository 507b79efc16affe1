"""Scores of texts from a `/rerank` endpoint, as Cohere, Jina, vLLM and others have one.

It is asked while a customer waits, so it has one short deadline for everything: looking
its name up, connecting, trying again, and the last byte. Queries, texts and answers are
never logged, and never part of an error.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any

import openai

from memory.llm import metering
from memory.llm.config import GatewayConfig
from memory.llm.deadline import ends_in_time
from memory.llm.errors import RetryableError
from memory.llm.openai_jobs import tried
from memory.llm.openai_wire import client_options, translated
from memory.llm.tokens import count_tokens

DEADLINE_S = 0.8
"""A better order of memories is worth no more of the customer's time."""

_AT_ONCE = 16


class OpenAIReranker:
    """The endpoint that ranks. Safe across threads."""

    def __init__(self, config: GatewayConfig) -> None:
        if config.rerank_base_url:
            # The other endpoint's key is for the other endpoint only.
            config = replace(
                config,
                base_url=config.rerank_base_url,
                api_key=config.rerank_api_key,
            )
        self._options = client_options(config) | {"timeout": DEADLINE_S}
        # The client's time-outs are for each step; only who waits for another thread
        # stops waiting in time, whatever the step.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="rerank")

    @cached_property
    def _client(self) -> openai.OpenAI:
        client = openai.DefaultHttpxClient(
            timeout=DEADLINE_S, event_hooks={"response": [ends_in_time(DEADLINE_S)]}
        )
        return openai.OpenAI(**self._options, http_client=client)

    def close(self) -> None:
        """Close the connections, and wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if "_client" in self.__dict__:
            self._client.close()

    def rerank(self, model: str, query: str, texts: Sequence[str]) -> list[float]:
        """Return a score for each text, in the order given.

        Raises:
            RetryableError: No answer before the deadline, or not one score per text.
            TerminalError: The endpoint refused the request.
        """
        asked = {
            "model": model,
            "query": query,
            "documents": list(texts),
            "top_n": len(texts),
        }
        waiting = self._threads.submit(self._answer, asked)
        try:
            answer = waiting.result(timeout=DEADLINE_S)
        except TimeoutError as error:
            waiting.cancel()
            raise translated(error) from None
        except openai.BadRequestError as error:
            raise translated(error) from None
        metering.spent(model, _tokens_of(answer, query, texts), 0)
        return scores_of(answer, len(texts))

    def _answer(self, asked: Mapping[str, Any]) -> Any:
        return tried(
            self._client.post, DEADLINE_S, path="/rerank", cast_to=object, body=asked
        )


def scores_of(answer: Any, count: int) -> list[float]:
    """Read an endpoint's answer: a list of scores with the places of their texts.

    Cohere, Jina and vLLM call the list `results` and a score `relevance_score`, Voyage
    calls the list `data`, and text-embeddings-inference gives the bare list, with
    `score`.

    Raises:
        RetryableError: There is not one finite score for each text.
    """
    rows = answer
    if isinstance(answer, Mapping):
        rows = answer.get("results", answer.get("data"))
    scores: dict[int, float] = {}
    for row in rows if isinstance(rows, list) else ():
        place, score = _scored(row)
        scores[place] = score
    if sorted(scores) != list(range(count)) or not all(
        map(math.isfinite, scores.values())
    ):
        message = "The model did not score each text."
        raise RetryableError(message)
    return [scores[place] for place in range(count)]


def _scored(row: Any) -> tuple[int, float]:
    """Return the place of a text and its score; a place before all that has neither."""
    if isinstance(row, Mapping):
        place, score = row.get("index"), row.get("relevance_score", row.get("score"))
        if type(place) is int and type(score) in (int, float):
            return place, float(score)
    return -1, math.nan


def _tokens_of(answer: Any, query: str, texts: Sequence[str]) -> int:
    """Return what the endpoint says it read, or our own count where it does not."""
    usage = answer.get("usage") if isinstance(answer, Mapping) else None
    told = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    if type(told) is int:
        return told
    # It reads the query beside each text.
    return sum(map(count_tokens, texts)) + len(texts) * count_tokens(query)
