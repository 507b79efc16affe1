"""The pages about strategies: which the desk uses, and what it describes itself."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from accounts.forms import ReasonForm
from accounts.policies import Act, Power, desk_view, signed_in_user
from accounts.scope import tenant_scope
from chat import trials
from chat.strategy_forms import StrategyForm
from memory import policies, settings, strategies
from memory.llm import gateway
from memory.models import CustomStrategy
from memory.strategies import custom, trial
from memory.strategies.forms import StrategiesForm

_REFUSED = 422
_EXAMPLE = {
    "type": "object",
    "properties": {
        "machine": {"type": "string", "description": "make and model"},
        "systems": {"type": "array", "items": {"type": "string"}},
    },
}


@require_GET
@never_cache
@desk_view(Power.MANAGE_DESK)
def listing(request: HttpRequest) -> HttpResponse:
    """Show which strategies the desk uses, and those of its own."""
    return _listing(request)


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def choose(request: HttpRequest) -> HttpResponse:
    """Use these strategies from now on."""
    form = StrategiesForm(request.POST)
    if not form.is_valid():
        return _listing(request, form=form)
    settings.change(
        user=signed_in_user(request),
        values={"strategies": form.cleaned_data["strategies"]},
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "Saved. It counts from the next conversation on.")
    return redirect("chat:strategies")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def add(request: HttpRequest) -> HttpResponse:
    """Show the form of a new strategy, and add it."""
    return _edit(request, CustomStrategy(schema=_EXAMPLE))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def strategy(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Show a strategy, and change it."""
    return _edit(request, _fetch(request, strategy_id))


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def enable(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Let a strategy run."""
    return _act(request, strategy_id, custom.enable, "It is on.")


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def disable(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Let a strategy run no longer."""
    return _act(request, strategy_id, custom.disable, "It is off.")


@require_POST
@never_cache
@desk_view(Power.MANAGE_DESK, fresh=True)
def delete(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Delete a strategy."""
    return _act(request, strategy_id, custom.delete, "It is deleted; its facts stay.")


@require_POST
@never_cache
@login_required
def try_it(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Read the last conversations with a strategy, and show what it would remember.

    The model is asked between two scopes: none may be open while it answers.
    """
    user = signed_in_user(request)
    with tenant_scope(user.tenant_id):
        found = _fetch(request, strategy_id)
        conversations = []
        if gateway.connected():
            conversations = trials.last_conversations(user)
    result = trial.run(strategies.as_custom(found), conversations)
    with tenant_scope(user.tenant_id):
        if result.asked and not custom.keep_trial(
            user=user,
            strategy_id=found.pk,
            version=found.version,
            numbers=result.numbers(),
        ):
            messages.error(request, "It was changed meanwhile: try it again.")
            return redirect("chat:strategies")
        return _strategy(request, _fetch(request, strategy_id), result=result)


def _fetch(request: HttpRequest, strategy_id: UUID) -> CustomStrategy:
    return policies.custom_strategies.fetch(
        signed_in_user(request), Act.CHANGE, strategy_id
    )


def _act(
    request: HttpRequest, strategy_id: UUID, act: Callable[..., None], done: str
) -> HttpResponse:
    found = _fetch(request, strategy_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _strategy(request, found, act_form=form)
    try:
        act(
            user=signed_in_user(request),
            strategy_id=found.pk,
            reason=form.cleaned_data["reason"],
        )
    except ValidationError as refusal:
        form.add_error("reason", refusal)
        return _strategy(request, found, act_form=form)
    messages.success(request, done)
    return redirect("chat:strategies")


def _edit(request: HttpRequest, found: CustomStrategy) -> HttpResponse:
    if request.method != "POST":
        return _strategy(request, found)
    form = StrategyForm(request.POST, instance=found)
    if not form.is_valid():
        return _strategy(request, found, form=form)
    saved = custom.save(
        user=signed_in_user(request),
        strategy=form.instance,
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "Saved. It is off until you try it and turn it on.")
    return redirect("chat:strategy", saved.pk)


def _listing(request: HttpRequest, **shown: Any) -> HttpResponse:
    used = settings.current().strategies
    context = {
        "section": "settings",
        "part": "strategies",
        "form": StrategiesForm(initial={"strategies": used}),
        "used": used,
        "strategies": CustomStrategy.objects.order_by("name"),
        "connected": gateway.connected(),
        **shown,
    }
    return _page(request, "chat/desk/strategies.html", context)


def _strategy(
    request: HttpRequest, found: CustomStrategy, **shown: Any
) -> HttpResponse:
    context = {
        "section": "settings",
        "part": "strategies",
        "strategy": found,
        "adding": found._state.adding,
        "passed": custom.has_passed(found),
        "form": StrategyForm(instance=found),
        "act_form": ReasonForm(),
        "connected": gateway.connected(),
        "most": trial.MOST_CONVERSATIONS,
        **shown,
    }
    return _page(request, "chat/desk/strategy.html", context)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    bound = (each for each in context.values() if getattr(each, "is_bound", False))
    status = _REFUSED if any(each.errors for each in bound) else 200
    return render(request, template, context, status=status)
