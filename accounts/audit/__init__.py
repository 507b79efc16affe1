"""The audit log: who did what to whose data, and who was shown whose memory.

Each event is chained to the one before under a key that the database does not have.
Events hold ids and counts, never a name or a text, so that erasing a customer does not
break the chain; a reason in a person's own words stands beside it (`AuditReason`).
"""

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.audit import chain, keys, rules
from accounts.audit.chain import Link
from accounts.models import AuditEvent, AuditReason, Customer
from accounts.scope import current_scope, require_tenant

READ = "memory.read"


def record(
    *,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: UUID | str,
    customer_id: UUID | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an event to the log of the tenant in scope, when all else is done.

    Appends of one tenant queue up until the transaction ends, so take every row lock
    before: whoever holds the end of the chain must wait for nobody.

    Args:
        actor: Who did it: `user:<id>`, `assistant:<model>`, `operator` (a command) or
            `system`.
        action: What was done, as `noun.verb`.
        subject_type: What it was done to.
        subject_id: The id of that.
        customer_id: Whom it is about, if anybody; a subject that is a customer needs
            no other word of it.
        reason: Why, in the person's own words; only a commitment to it is chained.
        detail: Ids, numbers, dates and short words in lower case.

    Raises:
        ValueError: Something but the reason may be personal text.
    """
    tenant_id = require_tenant()
    rules.check(actor, action, subject_type, str(subject_id))
    if customer_id is None:
        customer_id = _whom(subject_type, subject_id)
    key = keys.current()
    event = AuditEvent(
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id),
        customer_ref=customer_id,
        detail=rules.checked(detail or {}),
        scheme=chain.SCHEME,
        key_id=key.id,
    )
    if reason:
        event.reason_commitment = _commit(event, reason)
    _append(event, key)
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

    Raises:
        ValueError: Something may be personal text.
    """
    detail = {"purpose": purpose, **(seen or {})}
    if conversation_id is not None:
        detail["conversation"] = conversation_id
    return record(
        actor=actor,
        action=READ,
        subject_type="customer",
        subject_id=customer_id,
        customer_id=customer_id,
        detail=detail,
    )


def _whom(subject_type: str, subject_id: UUID | str) -> UUID | None:
    """Return whom an event is about that does not say so: in her scope, it is her."""
    if subject_type == "customer":
        return UUID(str(subject_id))
    return current_scope().customer_id


def _commit(event: AuditEvent, reason: str) -> str:
    """Keep a reason beside the chain; return the commitment to it for the chain."""
    reason = reason.replace("\0", "")
    salt = secrets.token_hex(32)
    about = event.customer_ref
    # The reason for an erasure is about somebody who is gone: her words go with her.
    if about is None or Customer.objects.filter(pk=about).exists():
        AuditReason.objects.create(
            tenant_id=event.tenant_id,
            customer_id=about,
            event_id=event.id,
            salt=salt,
            text=reason,
        )
    return chain.commitment(salt, reason)


def _append(event: AuditEvent, key: keys.Key) -> None:
    """Chain the event to the last one and store it."""
    with connection.cursor() as cursor:
        # Foreign keys that were put off lock their parents' rows when they are checked;
        # checked now, no such lock is waited for while this one is held.
        cursor.execute(
            "set constraints all immediate; set constraints all deferred;"
            " select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"audit:{event.tenant_id}"],
        )
    ends = AuditEvent.objects.order_by("-seq").values_list("seq", "hash", "at")
    seq, previous_hash, at = ends.first() or (0, "", None)
    event.seq, event.previous_hash = seq + 1, previous_hash
    # Time never runs backwards in the log, whatever the clocks of several hosts say.
    event.at = max(timezone.now(), at) if at else timezone.now()
    link = Link(*(getattr(event, name) for name in Link._fields))
    event.hash = chain.digest(link, key)
    event.save(force_insert=True)
