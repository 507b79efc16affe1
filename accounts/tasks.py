"""Background work on accounts: thin wrappers that open the scope and call a service."""

from urllib.parse import urljoin
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import staff
from accounts.models import Invitation
from accounts.scope import tenant_scope


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
