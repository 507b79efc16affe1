"""What a rule of the assistant hands back, and what every rule may look at."""

import re
from dataclasses import dataclass

from memory.llm.types import ChatMessage, MemoryItem, ReplyRequest, ToolCall
from memory.llm.words import straight

_HASTY = {
    "wheres": "where is",
    "whats": "what is",
    "wats": "what is",
    "wat": "what",
    "whens": "when is",
    "hows": "how is",
    "whos": "who is",
    "adress": "address",
    "hasnt": "hasn't",
    "havent": "haven't",
    "didnt": "didn't",
    "doesnt": "doesn't",
    "dont": "don't",
    "isnt": "isn't",
    "cant": "can't",
    "im": "I'm",
    "pls": "please",
    "plz": "please",
    "u": "you",
    "ur": "your",
}
"""What people in a hurry write, for the words that the rules look for."""
_HASTY_WORD = re.compile(rf"\b(?:{'|'.join(_HASTY)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Text to say, tools to call, or a hand-over with its reason."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    hand_over: str = ""


class Situation:
    """The request with the words that matter already picked out."""

    def __init__(self, request: ReplyRequest) -> None:
        self.request = request
        first, end = _question_at(request.messages)
        asked = [message.content.strip() for message in request.messages[first:end]]
        self.question = _spelt_out(straight("\n".join(asked)))
        self.earlier: tuple[ChatMessage, ...] = request.messages[:first]
        self.since: tuple[ChatMessage, ...] = request.messages[end:]

    @property
    def last_said(self) -> str:
        """What our side said last before the question, or ""."""
        for message in reversed(self.earlier):
            if message.role == "assistant" and message.content:
                return message.content
        return ""

    @property
    def earlier_questions(self) -> list[str]:
        """The customer's earlier messages, latest first."""
        return [
            _spelt_out(straight(message.content))
            for message in reversed(self.earlier)
            if message.role == "user"
        ]

    def memories_of(self, *keys: str) -> list[MemoryItem]:
        """Return the memories with one of these keys, the latest first."""
        found = [item for item in self.request.memories if item.key in keys]
        return sorted(found, key=lambda item: item.said_at, reverse=True)

    @property
    def first_name(self) -> str:
        """How to greet the customer, or ""."""
        names = self.memories_of("customer_name")
        name = self.request.customer_name or (names[0].value if names else "")
        return name.split()[0] if name.split() else ""


def _question_at(messages: tuple[ChatMessage, ...]) -> tuple[int, int]:
    """Return where the question begins and ends: the messages not answered yet."""
    end = len(messages)
    while end and messages[end - 1].role != "user":
        end -= 1
    first = end
    while first and messages[first - 1].role == "user":
        first -= 1
    return first, end


def _spelt_out(text: str) -> str:
    return _HASTY_WORD.sub(lambda found: _HASTY[found[0].lower()], text)
