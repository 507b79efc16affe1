"""Who works at a desk: invitations, roles, suspension. The only writes to users.

Every act is recorded with its reason. None leaves a desk without an admin, and nobody
changes her own role.
"""

from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, sign_ins
from accounts.models import Invitation, User
from accounts.queue import enqueue
from accounts.scope import identity_scope, require_tenant, tenant_scope

INVITATION_HOURS = 72
_SALT = "accounts.invitation"


# --- Invitations ---------------------------------------------------------------------


@transaction.atomic
def invite(*, email: str, role: str, by: User) -> Invitation:
    """Invite somebody by mail.

    Raises:
        ValidationError: She works here already, or an invitation waits for her.
    """
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError("That address has a login here already.")
    if any(row.is_open for row in Invitation.objects.filter(email__iexact=email)):
        raise ValidationError("An invitation to that address is still open.")
    invitation: Invitation = Invitation.objects.create(
        tenant_id=by.tenant_id,
        email=email.lower(),
        role=role,
        invited_by=by,
        expires_at=timezone.now() + timedelta(hours=INVITATION_HOURS),
    )
    _record(by, "invitation.created", "invitation", invitation.id, role=role)
    enqueue(
        "accounts.tasks.send_invitation",
        tenant_id=by.tenant_id,
        invitation_id=invitation.id,
    )
    return invitation


@transaction.atomic
def cancel_invitation(*, invitation_id: UUID, by: User, reason: str) -> Invitation:
    """Take an invitation back.

    Raises:
        ValidationError: It was accepted or cancelled before.
    """
    invitation: Invitation
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if invitation.accepted_at or invitation.cancelled_at:
        raise ValidationError("That invitation is not open any more.")
    _cancel(invitation, by, reason)
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """Return what the link of an invitation ends in; made anew whenever it is needed.

    Nothing that opens an invitation is stored: neither here nor in the queue.
    """
    ids = f"{invitation.tenant_id.hex}{invitation.id.hex}"
    return signing.Signer(salt=_SALT).sign(ids).replace(":", ".")


def open_invitation(token: str) -> Invitation | None:
    """Return the invitation that a link opens, if any still waits there."""
    try:
        ids = signing.Signer(salt=_SALT).unsign(token.replace(".", ":"))
        tenant_id, invitation_id = UUID(ids[:32]), UUID(ids[32:])
    except (signing.BadSignature, ValueError):
        return None
    with tenant_scope(tenant_id):
        found: Invitation | None = (
            Invitation.objects.select_related("tenant").filter(pk=invitation_id).first()
        )
    return found if found is not None and found.is_open else None


def accept_invitation(*, token: str, name: str, password: str | None) -> User:
    """Make a login of an invitation. Without a password her provider signs her in.

    Raises:
        ValidationError: The link opens nothing, or the address has a login elsewhere.
    """
    spent = ValidationError("This invitation has been used, cancelled, or has expired.")
    invitation = open_invitation(token)
    if invitation is None:
        raise spent
    with identity_scope(), tenant_scope(invitation.tenant_id):
        invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not invitation.is_open:
            raise spent
        user = User(
            tenant_id=invitation.tenant_id,
            email=invitation.email,
            name=name,
            role=invitation.role,
        )
        user.set_password(password)
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            raise ValidationError(
                "This address cannot be used. Ask for an invitation to another one."
            ) from None
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        _record(user, "invitation.accepted", "invitation", invitation.id)
    return user


# --- Roles and suspension ------------------------------------------------------------


@transaction.atomic
def change_role(*, user_id: UUID, role: str, by: User, reason: str) -> User:
    """Give somebody another role, which ends her sign-ins and her invitations.

    Raises:
        ValidationError: Her own role, or the desk's last admin.
    """
    user = _for_change(user_id)
    if user.pk == by.pk:
        raise ValidationError("Another admin has to change your role.")
    if user.role == role:
        raise ValidationError("That is her role already.")
    _keep_an_admin(user)
    before, user.role = user.role, role
    _end_sign_ins(user)
    _cancel_invitations_of(user, by, reason)
    _record(by, "user.role_changed", "user", user.pk, reason, before=before, role=role)
    return user


@transaction.atomic
def suspend(*, user_id: UUID, by: User, reason: str) -> User:
    """Shut somebody out, at once and until she is reinstated, whomever she invited too.

    Raises:
        ValidationError: Herself, the desk's last admin, or suspended already.
    """
    user = _for_change(user_id)
    if user.pk == by.pk:
        raise ValidationError("You cannot suspend yourself.")
    if not user.is_active:
        raise ValidationError("She is suspended already.")
    _keep_an_admin(user)
    user.is_active = False
    _end_sign_ins(user)
    _cancel_invitations_of(user, by, reason)
    _record(by, "user.suspended", "user", user.pk, reason)
    return user


@transaction.atomic
def reinstate(*, user_id: UUID, by: User, reason: str) -> User:
    """Let somebody in again; her old sign-ins stay ended.

    Raises:
        ValidationError: She is not suspended.
    """
    user = _for_change(user_id)
    if user.is_active:
        raise ValidationError("She is not suspended.")
    user.is_active = True
    _end_sign_ins(user)
    _record(by, "user.reinstated", "user", user.pk, reason)
    return user


def _cancel(invitation: Invitation, by: User, reason: str) -> None:
    invitation.cancelled_at = timezone.now()
    invitation.save(update_fields=["cancelled_at"])
    _record(by, "invitation.cancelled", "invitation", invitation.id, reason)


def _cancel_invitations_of(user: User, by: User, reason: str) -> None:
    """Cancel the invitations of somebody who may not invite any more.

    One of them may be to an address of her own.
    """
    rows = Invitation.objects.select_for_update().filter(
        invited_by=user, accepted_at=None, cancelled_at=None
    )
    # All are locked before the first of them is recorded.
    for invitation in list(rows.order_by("id")):
        _cancel(invitation, by, reason)


def _for_change(user_id: UUID) -> User:
    # Admins first, always in this order: two who demote each other queue up here.
    list(_admins().select_for_update())
    return User.objects.select_for_update().get(pk=user_id)


def _admins() -> QuerySet[User]:
    return User.objects.filter(
        tenant_id=require_tenant(), role=User.Role.ADMIN, is_active=True
    ).order_by("id")


def _keep_an_admin(user: User) -> None:
    if not user.is_active or user.role != User.Role.ADMIN:
        return
    if not _admins().exclude(pk=user.pk).exists():
        raise ValidationError("A desk needs an admin: this is the last one.")


def _end_sign_ins(user: User) -> None:
    user.sign_in_epoch += 1
    user.save(update_fields=["role", "is_active", "sign_in_epoch"])
    sign_ins.changed(user)


def _record(
    by: User,
    action: str,
    subject_type: str,
    subject_id: UUID,
    reason: str = "",
    **detail: str,
) -> None:
    audit.record(
        actor=by.actor,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        reason=reason,
        detail=detail,
    )
