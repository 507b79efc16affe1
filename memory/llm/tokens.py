"""Exact token counts without a network."""

import json
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

from memory.llm.types import ChatMessage

ENCODING = "o200k_base"
"""Encoding of the current OpenAI models. Source: tiktoken's model table."""

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
    """Return the text, cut between words to at most `max_tokens`, with an ellipsis."""
    if count_tokens(text) <= max_tokens:
        return text
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens(" ".join(words[:middle]) + " …") <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low]) + " …" if low else ""
