"""The one door to language models: external where connected, embedded otherwise."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from memory.llm import assistant, embedding, metering, tokens
from memory.llm.config import GatewayConfig, Job
from memory.llm.errors import LLMError, RetryableError, TerminalError
from memory.llm.prices import usage_since
from memory.llm.resilience import CircuitBreaker
from memory.llm.types import (
    ChatMessage,
    Done,
    EmbeddingModelInfo,
    ReplyRequest,
    StreamPart,
    TextDelta,
    Usage,
)
from memory.llm.vector_cache import VectorCache

if TYPE_CHECKING:
    from memory.llm.openai_compatible import OpenAICompatible
    from memory.llm.openai_jobs import OpenAIJobs
    from memory.llm.openai_rerank import OpenAIReranker

logger = logging.getLogger(__name__)

EMBEDDED = "embedded"
EMBEDDED_UNAVAILABLE = "embedded (model unavailable)"

PIECE_PAUSE_S = 0.015
"""Between two words of an embedded answer: about the pace of a hosted model."""

QUERY_CACHE_ENTRIES = 2048

_KNOWN_DIMS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""Source: OpenAI's embeddings guide."""
_KNOWN_MAX_TOKENS = 8191
"""Of those models. Source: OpenAI's embeddings guide."""
_CAUTIOUS_MAX_TOKENS = 512
"""Of any other: what the BERT models read that most open ones are made from."""

EXTERNAL_VERSION = "1"
"""Of every external model: an endpoint tells names, and no versions."""


class _Gateway:
    """Everything that hangs on one configuration."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self.breakers: dict[Job, CircuitBreaker] = {
            job: CircuitBreaker() for job in get_args(Job)
        }
        self.queries = VectorCache(QUERY_CACHE_ENTRIES)
        self.dims = dict(_KNOWN_DIMS)

    # The client takes a second to import, which an embedded desk never needs.
    @cached_property
    def streams(self) -> "OpenAICompatible":
        """The endpoint's streamed answers."""
        from memory.llm.openai_compatible import OpenAICompatible

        return OpenAICompatible(self.config)

    @cached_property
    def jobs(self) -> "OpenAIJobs":
        """The endpoint's synchronous calls."""
        from memory.llm.openai_jobs import OpenAIJobs

        return OpenAIJobs(self.config)

    @cached_property
    def reranker(self) -> "OpenAIReranker":
        """The endpoint that ranks texts."""
        from memory.llm.openai_rerank import OpenAIReranker

        return OpenAIReranker(self.config)

    def close(self) -> None:
        """Close the connections of the synchronous calls, if any were opened."""
        for made in ("jobs", "reranker"):
            if made in self.__dict__:
                self.__dict__[made].close()

    def called(self, job: Job, call: Any) -> Any:
        """Make an external call under the job's breaker."""
        breaker = self.breakers[job]
        if not breaker.allows():
            message = "The model failed repeatedly and is given a rest."
            raise RetryableError(message)
        try:
            with metering.waiting():
                result = call()
        except LLMError as error:
            _record_failure(breaker, error)
            raise
        breaker.succeeded()
        return result


class _Installed:
    gateway: _Gateway | None = None


def configure(config: GatewayConfig) -> None:
    """Install a configuration; the models it names are first called when needed."""
    if _Installed.gateway:
        _Installed.gateway.close()
    embedding.use_data_dir(config.data_dir)
    _Installed.gateway = _Gateway(config)


def warm_up() -> None:
    """Load now what the first reply would otherwise wait a second for."""
    tokens.count_tokens("Hello")
    gateway = _gateway()
    if not gateway.config.model_for("embed"):
        embedding.embedder().encode(["Hello"])
    if connected():
        # Its import takes a second or more, in which the event loop would stand still.
        _ = gateway.streams


async def aclose() -> None:
    """Close the connections that the running event loop holds to the endpoint."""
    gateway = _gateway()
    if "streams" in gateway.__dict__:
        await gateway.streams.aclose()


def connected() -> bool:
    """Say whether an external language model is configured to write replies."""
    return bool(_gateway().config.model_for("reply"))


def model_name(job: Job) -> str:
    """Return the name of the model that does a job; `EMBEDDED` where none is connected.

    A model that does not answer may be stood in for by the embedded one.
    """
    return _gateway().config.model_for(job) or EMBEDDED


