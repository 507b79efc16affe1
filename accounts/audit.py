"""The audit log: who did what to whose data, each event chained to the one before.

Events hold ids and counts, never a name or a text, so that erasing a customer does not
break the chain.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.scope import require_tenant


def record(
    *,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: UUID | str,
    customer_id: UUID | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append an event to the log of the tenant in scope.

    Args:
        actor: Who did it: `user:<id>`, `assistant` or `system`.
        action: What was done, as `noun.verb`.
        subject_type: What it was done to.
        subject_id: The id of that.
        customer_id: Whom it is about, if anybody.
        reason: Why, in the person's own words; only a commitment to it is chained.
        detail: Ids and counts only.
    """
    tenant_id = require_tenant()
    with connection.cursor() as cursor:
        # Appends of one tenant queue up here: a chain has one end.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"audit:{tenant_id}"],
        )
    last = AuditEvent.objects.order_by("-seq").first()
    event = AuditEvent(
        tenant_id=tenant_id,
        seq=last.seq + 1 if last else 1,
        at=timezone.now(),
        actor=actor,
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id),
        detail=detail or {},
        previous_hash=last.hash if last else "",
    )
    event.hash = chain_hash(event)
    event.save(force_insert=True)
    return event


def memory_read(
    *,
    actor: str,
    customer_id: UUID,
    purpose: str,
    conversation_id: UUID | None = None,
    seen: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Record that somebody, or a call to a model, was shown a customer's memory.

    Args:
        actor: `user:<id>`, or `assistant:<model>` for what a model was sent.
        customer_id: Whose memory.
        purpose: What for, such as `support` or `privacy request <id>`.
        conversation_id: For which conversation, if for one.
        seen: What of it: ids or counts by tier.
    """
    detail = {"purpose": purpose, **(seen or {})}
    if conversation_id is not None:
        detail["conversation"] = str(conversation_id)
    return record(
        actor=actor,
        action="memory.read",
        subject_type="customer",
        subject_id=customer_id,
        customer_id=customer_id,
        detail=detail,
    )


def chain_hash(event: AuditEvent) -> str:
    """Return the HMAC-SHA256 over the previous hash and the canonical event."""
    canonical = json.dumps(
        [
            event.previous_hash,
            str(event.tenant_id),
            event.seq,
            event.at.isoformat(),
            event.actor,
            event.action,
            event.subject_type,
            event.subject_id,
            event.detail,
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()
