"""The buffer: a conversation's newest messages, bounded by number and by tokens."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from memory.llm.tokens import count_message_tokens
from memory.llm.types import ChatMessage
from memory.types import Author, Turn
from memory.working import connection, keys, sessions
from memory.working.keys import Place
from memory.working.limits import Limits

_ROLES: dict[str, Literal["assistant", "user"]] = {
    "customer": "user",
    "assistant": "assistant",
    "agent": "assistant",
    "system": "assistant",
    "tool": "assistant",
}


@dataclass(frozen=True, slots=True)
class Buffer:
    """The newest messages of a conversation.

    Attributes:
        turns: Oldest first.
        tokens: What they count in a prompt.
        cut: The messages right before them that were too many tokens, oldest first.
    """

    turns: tuple[Turn, ...]
    tokens: int
    cut: tuple[UUID, ...]


def as_message(turn: Turn) -> ChatMessage:
    """Return a turn as a model gets it."""
    return ChatMessage(_ROLES[turn.author], turn.text)


def turn_tokens(turn: Turn) -> int:
    """Count what a turn adds to a prompt, its frame included."""
    return count_message_tokens([as_message(turn)]) - count_message_tokens([])


def buffer(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    version: int,
    limits: Limits,
    load: Callable[[], Sequence[Turn]],
) -> Buffer:
    """Return the newest turns, as many as the limits allow.

    A newest message that alone counts more tokens than allowed is in it, and nothing
    else.

    Args:
        tenant_id: The tenant.
        customer_id: The customer.
        conversation_id: The conversation.
        version: The conversation's newest `seq`; a buffer of another version is stale,
            and so is one of other limits.
        limits: How much the desk wants in it.
        load: Reads the last `limits.messages` turns up to `version` from PostgreSQL,
            oldest first, when Redis has none.
    """
    place = Place(tenant_id, customer_id, conversation_id)
    state = [version, limits.messages, limits.tokens]
    stored = sessions.read(place, keys.BUFFER)
    if stored is not None:
        kept = json.loads(stored)
        if kept["state"] == state:
            return _buffer(kept)
    found = _bounded(load(), limits.tokens)
    value = json.dumps({"state": state, **_item(found)})
    sessions.keep(place, keys.BUFFER, value, keep_s=limits.session_s, limits=limits)
    return found


def forget_buffer(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> None:
    """Drop a buffer that is no longer true."""
    key = Place(tenant_id, customer_id, conversation_id).key(keys.BUFFER)
    connection.quietly(connection.client().delete, key)


def _bounded(turns: Sequence[Turn], tokens: int) -> Buffer:
    """Keep the newest turns that fit; the very last one stays in any case."""
    used, first = 0, len(turns)
    for place in reversed(range(len(turns))):
        cost = turn_tokens(turns[place])
        if used and used + cost > tokens:
            break
        used, first = used + cost, place
    cut = tuple(turn.id for turn in turns[:first])
    return Buffer(tuple(turns[first:]), used, cut)


def _item(found: Buffer) -> dict[str, Any]:
    return {
        "turns": [
            {
                "id": str(turn.id),
                "author": turn.author,
                "text": turn.text,
                "sent_at": turn.sent_at.isoformat(),
                "author_name": turn.author_name,
            }
            for turn in found.turns
        ],
        "tokens": found.tokens,
        "cut": [str(turn_id) for turn_id in found.cut],
    }


def _buffer(item: dict[str, Any]) -> Buffer:
    turns = tuple(
        Turn(
            id=UUID(turn["id"]),
            author=cast("Author", turn["author"]),
            text=turn["text"],
            sent_at=datetime.fromisoformat(turn["sent_at"]),
            author_name=turn["author_name"],
        )
        for turn in item["turns"]
    )
    return Buffer(turns, item["tokens"], tuple(UUID(each) for each in item["cut"]))
