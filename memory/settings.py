"""How the desk in scope wants its memory."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.scope import require_tenant
from memory.models import MemorySettings


def current() -> MemorySettings:
    """Return the desk's settings; the defaults, unsaved, when it has none."""
    tenant_id = require_tenant()
    kept = MemorySettings.objects.filter(tenant_id=tenant_id).first()
    return kept or MemorySettings(tenant_id=tenant_id)


@transaction.atomic
def change(*, user: User, values: Mapping[str, Any], reason: str) -> list[str]:
    """Set how the desk remembers; it holds from the next message on.

    Args:
        user: The admin.
        values: Fields of `MemorySettings`, checked by the form.
        reason: Why, in her own words.

    Returns:
        The names of the fields that are another now.
    """
    before = current()
    changed = sorted(name for name in values if getattr(before, name) != values[name])
    if changed:
        MemorySettings.objects.update_or_create(
            tenant_id=require_tenant(),
            defaults={**values, "changed_at": timezone.now()},
        )
        audit.record(
            actor=user.actor,
            action="memory_settings.changed",
            subject_type="tenant",
            subject_id=require_tenant(),
            reason=reason,
            detail={"changed": changed},
        )
    return changed
