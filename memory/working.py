"""Tier 1, working memory: the live state of a conversation, in Redis.

Everything here can be lost at any moment: the buffer is rebuilt from PostgreSQL, a tool
is called again. Keys begin with the tenant and the customer, so that erasing a customer
is erasing one prefix.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

import redis
from django.conf import settings

from memory.types import Author, Turn

logger = logging.getLogger(__name__)

# Source: the product's reference design keeps the last 10 to 20 messages (mission, F3).
BUFFER_MESSAGES = 20
# What nobody has touched for a day is loaded again when it is needed.
_KEEP_S = 24 * 3600
# Longer than any reply, page or task that may still hold what it read before an
# erasure.
_ERASED_S = 3600


@cache
def client() -> redis.Redis:
    """Return the process's Redis client."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)


def customer_prefix(tenant_id: UUID, customer_id: UUID) -> str:
    """Return what every key about this customer begins with."""
    return f"t:{tenant_id.hex}:c:{customer_id.hex}:"


def buffer(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    version: int,
    load: Callable[[], list[Turn]],
) -> list[Turn]:
    """Return the last `BUFFER_MESSAGES` turns, oldest first.

    Args:
        tenant_id: The tenant.
        customer_id: The customer.
        conversation_id: The conversation.
        version: The conversation's newest `seq`; a buffer of another version is stale.
        load: Reads the turns from PostgreSQL when Redis has none, or stale ones.
    """
    key = _buffer_key(tenant_id, customer_id, conversation_id)
    stored = _quietly(client().get, key)
    if stored is not None:
        kept = json.loads(stored)
        if kept["version"] == version:
            return [_turn(item) for item in kept["turns"]]
    turns = load()
    value = json.dumps({"version": version, "turns": [_item(turn) for turn in turns]})
    _keep(tenant_id, customer_id, key, value, keep_s=_KEEP_S)
    return turns


def forget_buffer(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> None:
    """Drop a buffer that is no longer true."""
    key = _buffer_key(tenant_id, customer_id, conversation_id)
    _quietly(client().delete, key)


def cached_tool_result(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    tool: str,
    arguments: dict[str, Any],
) -> str | None:
    """Return what the tool answered to the same arguments in this conversation."""
    key = _tool_key(tenant_id, customer_id, conversation_id, tool, arguments)
    stored = _quietly(client().get, key)
    return json.loads(stored)["result"] if stored is not None else None


def keep_tool_result(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    tool: str,
    arguments: dict[str, Any],
    result: str,
    keep_s: int,
) -> None:
    """Remember a tool's answer for `keep_s` seconds."""
    key = _tool_key(tenant_id, customer_id, conversation_id, tool, arguments)
    value = json.dumps({"tool": tool, "arguments": arguments, "result": result})
    _keep(tenant_id, customer_id, key, value, keep_s=keep_s)


@dataclass(frozen=True, slots=True)
class WorkingItem:
    """One thing that is in working memory now, for people to look at."""

    key: str
    kind: str
    conversation_id: UUID
    text: str
    expires_in_s: int


def items(tenant_id: UUID, customer_id: UUID) -> list[WorkingItem]:
    """Return all that working memory holds about a customer, by key."""
    prefix = customer_prefix(tenant_id, customer_id)
    found = []
    for key in sorted(_quietly(keys_like, f"{prefix}*") or []):
        stored = _quietly(client().get, key)
        if stored is None:
            continue
        conversation, kind, *_ = key.removeprefix(prefix).split(":")
        found.append(
            WorkingItem(
                key=key,
                kind=kind,
                conversation_id=UUID(conversation),
                text=_describe(kind, json.loads(stored)),
                expires_in_s=_quietly(client().ttl, key) or 0,
            )
        )
    return found


def erase_item(tenant_id: UUID, customer_id: UUID, key: str) -> bool:
    """Delete one item of this customer; False when there is no such item."""
    if not key.startswith(customer_prefix(tenant_id, customer_id)):
        return False
    return bool(client().delete(key))


def erase_customer(tenant_id: UUID, customer_id: UUID) -> int:
    """Delete all that working memory holds about a customer; returns how many keys.

    A reply or a page that read her messages before may still want to keep them
    afterwards: for an hour, whatever is kept about her is deleted at once.

    Raises:
        redis.RedisError: Redis did not answer, so nothing can be said about it.
    """
    client().set(_erased_key(tenant_id, customer_id), "1", ex=_ERASED_S)
    keys = keys_like(f"{customer_prefix(tenant_id, customer_id)}*")
    return int(client().delete(*keys)) if keys else 0


def drop(tenant_id: UUID, customer_id: UUID) -> None:
    """Drop what working memory holds about a customer; it is made anew when needed."""
    found = _quietly(keys_like, f"{customer_prefix(tenant_id, customer_id)}*")
    if found:
        _quietly(client().delete, *found)


def keys_like(pattern: str) -> list[str]:
    """Return the keys of a pattern; it walks all keys, a thousand to a round trip.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    return list(client().scan_iter(pattern, count=1000))


def _describe(kind: str, stored: dict[str, Any]) -> str:
    if kind == "buffer":
        return f"The last {len(stored['turns'])} messages"
    arguments = ", ".join(f"{k} {v}" for k, v in stored["arguments"].items())
    return f"{stored['tool']}({arguments}): {stored['result'][:200]}"


def _buffer_key(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> str:
    return f"{customer_prefix(tenant_id, customer_id)}{conversation_id.hex}:buffer"


def _tool_key(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    tool: str,
    arguments: dict[str, Any],
) -> str:
    canonical = json.dumps([tool, arguments], sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:32]
    prefix = customer_prefix(tenant_id, customer_id)
    return f"{prefix}{conversation_id.hex}:tool:{digest}"


def _erased_key(tenant_id: UUID, customer_id: UUID) -> str:
    """Return the mark of an erasure, which does not say whose it was."""
    prefix = customer_prefix(tenant_id, customer_id)
    return f"erased:{hashlib.sha256(prefix.encode()).hexdigest()[:32]}"


def _keep(
    tenant_id: UUID, customer_id: UUID, key: str, value: str, *, keep_s: int
) -> None:
    """Set a key, unless the customer was erased.

    The mark is looked for after the key is there: an erasure either sees the key or
    has left its mark before.
    """

    def keep() -> None:
        client().set(key, value, ex=keep_s)
        if client().exists(_erased_key(tenant_id, customer_id)):
            client().delete(key)

    _quietly(keep)


def _quietly(call: Callable[..., Any], *arguments: Any) -> Any:
    """Run a Redis call; None when Redis is away, since it only makes things faster."""
    try:
        return call(*arguments)
    except (redis.RedisError, OSError) as error:
        logger.warning("Working memory is away: %s", type(error).__name__)
        return None


def _item(turn: Turn) -> dict[str, str]:
    return {
        "id": str(turn.id),
        "author": turn.author,
        "text": turn.text,
        "sent_at": turn.sent_at.isoformat(),
        "author_name": turn.author_name,
    }


def _turn(item: dict[str, str]) -> Turn:
    return Turn(
        id=UUID(item["id"]),
        author=cast("Author", item["author"]),
        text=item["text"],
        sent_at=datetime.fromisoformat(item["sent_at"]),
        author_name=item["author_name"],
    )
