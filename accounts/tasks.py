"""Background work on what belongs to no customer: thin wrappers that open the scope."""

from celery import shared_task
from django.utils import timezone

from accounts.audit import checkpoints
from accounts.models import AuditEvent, Tenant
from accounts.scope import identity_scope, tenant_scope


@shared_task
def checkpoint_audit() -> None:
    """Sign how far each tenant's audit log reaches, once a day."""
    with identity_scope():
        tenant_ids = list(Tenant.objects.values_list("id", flat=True))
    today = timezone.now().date()
    for tenant_id in tenant_ids:
        newest = checkpoints.last(tenant_id)
        if newest is not None and newest.moment.date() == today:
            continue
        with tenant_scope(tenant_id):
            end = AuditEvent.objects.order_by("-seq").values("seq", "hash").first()
        if end is not None:
            checkpoints.write(tenant_id, seq=end["seq"], hash=end["hash"])
