"""What is in working memory now, for people to look at and to erase."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from memory.llm.tokens import count_tokens
from memory.working import connection, keys, sessions
from memory.working.keys import Place


@dataclass(frozen=True, slots=True)
class WorkingItem:
    """One thing that is in working memory now.

    Attributes:
        key: Its key in Redis.
        kind: `buffer`, `bundle` or `tool`.
        text: What it is, in a line.
        tokens: What it counts in a prompt.
        expires_in_s: When it goes; None when it stays while its session is among the
            most recently used.
    """

    key: str
    kind: str
    conversation_id: UUID
    text: str
    tokens: int
    expires_in_s: int | None


def items(tenant_id: UUID, customer_id: UUID) -> list[WorkingItem]:
    """Return all that working memory holds about a customer, by key."""
    return connection.quietly(_items, tenant_id, customer_id) or []


def count(tenant_id: UUID, customer_ids: Collection[UUID]) -> int:
    """Count what working memory holds about customers, all of them together.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    named = sessions.names(tenant_id, list(customer_ids))
    pipe = connection.client().pipeline(transaction=False)
    for place, name in named:
        pipe.exists(place.key(name))
    return sum(pipe.execute())


def erase_item(tenant_id: UUID, customer_id: UUID, key: str) -> bool:
    """Delete one item of this customer; False when there is no such item."""
    try:
        place = Place.of(key, tenant_id, customer_id)
    except ValueError:
        return False
    name = key.removeprefix(place.prefix)
    # The lists themselves are no items: without one, what it names is not found.
    if not connection.client().sismember(place.key("keys"), name):
        return False
    return bool(connection.client().delete(place.key(name)))


def drop(tenant_id: UUID, customer_id: UUID) -> None:
    """Drop all that is kept of a customer's sessions; it is made anew when needed."""
    connection.quietly(partial(_drop, tenant_id, customer_id))


def _drop(tenant_id: UUID, customer_id: UUID) -> None:
    named = sessions.names(tenant_id, [customer_id])
    if found := [place.key(name) for place, name in named]:
        connection.client().delete(*found)


def _items(tenant_id: UUID, customer_id: UUID) -> list[WorkingItem]:
    named = sessions.names(tenant_id, [customer_id])
    pipe = connection.client().pipeline(transaction=False)
    for place, name in named:
        pipe.get(place.key(name))
        pipe.ttl(place.key(name))
    answers = pipe.execute()
    return [
        _item(place, name, json.loads(stored), ttl_s)
        for (place, name), stored, ttl_s in zip(
            named, answers[::2], answers[1::2], strict=True
        )
        if stored is not None
    ]


def _item(place: Place, name: str, stored: dict[str, Any], ttl_s: int) -> WorkingItem:
    kind = keys.kind_of(name)
    return WorkingItem(
        key=place.key(name),
        kind=kind,
        conversation_id=place.conversation_id,
        text=_describe(kind, stored),
        tokens=stored.get("tokens") or count_tokens(stored.get("result", "")),
        # Redis says -1 of a key without an end.
        expires_in_s=max(ttl_s, 0) if ttl_s != -1 else None,
    )


def _describe(kind: str, stored: dict[str, Any]) -> str:
    if kind == keys.BUFFER:
        return f"The last {_counted(len(stored['turns']), 'message')}"
    if kind == keys.BUNDLE:
        known = stored["known"]
        also = " and the summary so far" if known["summary"] else ""
        return f"{_counted(len(known['facts']), 'current fact')}{also}"
    arguments = ", ".join(f"{k} {v}" for k, v in stored["arguments"].items())
    return f"{stored['tool']}({arguments}): {stored['result'][:200]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
