"""Tells open sockets that a sign-in may have ended; the database holds whether it has.

A push that is lost costs seconds: every socket's sign-in is looked up again and again.
"""

import logging
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from accounts.models import User

logger = logging.getLogger(__name__)


def staff_group(tenant_id: UUID) -> str:
    """Return the name of the group that a tenant's consoles are in."""
    return f"t.{tenant_id.hex}.staff"


def changed(user: User) -> None:
    """Let the user's sockets look, after the commit, whether they are still signed in.

    For a logout, and another password, role or state.
    """
    group, message = (
        staff_group(user.tenant_id),
        {"type": "sign_in.changed", "user": str(user.pk)},
    )

    def push() -> None:
        try:
            async_to_sync(get_channel_layer().group_send)(group, message)
        except (RedisError, OSError) as error:
            logger.warning("A change was not pushed: %s", type(error).__name__)

    transaction.on_commit(push)
