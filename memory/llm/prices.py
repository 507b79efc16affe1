"""What models cost."""

import re
import time

from memory.llm.types import Usage

PRICES_USD: dict[str, tuple[float, float]] = {
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
    "gpt-5": (1.25, 10.00),
    "gpt-5-mini": (0.25, 2.00),
    "gpt-5-nano": (0.05, 0.40),
    "o3": (2.00, 8.00),
    "o4-mini": (1.10, 4.40),
    "text-embedding-3-small": (0.02, 0.0),
    "text-embedding-3-large": (0.13, 0.0),
    "text-embedding-ada-002": (0.10, 0.0),
}
"""USD per million tokens, (prompt, completion). Source: OpenAI's API price list."""

_TOKENS_PER_PRICE = 1_000_000
_DATE_SUFFIX = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def cost_usd(model: str, prompt_tokens: int, completion_tokens: int) -> float:
    """Return the price of a call; an unknown model costs 0.

    A provider's prefix ("openai/gpt-4o") and a dated version count as the model itself.
    Zero for unknown models keeps self-hosted ones free; whoever pays for another adds a
    line to `PRICES_USD`.
    """
    name = _DATE_SUFFIX.sub("", model.rsplit("/", 1)[-1])
    prompt_price, completion_price = PRICES_USD.get(name, (0.0, 0.0))
    total = prompt_tokens * prompt_price + completion_tokens * completion_price
    return total / _TOKENS_PER_PRICE


def usage_since(
    started: float, model: str, prompt_tokens: int, completion_tokens: int
) -> Usage:
    """Return the priced usage of a call begun at `started` (time.perf_counter)."""
    return Usage(
        model=model,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost_usd(model, prompt_tokens, completion_tokens),
        latency_ms=(time.perf_counter() - started) * 1000,
    )
