"""Adds up what a piece of work spends on models, however deep it calls them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from memory.llm.prices import cost_usd


@dataclass(slots=True)
class Meter:
    """What was spent so far; without a connected model only the embedded one's time.

    Attributes:
        prompt_tokens: Tokens read, answers that were unusable with them.
        completion_tokens: Tokens written.
        cost_usd: By the table in `prices`.
        waited_ms: For answers and vectors, failed calls with them.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    waited_ms: float = 0.0


_running: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Add up the calls that are made in the block, in this thread or task."""
    meter = Meter()
    token = _running.set(meter)
    try:
        yield meter
    finally:
        _running.reset(token)


def spent(model: str, prompt_tokens: int, completion_tokens: int) -> None:
    """Count the tokens of one answer."""
    if meter := _running.get():
        meter.prompt_tokens += prompt_tokens
        meter.completion_tokens += completion_tokens
        meter.cost_usd += cost_usd(model, prompt_tokens, completion_tokens)


@contextmanager
def waiting() -> Iterator[None]:
    """Count the time that the block waits for a model, retries and failures with it."""
    started = time.perf_counter()
    try:
        yield
    finally:
        if meter := _running.get():
            meter.waited_ms += (time.perf_counter() - started) * 1000
