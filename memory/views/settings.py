"""The settings of memory: how the desk remembers, and for how long."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import ReasonForm
from accounts.params import wants_fragment
from accounts.policies import Power, desk_view, signed_in_user
from memory import retention
from memory import settings as desk
from memory.settings_forms import MemorySettingsForm, RetentionForm, retention_forms
from memory.views.pages import REFUSED, private, show


@require_safe
@desk_view(Power.MANAGE_DESK)
def memory_settings(request: HttpRequest) -> HttpResponse:
    """Show how the desk remembers."""
    return _page(request)


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def change_settings(request: HttpRequest) -> HttpResponse:
    """Remember in another way from now on."""
    form = MemorySettingsForm(request.POST, instance=desk.current())
    if not form.is_valid():
        return _page(request, form=form)
    values = {name: form.cleaned_data[name] for name in form._meta.fields or ()}
    changed = desk.change(
        user=signed_in_user(request), values=values, reason=form.cleaned_data["reason"]
    )
    _say(request, bool(changed), "Saved. It holds from the next message on.")
    return redirect("memory:settings")


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def change_retention(request: HttpRequest) -> HttpResponse:
    """Keep memory for another time."""
    forms = retention_forms(retention.rules(), request.POST)
    reason = ReasonForm(request.POST)
    if not (_valid(forms) and reason.is_valid()):
        return _page(request, forms=forms, reason=reason)
    changed = retention.change(
        user=signed_in_user(request),
        proposed={form.kind.name: form.rule for form in forms},
        reason=reason.cleaned_data["reason"],
    )
    _say(request, bool(changed), "Saved. The next prune, within the hour, goes by it.")
    return redirect("memory:settings")


@require_POST
@desk_view(Power.MANAGE_DESK)
def preview_retention(request: HttpRequest) -> HttpResponse:
    """Say what rules would delete, and change nothing."""
    forms = retention_forms(retention.rules(), request.POST)
    shown: dict[str, Any] = {"forms": forms, "previews": None}
    if _valid(forms):
        proposed = {form.kind.name: form.rule for form in forms}
        found = retention.previews(proposed)
        shown["previews"] = [preview for preview in found if preview.rows]
    if not wants_fragment(request):
        return _page(request, asked=True, **shown)
    return private(show(request, "memory/_retention_preview.html", shown))


def _valid(forms: list[RetentionForm]) -> bool:
    # Every form is asked, so that all that is wrong is shown at once.
    return not sum(not form.is_valid() for form in forms)


def _say(request: HttpRequest, changed: bool, what: str) -> None:
    messages.success(request, what if changed else "Nothing was different.")


def _page(request: HttpRequest, **shown: Any) -> HttpResponse:
    context = {
        "part": "memory",
        "form": MemorySettingsForm(instance=desk.current()),
        "forms": None,
        "reason": ReasonForm(),
        **shown,
    }
    context["forms"] = context["forms"] or retention_forms(retention.rules())
    bound = [context["form"], context["reason"], *context["forms"]]
    refused = any(each.is_bound and each.errors for each in bound)
    response = show(
        request,
        "memory/settings.html",
        context,
        section="settings",
        status=REFUSED if refused else 200,
    )
    return private(response)
