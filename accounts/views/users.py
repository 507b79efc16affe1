"""Settings: who works at the desk, with which role, and who is invited."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import policies, staff
from accounts.forms import InviteForm, ReasonForm, RoleForm
from accounts.models import Invitation, User
from accounts.policies import Act, Power, desk_view, signed_in_user
from accounts.reauthentication import SECOND_FACTORS

# The invitation whose link the next page shows, and no page after that.
_SHOW_LINK = "accounts.invitation_to_show"


@require_safe
@never_cache
@desk_view(Power.MANAGE_USERS)
def users(request: HttpRequest) -> HttpResponse:
    """List the desk's staff, and the invitations that are open."""
    me = signed_in_user(request)
    everybody = policies.users.rows(me, Act.READ)
    listed = list(everybody.order_by("-is_active", "name", "email"))
    invited = policies.invitations.rows(me, Act.READ).select_related("invited_by")
    invitations = [row for row in invited.order_by("-created_at") if row.is_open]
    return _show(
        request,
        "accounts/users.html",
        {
            "users": listed,
            "with_second_factor": _with_second_factor(listed),
            "invitations": invitations,
            "hours": staff.INVITATION_HOURS,
            "link": _link_to_show(request, invitations),
        },
    )


@require_safe
@never_cache
@desk_view(Power.MANAGE_USERS)
def user(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Show one login, and what can be done about it."""
    shown = policies.users.fetch(signed_in_user(request), Act.READ, user_id)
    context = {"shown": shown, "second_factor": bool(_with_second_factor([shown]))}
    return _show(request, "accounts/user.html", context)


@require_POST
@never_cache
@desk_view(Power.MANAGE_USERS, fresh=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody; the next page shows the link once."""

    def act(form: forms.Form) -> str:
        invitation = staff.invite(**form.cleaned_data, by=signed_in_user(request))
        request.session[_SHOW_LINK] = str(invitation.id)
        return f"{invitation.email} is invited."

    return _done(request, InviteForm(request.POST), act, reverse("accounts:users"))


@require_POST
@never_cache
@desk_view(Power.MANAGE_USERS, fresh=True)
def cancel_invitation(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    by = signed_in_user(request)
    policies.invitations.fetch(by, Act.CHANGE, invitation_id)

    def act(form: forms.Form) -> str:
        cancelled = staff.cancel_invitation(
            invitation_id=invitation_id, by=by, **form.cleaned_data
        )
        return f"The invitation to {cancelled.email} is cancelled."

    return _done(request, ReasonForm(request.POST), act, reverse("accounts:users"))


@require_POST
@never_cache
@desk_view(Power.MANAGE_USERS, fresh=True)
def change_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give somebody another role."""
    return _change(request, user_id, RoleForm, staff.change_role, "has another role.")


@require_POST
@never_cache
@desk_view(Power.MANAGE_USERS, fresh=True)
def suspend(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Shut somebody out."""
    return _change(request, user_id, ReasonForm, staff.suspend, "is suspended.")


@require_POST
@never_cache
@desk_view(Power.MANAGE_USERS, fresh=True)
def reinstate(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let somebody in again."""
    return _change(request, user_id, ReasonForm, staff.reinstate, "may sign in again.")


def _change(
    request: HttpRequest,
    user_id: UUID,
    form_class: type[forms.Form],
    change: Callable[..., User],
    done: str,
) -> HttpResponse:
    by = signed_in_user(request)
    policies.users.fetch(by, Act.CHANGE, user_id)

    def act(form: forms.Form) -> str:
        return f"{change(user_id=user_id, by=by, **form.cleaned_data)} {done}"

    back = reverse("accounts:user", args=[user_id])
    return _done(request, form_class(request.POST), act, back)


def _done(
    request: HttpRequest, form: forms.Form, act: Callable[[forms.Form], str], back: str
) -> HttpResponse:
    """Do it, or say what is wrong; then show the page again."""
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return redirect(back)
    try:
        messages.success(request, act(form))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(back)


def _link_to_show(request: HttpRequest, invitations: list[Invitation]) -> str:
    wanted = request.session.pop(_SHOW_LINK, None)
    for invitation in invitations:
        if str(invitation.id) == wanted:
            token = staff.invitation_token(invitation)
            path = reverse("accept_invitation", args=[token])
            return request.build_absolute_uri(path)
    return ""


def _with_second_factor(users: list[User]) -> set[UUID]:
    rows = Authenticator.objects.filter(user__in=users, type__in=SECOND_FACTORS)
    return set(rows.values_list("user_id", flat=True))


def _show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    frame = {
        "section": "settings",
        "part": "users",
        "roles": User.Role.choices,
        "me": signed_in_user(request),
    }
    return render(request, template, frame | context)
