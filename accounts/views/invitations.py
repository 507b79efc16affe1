"""Where the link of an invitation leads."""

from allauth.core import ratelimit
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import single_sign_on, staff
from accounts.forms import AcceptForm
from accounts.models import User
from accounts.views.sso import lead_to

GONE, REFUSED = 410, 422


@require_http_methods(["GET", "POST"])
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Let somebody who was invited make her login."""
    limited: HttpResponse | None
    limited = ratelimit.consume_or_429(request, action="accept_invitation")
    if limited:
        return limited
    invitation = staff.open_invitation(token)
    if invitation is None:
        return render(request, "account/invitation_gone.html", status=GONE)
    provider = single_sign_on.of_tenant(invitation.tenant_id)
    only_provider = (
        provider is not None
        and provider.enforced
        and invitation.role != User.Role.ADMIN
    )
    by_provider = only_provider or (provider is not None and "provider" in request.POST)
    form = AcceptForm(
        request.POST or None, invitation=invitation, by_provider=by_provider
    )
    if form.is_valid():
        try:
            staff.accept_invitation(
                token=token,
                name=form.cleaned_data["name"],
                password=form.cleaned_data.get("password"),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if by_provider and provider is not None:
                return lead_to(request, provider)
            messages.success(request, "Your login is ready. Sign in with it.")
            return redirect("account_login")
    context = {
        "form": form,
        "invitation": invitation,
        "provider": provider,
        "only_provider": only_provider,
    }
    status = REFUSED if form.is_bound else 200
    return render(request, "account/invitation.html", context, status=status)
