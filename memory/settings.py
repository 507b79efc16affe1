"""How the desk in scope wants its memory."""

from accounts.scope import require_tenant
from memory.models import MemorySettings


def current() -> MemorySettings:
    """Return the desk's settings; the defaults, unsaved, when it has none."""
    tenant_id = require_tenant()
    kept = MemorySettings.objects.filter(tenant_id=tenant_id).first()
    return kept or MemorySettings(tenant_id=tenant_id)
