"""Exact token counts without a network."""

import json
import re
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

from memory.llm.types import ChatMessage

ENCODING = "o200k_base"
"""Encoding of the current OpenAI models. Source: tiktoken's model table."""

# One character of the scripts that write words without spaces between them (Han, kana,
# Thai, Lao, Burmese, Khmer) with the marks on it, or a run of anything else.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\uffef"
)
_MARKS = (
    r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    r"\u102b-\u103e\u17b6-\u17d3\u3099\u309a"
)
_PIECE = re.compile(rf"[{_UNSPACED}][{_MARKS}]*|[^\s{_UNSPACED}]+")

TOKENS_PER_MESSAGE = 3
TOKENS_PER_REPLY = 3
"""Frame around each message, and the priming of the reply.

Source: OpenAI cookbook, "How to count tokens with tiktoken".
"""


@cache
def _encoding() -> Any:
    # Its import reads the tables of all encodings, a second that only the processes
    # pay that count; and by a function that Python 3.11 deprecates.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

    return bpe_openai.get_encoding(ENCODING)


def count_tokens(text: str) -> int:
    """Count the tokens of a text; special tokens in it count as plain text."""
    return len(_encoding().encode_ordinary(text)) if text else 0


def count_message_tokens(messages: Iterable[ChatMessage]) -> int:
    """Count the prompt tokens of a conversation, frames and priming included.

    A tool call counts as its name and its arguments in JSON; providers do not publish
    their own form of it, so prompts with calls are exact to a few tokens.
    """
    total = TOKENS_PER_REPLY
    for message in messages:
        total += TOKENS_PER_MESSAGE + count_tokens(message.role)
        total += count_tokens(message.content)
        for call in message.tool_calls:
            total += count_tokens(call.name)
            total += count_tokens(json.dumps(dict(call.arguments)))
    return total


def clip_to_tokens(text: str, max_tokens: int) -> str:
    """Return the text, cut between words to at most `max_tokens`, with an ellipsis.

    Where a script puts no spaces, it is cut between characters. White space that it
    keeps becomes single spaces; a first word that is too long leaves nothing.
    """
    if count_tokens(text) <= max_tokens:
        return text
    text = " ".join(text.split())
    ends = [match.end() for match in _PIECE.finditer(text)]
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens(_clipped(text, ends[middle - 1])) <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return _clipped(text, ends[low - 1]) if low else ""


def _clipped(text: str, end: int) -> str:
    # A space before the ellipsis says that the word before it is whole.
    return f"{text[:end].rstrip()} …"
