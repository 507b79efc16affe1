"""How one event of the audit log is chained to the one before.

Scheme 2 is an HMAC-SHA256 under the audit key over every column of the event. Scheme 1,
of the events that are older than the audit key, was one under `SECRET_KEY` over fewer
columns; the others are empty there, and verification insists on that.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.audit.keys import Key

SCHEME = 2

_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Link(NamedTuple):
    """The columns of one event, as they are chained and read back."""

    id: UUID
    tenant_id: UUID
    seq: int
    at: datetime
    actor: str
    action: str
    subject_type: str
    subject_id: str
    customer_ref: UUID | None
    reason_commitment: str
    detail: Mapping[str, Any]
    scheme: int
    key_id: str
    previous_hash: str
    hash: str


def digest(link: Link, key: Key) -> str:
    """Return the hash that a link of scheme 2 must have."""
    canonical = _json(
        [
            link.scheme,
            link.key_id,
            link.previous_hash,
            str(link.tenant_id),
            link.seq,
            str(link.id),
            link.at.isoformat(),
            link.actor,
            link.action,
            link.subject_type,
            link.subject_id,
            str(link.customer_ref or ""),
            link.reason_commitment,
            link.detail,
        ]
    )
    return sign(key.secret, canonical)


def first_digest(link: Link, secret: bytes) -> str:
    """Return the hash that a link of scheme 1 must have."""
    canonical = _json(
        [
            link.previous_hash,
            str(link.tenant_id),
            link.seq,
            link.at.isoformat(),
            link.actor,
            link.action,
            link.subject_type,
            link.subject_id,
            link.detail,
        ]
    )
    return sign(secret, canonical)


def commitment(salt: str, text: str) -> str:
    """Return what the chain keeps of a reason: with the salt gone, it says nothing."""
    return sign(bytes.fromhex(salt), text)


def sign(key: bytes, text: str) -> str:
    """Return the HMAC-SHA256 of a text, in hexadecimal digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()
