"""Turns of a conversation, and the models that judge its summary."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from memory.types import Author, Turn
from tests.chat.conftest import embedded_model, model

__all__ = ["embedded_model", "model"]

SAID_AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
_AUTHORS: dict[str, Author] = {"C": "customer", "A": "agent", "B": "assistant"}


def talk(*lines: str) -> list[Turn]:
    """Turns from lines such as "C: Where is it?"; A is an agent, B the assistant."""
    return [
        Turn(
            id=uuid5(NAMESPACE_URL, f"{number}{line}"),
            author=_AUTHORS[line[0]],
            text=line[3:],
            sent_at=SAID_AT + timedelta(minutes=number),
        )
        for number, line in enumerate(lines)
    ]


def texts(turns: Sequence[Turn]) -> list[str]:
    """What was said."""
    return [turn.text for turn in turns]
