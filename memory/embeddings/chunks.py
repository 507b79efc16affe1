"""Cuts long texts into pieces that a model reads whole."""

from collections.abc import Iterator, Sequence

from memory.llm import gateway
from memory.llm.tokens import count_tokens
from memory.llm.types import EmbeddingModelInfo

# Source: the product's reference design for long texts (mission, F6).
CHUNK_TOKENS = 512
OVERLAP_TOKENS = 64


def chunks(text: str, *, model: EmbeddingModelInfo | None = None) -> Iterator[str]:
    """Cut a text into overlapping pieces, at word ends.

    A piece has at most `CHUNK_TOKENS`, and no more than the model reads: what stands
    behind that would be in no vector.

    Args:
        text: The text.
        model: Which model; None for the one that is configured.
    """
    model = model or gateway.embedding_model()
    limit = min(CHUNK_TOKENS, model.max_tokens)
    if _longest([text], model)[0] <= limit:
        yield text
        return
    words = [piece for word in text.split() for piece in _cut(word, limit, model)]
    costs = _longest(words, model)
    start = 0
    while True:
        end = _reach(costs, start, limit)
        yield " ".join(words[start:end])
        if end == len(words):
            return
        overlap = 0
        while end - 1 > start and overlap + costs[end - 1] <= OVERLAP_TOKENS:
            end -= 1
            overlap += costs[end]
        start = end


def _longest(texts: Sequence[str], model: EmbeddingModelInfo) -> list[int]:
    """Return each text's tokens: by our count or by the model's, whichever is more."""
    if not texts:
        return []
    theirs = gateway.embedding_lengths(texts, model)
    # Within a text a word follows a blank, which may cost a token of its own.
    return [
        max(count_tokens(text), count_tokens(f" {text}"), length)
        for text, length in zip(texts, theirs, strict=True)
    ]


def _reach(costs: Sequence[int], start: int, limit: int) -> int:
    """Return up to where the words from `start` on fit into one piece."""
    used, end = 0, start
    while end < len(costs) and used + costs[end] <= limit:
        used += costs[end]
        end += 1
    return end


def _cut(word: str, limit: int, model: EmbeddingModelInfo) -> Iterator[str]:
    """Halve what has no spaces, as in Japanese, until a piece can hold it."""
    # No character is so rare that it has more tokens than four bytes.
    if len(word) * 4 < limit or _longest([word], model)[0] <= limit:
        yield word
        return
    half = len(word) // 2
    yield from _cut(word[:half], limit, model)
    yield from _cut(word[half:], limit, model)
