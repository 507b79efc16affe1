"""Has she proved a moment ago who she is? Asked before powerful acts."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import single_sign_on
from accounts.models import User
from accounts.params import wants_fragment
from accounts.scope import identity_scope

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
POWERFUL_ROLES = frozenset({User.Role.ADMIN, User.Role.COMPLIANCE})

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def ask_who_it_is(request: HttpRequest, user: User) -> HttpResponse | None:
    """Return where to prove who one is; None when she did so a moment ago.

    Raises:
        ReauthenticationRequired: She did not; allauth keeps the request meanwhile.
    """
    with identity_scope():
        if lacks_second_factor(user):
            return _set_up_second_factor(request)
        return _ask(request, user)


def recently(view: View[P]) -> View[P]:
    """Let a page about signing in be used by those who proved a moment ago who it is.

    allauth's own check lets everybody through who has neither password nor second
    factor here, which is whom a provider signs in.
    """

    @login_required
    @wraps(view)
    def inner(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        user = request.user
        asked = _ask(request, user) if isinstance(user, User) else None
        return asked or view(request, *args, **kwargs)

    return inner


def lacks_second_factor(user: User) -> bool:
    """Return whether a second factor has to be set up before powerful acts."""
    return (
        settings.REQUIRE_MFA_FOR_POWERFUL
        and user.role in POWERFUL_ROLES
        and not is_mfa_enabled(user, SECOND_FACTORS)
    )


def _ask(request: HttpRequest, user: User) -> HttpResponse | None:
    methods = get_adapter().get_reauthentication_methods(user)
    if not methods:
        return None if _signed_in_recently(request, user) else _sign_in(request, user)
    checked = reauthentication_required(lambda _: None)
    if not wants_fragment(request):
        checked(request)
        return None
    try:
        checked(request)
    except ReauthenticationRequired:
        return _go(request, reverse("account_reauthenticate"))
    return None


def _signed_in_recently(request: HttpRequest, user: User) -> bool:
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return any(
        record["at"] > since for record in get_authentication_records(request, user)
    )


def _sign_in(request: HttpRequest, user: User) -> HttpResponse:
    """Return where somebody signs in who has neither password nor second factor."""
    provider = single_sign_on.of_tenant(user.tenant_id)
    if provider is None:
        return _go(request, reverse("account_login"))
    return _go(request, reverse("sso_start", args=[provider.tenant.slug]))


def _set_up_second_factor(request: HttpRequest) -> HttpResponse:
    messages.error(
        request, "Your role needs a second factor for that. Set one up, then try again."
    )
    return _go(request, reverse("mfa_index"))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Lead away from this request, and later back to the page that is shown now."""
    fragment = wants_fragment(request)
    name = "HX-Current-URL" if fragment else "Referer"
    to = f"{url}?{urlencode({'next': _path(request.headers.get(name, ''))})}"
    # A fragment has no place for another page: the browser goes there.
    if fragment:
        return HttpResponse(status=401, headers={"HX-Redirect": to})
    return redirect(to)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"
