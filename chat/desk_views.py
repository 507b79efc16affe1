"""The desk's settings: sites, clock, secret, tools. For those who manage it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from allauth.core.exceptions import ReauthenticationRequired
from asgiref.sync import async_to_sync
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from accounts import time_zones
from accounts.audit import record
from accounts.forms import ReasonForm
from accounts.models import Tenant
from accounts.policies import Act, Power, desk_view, signed_in_user
from accounts.scope import tenant_scope
from chat import desk, policies, tools
from chat.desk_forms import SitesForm, TimeZoneForm, ToolForm, TryForm
from chat.models import HttpTool

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_FORM = require_http_methods(["GET", "HEAD", "POST"])
_REFUSED = 422


def kept_nowhere(view: View[P]) -> View[P]:
    """Ask who it is without keeping what was sent meanwhile: a secret may be in it.

    allauth would put the request into the session, which lies in the database as it is.
    """

    @wraps(view)
    def inner(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ReauthenticationRequired:
            to = reverse("account_reauthenticate")
            return redirect(f"{to}?{urlencode({'next': request.path})}")

    return inner


@require_GET
@never_cache
@desk_view(Power.MANAGE_DESK)
def desk_settings(request: HttpRequest) -> HttpResponse:
    """Show sites, clock, secret and tools."""
    return _settings(request)


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def change_sites(request: HttpRequest) -> HttpResponse:
    """Let other sites show the widget."""
    form = SitesForm(request.POST)
    if not form.is_valid():
        return _settings(request, sites_form=form)
    user = signed_in_user(request)
    desk.set_sites(
        user=user,
        sites=form.cleaned_data["sites"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "The widget shows on these sites now.")
    return redirect("chat:desk_settings")


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def change_time_zone(request: HttpRequest) -> HttpResponse:
    """Choose the desk's clock."""
    form = TimeZoneForm(request.POST)
    if not form.is_valid():
        return _settings(request, zone_form=form)
    desk.set_time_zone(
        user=signed_in_user(request),
        time_zone=form.cleaned_data["time_zone"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "The desk has another time zone now.")
    return redirect("chat:desk_settings")


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def replace_secret(request: HttpRequest) -> HttpResponse:
    """Make a new widget secret and show it, this once."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _settings(request, secret_form=form)
    user = signed_in_user(request)
    secret = desk.replace_widget_secret(user=user, reason=form.cleaned_data["reason"])
    return _settings(request, new_secret=secret)


@_FORM
@never_cache
@sensitive_post_parameters("header_value")
@kept_nowhere
@desk_view(Power.MANAGE_DESK, fresh=True)
def add_tool(request: HttpRequest) -> HttpResponse:
    """Show the form of a new tool, and add it."""
    return _edit(request, HttpTool())


@_FORM
@never_cache
@sensitive_post_parameters("header_value")
@kept_nowhere
@desk_view(Power.MANAGE_DESK, fresh=True)
def tool(request: HttpRequest, tool_id: UUID) -> HttpResponse:
    """Show a tool, and change it."""
    user = signed_in_user(request)
    return _edit(request, policies.tools.fetch(user, Act.CHANGE, tool_id))


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def delete_tool(request: HttpRequest, tool_id: UUID) -> HttpResponse:
    """Take a tool away."""
    found = policies.tools.fetch(signed_in_user(request), Act.CHANGE, tool_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _tool(request, found, delete_form=form)
    user = signed_in_user(request)
    desk.delete_tool(user=user, tool_id=tool_id, reason=form.cleaned_data["reason"])
    messages.success(request, f"The assistant has no tool {found.name} any more.")
    return redirect("chat:desk_settings")


@require_POST
@never_cache
@login_required
def try_tool(request: HttpRequest, tool_id: UUID) -> HttpResponse:
    """Call a tool as the assistant would, and show what it answers.

    The call goes out between two scopes: none may be open while another server answers.
    """
    user = signed_in_user(request)
    with tenant_scope(user.tenant_id):
        found = policies.tools.fetch(user, Act.CHANGE, tool_id)
    form = TryForm(request.POST)
    answer, good = "", False
    if form.is_valid():
        answer, good = async_to_sync(tools.attempt)(
            found, form.cleaned_data["arguments"] or {}, form.cleaned_data["customer"]
        )
    with tenant_scope(user.tenant_id):
        if form.is_valid():
            record(
                actor=user.actor,
                action="tool.tried",
                subject_type="tool",
                subject_id=found.pk,
            )
        return _tool(request, found, try_form=form, answer=answer, good=good)


def _edit(request: HttpRequest, found: HttpTool) -> HttpResponse:
    if request.method != "POST":
        return _tool(request, found)
    adding = found._state.adding
    form = ToolForm(request.POST, instance=found)
    if not form.is_valid():
        return _tool(request, found, form=form)
    desk.save_tool(
        user=signed_in_user(request),
        tool=form.instance,
        changed=[name for name in form.changed_data if name != "reason"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "Saved. The assistant uses it from its next answer on.")
    if adding:
        return redirect("chat:desk_tool", found.pk)
    return redirect("chat:desk_settings")


def _settings(request: HttpRequest, **shown: Any) -> HttpResponse:
    tenant = Tenant.objects.get(pk=signed_in_user(request).tenant_id)
    context = {
        "section": "settings",
        "part": "desk",
        "tenant": tenant,
        "sites_form": SitesForm(initial={"sites": "\n".join(tenant.widget_sites)}),
        "zone_form": TimeZoneForm(initial={"time_zone": tenant.time_zone}),
        "time_zones": time_zones.names(),
        "secret_form": ReasonForm(),
        "tools": HttpTool.objects.order_by("name"),
        "embed": request.build_absolute_uri("/static/js/embed.js"),
        **shown,
    }
    return render(
        request, "chat/desk/settings.html", context, status=_status(context.values())
    )


def _tool(request: HttpRequest, found: HttpTool, **shown: Any) -> HttpResponse:
    context = {
        "section": "settings",
        "part": "desk",
        "tool": found,
        "adding": found._state.adding,
        "form": ToolForm(instance=found),
        "delete_form": ReasonForm(),
        "try_form": TryForm(initial={"arguments": _sample(found)}),
        **shown,
    }
    return render(
        request, "chat/desk/tool.html", context, status=_status(context.values())
    )


def _sample(found: HttpTool) -> dict[str, str]:
    """Return arguments to start from: every one that the tool describes, empty."""
    described = found.parameters if isinstance(found.parameters, dict) else {}
    properties = described.get("properties")
    return dict.fromkeys(properties, "") if isinstance(properties, dict) else {}


def _status(shown: Any) -> int:
    refused = any(getattr(each, "is_bound", False) and each.errors for each in shown)
    return _REFUSED if refused else 200
