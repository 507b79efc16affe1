"""Answers of tools, kept by tool and arguments, and looked up by one at a time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from redis.exceptions import LockError
from redis.lock import Lock

from memory.working import connection, keys, sessions
from memory.working.keys import Place

# Whoever waits for somebody else's look-up looks so often whether it is through.
_LOOK_EVERY_S = 0.05
# A look-up that is over by its own time limit has this long to store its answer.
_TO_STORE_S = 2.0


def cached_tool_result(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    tool: str,
    arguments: dict[str, Any],
) -> str | None:
    """Return what the tool answered to the same arguments in this conversation."""
    place = Place(tenant_id, customer_id, conversation_id)
    stored = sessions.read(place, keys.tool(tool, arguments))
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
    """Remember a tool's answer for `keep_s` seconds; 0 does not remember it."""
    if keep_s <= 0:
        return
    place = Place(tenant_id, customer_id, conversation_id)
    value = json.dumps({"tool": tool, "arguments": arguments, "result": result})
    sessions.keep(place, keys.tool(tool, arguments), value, keep_s=keep_s)


@asynccontextmanager
async def look_up_once(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    tool: str,
    arguments: dict[str, Any],
    timeout_s: float,
) -> AsyncIterator[None]:
    """Let the block be the only one that makes this look-up in this conversation.

    Whoever comes second waits until the first is through, and should see then what it
    found. Nobody waits longer than a look-up may take; with Redis away, nobody waits.

    Args:
        tenant_id: The tenant.
        customer_id: The customer.
        conversation_id: The conversation.
        tool: The tool's name.
        arguments: What it is asked.
        timeout_s: How long the look-up may take.
    """
    place = Place(tenant_id, customer_id, conversation_id)
    longest_s = timeout_s + _TO_STORE_S
    lock = Lock(
        connection.client(),
        keys.busy(place, keys.tool(tool, arguments)),
        timeout=longest_s,
        # It is taken and released on whatever thread is free.
        thread_local=False,
    )
    until = time.monotonic() + longest_s
    while (taken := await asyncio.to_thread(_take, lock)) is False:
        if time.monotonic() > until:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    try:
        yield
    finally:
        if taken:
            await asyncio.to_thread(_release, lock)


def _take(lock: Lock) -> bool | None:
    """Try to take a lock; None when Redis is away."""
    taken: bool | None = connection.quietly(lambda: lock.acquire(blocking=False))
    return taken


def _release(lock: Lock) -> None:
    def release() -> None:
        # It may have run out, and then somebody else's is left alone.
        with suppress(LockError):
            lock.release()

    connection.quietly(release)
