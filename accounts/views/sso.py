"""Single sign-on: to the desk's provider, and back from it.

These pages run without a scope: no transaction is open while a provider is asked.
"""

from contextlib import ExitStack
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from allauth.socialaccount.adapter import get_adapter as get_provider_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from requests import RequestException

from accounts import single_sign_on
from accounts.models import SingleSignOn

REFUSED = 422


class EmailForm(forms.Form):
    """The address whose domain names the provider."""

    login = forms.EmailField()


@require_http_methods(["GET", "POST"])
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Find the provider that an address leads to."""
    limited: HttpResponse | None
    limited = ratelimit.consume_or_429(request, action="single_sign_on")
    if limited:
        return limited
    form = EmailForm(request.POST or None)
    if form.is_valid():
        provider = single_sign_on.for_email(form.cleaned_data["login"])
        if provider is not None:
            return lead_to(request, provider)
        form.add_error("login", "No single sign-on for this address. Use a password.")
    status = REFUSED if form.is_bound else 200
    return render(request, "account/sso_find.html", {"form": form}, status=status)


def lead_to(request: HttpRequest, provider: SingleSignOn) -> HttpResponse:
    """Answer a form with a page that goes on to the provider by itself.

    A redirect would be refused by browsers: our forms may lead nowhere else.
    """
    start_url = reverse("sso_start", args=[provider.tenant.slug])
    context = {"start_url": start_url, "desk": provider.tenant.name}
    return render(request, "account/sso_continue.html", context)


@require_safe
@never_cache
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to a desk's provider."""
    try:
        provider = get_provider_adapter().get_provider(request, provider=provider_id)
        # allauth makes the adapter of this provider by itself; ours is stricter.
        provider.get_oauth2_adapter = _strict(provider_id)
        options: dict[str, Any] = provider.get_auth_params()
        if request.user.is_authenticated:
            # She is to prove who she is: being signed in there does not.
            options["prompt"] = "login"
        to: HttpResponse = provider.redirect(
            request,
            process="login",
            next_url=_next(request),
            auth_params=options,
        )
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (RequestException, OAuth2Error, KeyError, ValueError):
        return render(request, "account/sso_away.html", status=503)
    return to


@require_safe
@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in whom the provider sends back."""
    with ExitStack() as scope:
        adapter = single_sign_on.DeskProvider(request, provider_id, scope)
        try:
            answer: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
        except SocialApp.DoesNotExist:
            raise Http404 from None
        except (KeyError, ValueError):
            # Its answers are not what the protocol says.
            return single_sign_on.refusal(request)
        return answer


def _strict(slug: str) -> Any:
    return lambda request: single_sign_on.DeskProvider(request, slug, ExitStack())


def _next(request: HttpRequest) -> str | None:
    wanted = request.GET.get("next", "")
    return wanted if wanted and get_adapter().is_safe_url(wanted) else None
