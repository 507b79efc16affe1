"""Signed checkpoints of the audit log, kept outside of the database.

A chain says nothing about events cut off its end. A checkpoint says how far it reached
and with which hash: one JSON line a day in a file for each tenant. Each line signs the
one before it, too.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.audit import keys
from accounts.audit.chain import sign

# A day, and the hours that a worker may be away before anybody need look.
STALE_AFTER = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a tenant's log reached.

    Attributes:
        tenant: The tenant's id.
        seq: The last event.
        hash: Its hash.
        at: When the checkpoint was written, ISO 8601.
        key: Id of the key that signed.
        previous: Signature of the checkpoint before, "" for the first.
        signature: HMAC-SHA256 over all the others.
    """

    tenant: str
    seq: int
    hash: str
    at: str
    key: str
    previous: str
    signature: str = ""

    @property
    def moment(self) -> datetime:
        """When it was written."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line of a file; `seq` is what it says it saw."""

    seq: int
    what: str


def path(tenant_id: UUID, directory: Path | None = None) -> Path:
    """Return the file of a tenant's checkpoints."""
    return (directory or settings.AUDIT_CHECKPOINT_DIR) / f"{tenant_id}.jsonl"


def write(tenant_id: UUID, *, seq: int, hash: str) -> Checkpoint:  # noqa: A002 - the field's name in the file
    """Sign how far a log reaches, and append it to the tenant's file.

    Raises:
        OSError: The file cannot be written.
    """
    file = path(tenant_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as lines:
        # One writer at a time: each line signs the one before it.
        fcntl.flock(lines, fcntl.LOCK_EX)
        last = _last_line(lines.read())
        key = keys.current()
        unsigned = Checkpoint(
            tenant=str(tenant_id),
            seq=seq,
            hash=hash,
            at=timezone.now().isoformat(),
            key=key.id,
            previous=str(last.get("signature", "")),
        )
        signed = replace(unsigned, signature=_signature(unsigned, key))
        lines.write(json.dumps(asdict(signed)) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    return signed


def last(tenant_id: UUID) -> Checkpoint | None:
    """Return the newest checkpoint of a tenant; None when there is none to trust.

    Raises:
        OSError: The file cannot be read.
    """
    found, problems = read(tenant_id)
    return found[-1] if found and not problems else None


def read(
    tenant_id: UUID, directory: Path | None = None
) -> tuple[list[Checkpoint], list[Problem]]:
    """Return the checkpoints that can be trusted, oldest first, and what cannot be.

    Raises:
        OSError: The file cannot be read.
    """
    file = path(tenant_id, directory)
    found: list[Checkpoint] = []
    problems: list[Problem] = []
    if not file.exists():
        return found, problems
    known = keys.known()
    previous = ""
    for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
        where = f"checkpoint line {number} of {file.name}"
        checkpoint = _parse(line)
        if checkpoint is None:
            problems.append(Problem(0, f"{where} is not a checkpoint"))
            continue
        if why := _wrong(checkpoint, tenant_id, previous, known):
            problems.append(Problem(checkpoint.seq, f"{where} {why}"))
        else:
            found.append(checkpoint)
        previous = checkpoint.signature
    return found, problems


def _wrong(
    checkpoint: Checkpoint, tenant_id: UUID, previous: str, known: dict[str, keys.Key]
) -> str:
    key = known.get(checkpoint.key)
    if key is None:
        return f"was signed with key {checkpoint.key}, which AUDIT_KEYS_OLD lacks"
    unsigned = replace(checkpoint, signature="")
    if _signature(unsigned, key) != checkpoint.signature:
        return "does not match its signature"
    if checkpoint.tenant != str(tenant_id):
        return "belongs to another tenant"
    if checkpoint.previous != previous:
        return "does not follow the line before it"
    return ""


def _parse(line: str) -> Checkpoint | None:
    try:
        value: dict[str, Any] = json.loads(line)
        checkpoint = Checkpoint(**value)
        _ = checkpoint.moment
    except (TypeError, ValueError, RecursionError):
        return None
    texts = (text for name, text in value.items() if name != "seq")
    well_formed = isinstance(value["seq"], int) and all(
        isinstance(text, str) for text in texts
    )
    return checkpoint if well_formed else None


def _last_line(text: str) -> dict[str, object]:
    lines = text.splitlines()
    try:
        value = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _signature(unsigned: Checkpoint, key: keys.Key) -> str:
    return sign(key.secret, "checkpoint " + json.dumps(asdict(unsigned)))