async def stream_reply(request: ReplyRequest) -> AsyncGenerator[StreamPart]:
    """Stream the reply: text pieces, tool calls or a hand-over, and last `Done`.

    Where the external model fails before its first token, the embedded assistant
    answers instead and `Done.usage.model` says so.

    Raises:
        RetryableError: The external model failed after its first token.
    """
    gateway = _gateway()
    model = gateway.config.model_for("reply")
    breaker = gateway.breakers["reply"]
    if model and breaker.allows():
        begun = False
        offered = () if request.must_answer else request.tools
        try:
            async with aclosing(
                gateway.streams.stream(model, request.messages, offered)
            ) as parts:
                async for part in parts:
                    begun = True
                    yield part
        except LLMError as error:
            _record_failure(breaker, error)
            if begun:
                raise RetryableError(str(error)) from None
            logger.warning("reply model unavailable: %s", error)
        else:
            breaker.succeeded()
            return
    async for part in _embedded_reply(request, bool(model)):
        yield part


async def _embedded_reply(
    request: ReplyRequest, unavailable: bool
) -> AsyncGenerator[StreamPart]:
    started = time.perf_counter()
    # Embedding the memories takes the CPU for a while; the loop serves others.
    parts = await asyncio.to_thread(lambda: list(assistant.reply(request)))
    for part in parts:
        if isinstance(part, Done):
            latency_ms = (time.perf_counter() - started) * 1000
            name = EMBEDDED_UNAVAILABLE if unavailable else EMBEDDED
            yield Done(replace(part.usage, model=name, latency_ms=latency_ms))
        else:
            yield part
        if isinstance(part, TextDelta):
            await asyncio.sleep(PIECE_PAUSE_S)


def complete_json(
    job: Job, *, system: str, prompt: str, schema: Mapping[str, Any], schema_name: str
) -> tuple[dict[str, Any], Usage]:
    """Return a JSON object of the schema from the model of this job. For workers.

    For endpoints with strict schemas every object of the schema lists all its
    properties as required and forbids others.

    Raises:
        TerminalError: No model is connected for this job, or it refused the request.
        RetryableError: No usable answer now.
    """
    gateway = _gateway()
    model = gateway.config.model_for(job)
    if not model:
        message = "No language model is connected."
        raise TerminalError(message)
    answer: tuple[dict[str, Any], Usage] = gateway.called(
        job,
        lambda: gateway.jobs.complete_json(
            model, system=system, prompt=prompt, schema=schema, schema_name=schema_name
        ),
    )
    return answer


def can_rerank() -> bool:
    """Say whether a model is connected that ranks texts by how well they answer."""
    return bool(_gateway().config.model_for("rerank"))


def rerank(query: str, texts: Sequence[str]) -> list[float]:
    """Return how well each text answers the query, in the model's own measure.

    It is waited for no longer than `openai_rerank.DEADLINE_S`, all tries together.

    Raises:
        RetryableError: No score for each text in time.
        TerminalError: No model is connected for it, or it refused the request.
    """
    gateway = _gateway()
    model = gateway.config.model_for("rerank")
    if not model:
        message = "No model that ranks is connected."
        raise TerminalError(message)
    scores: list[float] = gateway.called(
        "rerank", lambda: gateway.reranker.rerank(model, query, texts)
    )
    return scores


def embed(
    texts: Sequence[str],
    *,
    model: EmbeddingModelInfo | None = None,
    cached: bool = True,
) -> NDArray[np.float32]:
    """Embed texts: (n, dims) float32, L2-normalised, in the order given.

    Args:
        texts: What is embedded.
        model: With which model; None for the one that is configured.
        cached: Whether a single text may be looked up among the latest queries.

    Raises:
        RetryableError: The external embedding model does not answer. There is no
            falling back: another model's vectors cannot be compared with these.
        TerminalError: It refused, the embedded model's weights are unusable, or the
            model cannot be reached any more.
    """
    return embed_metered(texts, model=model, cached=cached)[0]


def embed_metered(
    texts: Sequence[str],
    *,
    model: EmbeddingModelInfo | None = None,
    cached: bool = True,
) -> tuple[NDArray[np.float32], Usage]:
    """Embed like `embed`, and say what it cost; a cached query costs nothing.

    Raises:
        RetryableError: As `embed`.
        TerminalError: As `embed`.
    """
    gateway = _gateway()
    started = time.perf_counter()
    name = model.name if model else embedding_name()
    query = f"{name}\n{texts[0]}" if cached and len(texts) == 1 else ""
    if query and (known := gateway.queries.get(query)) is not None:
        return known[None, :].copy(), usage_since(started, name, 0, 0)
    if not texts:
        dims = (model or embedding_model()).dims
        empty = np.zeros((0, dims), dtype=np.float32)
        return empty, usage_since(started, name, 0, 0)
    if model and not can_embed(model):
        message = "The embedding model cannot be reached any more."
        raise TerminalError(message)
    vectors, usage = _embed_now(gateway, name, texts, started)
    if model and vectors.shape[1] != model.dims:
        message = "The embedding model's vectors have another length than before."
        raise TerminalError(message)
    if query:
        gateway.queries.put(query, vectors[0].copy())
    return vectors, usage


