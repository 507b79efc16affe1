"""Whether a message is so plainly small talk that nothing need be recalled for it.

A content question that is skipped costs an answer, a thank-you that is looked up three
milliseconds: so everything has to agree.
"""

import re
from functools import cache

from memory.llm.assistant.intents import is_greeting, is_question
from memory.recall.intents.catalogue import SMALL_TALK, built_in, route_of
from memory.recall.types import Intent

CONFIDENT = 0.6
"""Least share of the votes. Source: `make bench-intents`."""
_MOST_WORDS = 12
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_DIGIT = re.compile(r"\d")


def skips_recall(text: str, intent: Intent | None, last_said: str = "") -> bool:
    """Say whether nothing needs to be recalled for a message.

    It must be small talk with high confidence, each of its words must stand in a
    built-in example of small talk, with no digit among them, and it may ask nothing
    but how one is. Where the assistant has just asked something, even "ok" is an
    answer with content.

    Args:
        text: The message.
        intent: What it is about.
        last_said: What the desk said before it.
    """
    if intent is None or not route_of(intent).skips_recall:
        return False
    if intent.confidence < CONFIDENT or "?" in last_said or _DIGIT.search(text):
        return False
    if is_question(text) and not is_greeting(text):
        return False
    words = _words(text)
    return len(words) <= _MOST_WORDS and set(words) <= _small_words()


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@cache
def _small_words() -> frozenset[str]:
    examples = built_in()[SMALL_TALK]
    return frozenset(word for text in examples for word in _words(text))
