"""Tells open sockets that something changed; PostgreSQL holds what.

A push that is lost costs nothing but time: every socket reads the log after its own
last `seq`, so the next push, or its ping, brings what it missed.
"""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def conversation_group(tenant_id: UUID, conversation_id: UUID) -> str:
    """Return the name of the group that watches one conversation."""
    return f"t.{tenant_id.hex}.conversation.{conversation_id.hex}"


def inbox_group(tenant_id: UUID) -> str:
    """Return the name of the group that watches a tenant's inbox."""
    return f"t.{tenant_id.hex}.inbox"


def conversation_changed(tenant_id: UUID, conversation_id: UUID, seq: int) -> None:
    """Tell the conversation's sockets and the inboxes that its log goes up to `seq`."""
    _send(
        {
            conversation_group(tenant_id, conversation_id): {
                "type": "conversation.changed",
                "seq": seq,
            },
            inbox_group(tenant_id): {
                "type": "inbox.changed",
                "conversation": str(conversation_id),
            },
        }
    )


def memory_changed(tenant_id: UUID, conversation_id: UUID) -> None:
    """Tell the conversation's sockets that what is remembered has changed."""
    group = conversation_group(tenant_id, conversation_id)
    _send({group: {"type": "memory.changed"}})


async def reply_grew(
    tenant_id: UUID, conversation_id: UUID, message_id: UUID, text: str
) -> None:
    """Show the conversation's sockets how far the reply has come.

    The whole text so far goes over the layer: a socket that came late, or missed a
    push, is right again with the next one.
    """
    layer = get_channel_layer()
    try:
        await layer.group_send(
            conversation_group(tenant_id, conversation_id),
            {"type": "reply.grew", "message": str(message_id), "text": text},
        )
    except (RedisError, OSError) as error:
        logger.warning("A delta was not pushed: %s", type(error).__name__)


@async_to_sync
async def _send(messages: Mapping[str, dict[str, Any]]) -> None:
    """Send each group its message, in one hop to the event loop for all of them."""
    layer = get_channel_layer()
    try:
        for group, message in messages.items():
            await layer.group_send(group, message)
    except (RedisError, OSError) as error:
        logger.warning("A change was not pushed: %s", type(error).__name__)