def _embed_now(
    gateway: _Gateway, name: str, texts: Sequence[str], started: float
) -> tuple[NDArray[np.float32], Usage]:
    if name != embedding.INFO.name:
        answer: tuple[NDArray[np.float32], Usage] = gateway.called(
            "embed", lambda: gateway.jobs.embed(name, texts)
        )
        return answer
    vectors = embedding.embedder().encode_cached(texts)
    spent = sum(tokens.count_tokens(text) for text in texts)
    return vectors, usage_since(started, embedding.INFO.name, spent, 0)


def embedding_name() -> str:
    """Return the name of the model that `embed` uses when it is not told another."""
    return _gateway().config.model_for("embed") or embedding.INFO.name


def embedding_model(name: str = "") -> EmbeddingModelInfo:
    """Describe an embedding model: the one that is configured, or one by its name.

    The dimensions of an external model that is not well known are learnt by embedding
    one word, once.

    Raises:
        RetryableError: That one word could not be embedded now.
        TerminalError: The endpoint refused it, or none is connected.
    """
    gateway = _gateway()
    name = name or embedding_name()
    if name == embedding.INFO.name:
        return embedding.INFO
    if not gateway.config.has_endpoint:
        message = "No endpoint is connected that could have this embedding model."
        raise TerminalError(message)
    if name not in gateway.dims:
        vectors, _ = _embed_now(gateway, name, ["dimensions"], time.perf_counter())
        gateway.dims[name] = vectors.shape[1]
    return described(name, EXTERNAL_VERSION, gateway.dims[name])


def described(name: str, version: str, dims: int) -> EmbeddingModelInfo:
    """Describe a model by what is stored about it, with how much it reads."""
    if name == embedding.INFO.name:
        reads = embedding.INFO.max_tokens
    else:
        reads = _KNOWN_MAX_TOKENS if name in _KNOWN_DIMS else _CAUTIOUS_MAX_TOKENS
    return EmbeddingModelInfo(name, version, dims, max_tokens=reads)


def embedding_models() -> list[str]:
    """Return the names of the embedding models that can be offered to a desk."""
    gateway = _gateway()
    names = [embedding.INFO.name, embedding_name()]
    if gateway.config.has_endpoint:
        names += _KNOWN_DIMS
    return list(dict.fromkeys(names))


def has_endpoint() -> bool:
    """Say whether any external model can be called."""
    return _gateway().config.has_endpoint


def version_of(name: str) -> str:
    """Return the version that an embedding model has now."""
    return embedding.INFO.version if is_embedded(name) else EXTERNAL_VERSION


def can_embed(model: EmbeddingModelInfo) -> bool:
    """Say whether a model's vectors can still be made: it is here, or connected."""
    if model.name == embedding.INFO.name:
        return model.version.partition("~")[0] == embedding.INFO.version
    return _gateway().config.has_endpoint


def is_embedded(name: str) -> bool:
    """Say whether an embedding model runs here, so that nothing is sent to anybody."""
    return name == embedding.INFO.name


def embedding_lengths(texts: Sequence[str], model: EmbeddingModelInfo) -> list[int]:
    """Return how many tokens each text has for a model.

    An external model's own count is not known here: ours stands for it.
    """
    if model.name == embedding.INFO.name:
        return embedding.embedder().lengths(texts)
    return [tokens.count_tokens(text) for text in texts]


def count_tokens(text: str) -> int:
    """Count the tokens of a text, exactly and offline."""
    return tokens.count_tokens(text)


def count_message_tokens(messages: Iterable[ChatMessage]) -> int:
    """Count the prompt tokens of a conversation, frames and priming included."""
    return tokens.count_message_tokens(messages)


def _gateway() -> _Gateway:
    if _Installed.gateway is None:
        configure(GatewayConfig())
    assert _Installed.gateway is not None  # noqa: S101 - configure has just set it
    return _Installed.gateway


def _record_failure(breaker: CircuitBreaker, error: LLMError) -> None:
    """Count an outage; a refused request says nothing about the next one."""
    if isinstance(error, RetryableError):
        breaker.failed()
    else:
        breaker.succeeded()
