"""The bundle: what is known about a customer, ready for the answers of a conversation.

`memory.known` says what is in it; here it is a text with the stamp of the rows that it
is a copy of.
"""

import json
from functools import partial
from typing import Any
from uuid import UUID

from memory.working import connection, keys, sessions
from memory.working.keys import Place
from memory.working.limits import Limits

# What was known is in nobody's way for longer: a bundle of an older state is not read
# again, and would only wait for its end.
_KEEP_S = 3600


def cached_bundle(
    tenant_id: UUID, customer_id: UUID, conversation_id: UUID, *, stamp: str
) -> Any:
    """Return what was kept under this very stamp; None when there is nothing."""
    place = Place(tenant_id, customer_id, conversation_id)
    stored = sessions.read(place, keys.BUNDLE)
    if stored is None:
        return None
    kept = json.loads(stored)
    return kept["known"] if kept["stamp"] == stamp else None


def keep_bundle(
    tenant_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    *,
    stamp: str,
    known: Any,
    tokens: int,
    limits: Limits,
) -> None:
    """Keep what is known, as it is under a stamp.

    Args:
        tenant_id: The tenant.
        customer_id: The customer.
        conversation_id: The conversation.
        stamp: Of the rows, taken before they were read.
        known: What they say, ready for JSON.
        tokens: What it counts in a prompt.
        limits: How much the desk keeps live.
    """
    sessions.keep(
        Place(tenant_id, customer_id, conversation_id),
        keys.BUNDLE,
        json.dumps({"stamp": stamp, "known": known, "tokens": tokens}),
        keep_s=min(limits.session_s or _KEEP_S, _KEEP_S),
        limits=limits,
    )


def forget_bundles(tenant_id: UUID, customer_id: UUID) -> None:
    """Drop what is kept of a customer's facts and summaries, in all conversations.

    No answer needs it, as the stamp tells what is stale; what was erased must not be
    left lying about.
    """
    connection.quietly(partial(_forget, tenant_id, customer_id))


def _forget(tenant_id: UUID, customer_id: UUID) -> None:
    found = [
        place.key(name)
        for place, name in sessions.names(tenant_id, [customer_id])
        if name == keys.BUNDLE
    ]
    if found:
        connection.client().delete(*found)
