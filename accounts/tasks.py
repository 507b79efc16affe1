"""Background work on accounts: thin wrappers that open the scope and call a service."""

from urllib.parse import urljoin
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts import staff
from accounts.audit import checkpoints
from accounts.models import AuditEvent, Invitation, Tenant
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


@shared_task
def send_invitation(*, tenant_id: str, invitation_id: str) -> None:
    """Mail an invitation's link, unless it is not open any more."""
    with tenant_scope(UUID(tenant_id)):
        invitation = (
            Invitation.objects.select_related("tenant", "invited_by")
            .filter(pk=invitation_id)
            .first()
        )
    if invitation is None or not invitation.is_open:
        return
    path = reverse("accept_invitation", args=[staff.invitation_token(invitation)])
    context = {
        "invitation": invitation,
        "link": urljoin(settings.PUBLIC_URL, path),
        "hours": staff.INVITATION_HOURS,
    }
    send_mail(
        subject=f"{invitation.tenant.name}: your login to the support desk",
        message=render_to_string("accounts/invitation.txt", context),
        from_email=None,
        recipient_list=[invitation.email],
    )
