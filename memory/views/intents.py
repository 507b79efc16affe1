"""The settings of intents: examples of the desk's own, and a box to try them in."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.params import wants_fragment
from accounts.policies import Act, Power, desk_view, may, signed_in_user
from accounts.scope import tenant_scope
from memory import policies, settings
from memory.intent_forms import DeciderForm, ExampleForm, QuestionForm
from memory.llm import gateway
from memory.models import IntentExample
from memory.recall import intents
from memory.recall.intents import own
from memory.views.pages import REFUSED, private, show

NEAREST_SHOWN = 3


@require_safe
@desk_view(Power.MANAGE_DESK)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the intents with their examples."""
    return _page(request)


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def add(request: HttpRequest) -> HttpResponse:
    """Add an example."""
    form = ExampleForm(request.POST)
    if form.is_valid() and _done(form, own.add, request):
        messages.success(request, "Added. It counts from the next message on.")
        return private(redirect("memory:intents"))
    return _page(request, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Power.MANAGE_DESK, fresh=True)
def change(request: HttpRequest, example_id: UUID) -> HttpResponse:
    """Show an example of the desk's, and change it."""
    example = _fetch(request, example_id)
    if request.method != "POST":
        form = ExampleForm(initial={"intent": example.intent, "text": example.text})
        return _example(request, example, form)
    form = ExampleForm(request.POST)
    if form.is_valid() and _done(form, own.change, request, example=example):
        messages.success(request, "Changed. It counts from the next message on.")
        return private(redirect("memory:intents"))
    return _example(request, example, form)


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def delete(request: HttpRequest, example_id: UUID) -> HttpResponse:
    """Delete an example of the desk's."""
    example = _fetch(request, example_id)
    own.delete(user=signed_in_user(request), example=example)
    messages.success(request, "Deleted. It counts no longer.")
    return private(redirect("memory:intents"))


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def decide(request: HttpRequest) -> HttpResponse:
    """Let the nearest examples decide, or a connected model."""
    form = DeciderForm(request.POST)
    if not form.is_valid():
        return _page(request, decider=form)
    own.let_model_decide(
        user=signed_in_user(request),
        by_model=form.cleaned_data["intents_by_model"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "Saved. It holds from the next message on.")
    return private(redirect("memory:intents"))


@require_POST
@login_required
def try_it(request: HttpRequest) -> HttpResponse:
    """Say what a message would be about, and store nothing of it.

    No scope may be open while a model is asked.
    """
    user = signed_in_user(request)
    if not may(user, Power.MANAGE_DESK):
        raise PermissionDenied
    form = QuestionForm(request.POST)
    shown: dict[str, Any] = {"question": form}
    if form.is_valid():
        said = form.cleaned_data["text"]
        reading = intents.read(said, tenant_id=user.tenant_id)
        shown |= {
            "reading": reading,
            "kind": intents.INTENTS[reading.intent.name],
            "skips": intents.skips_recall(said, reading.intent),
            "nearest": [
                (intents.INTENTS[example.intent].title, example)
                for example in reading.nearest[:NEAREST_SHOWN]
            ],
        }
    if wants_fragment(request):
        status = 200 if form.is_valid() else REFUSED
        return show(request, "memory/_intent_tried.html", shown, status=status)
    with tenant_scope(user.tenant_id):
        return _page(request, **shown)


def _fetch(request: HttpRequest, example_id: UUID) -> IntentExample:
    return policies.intent_examples.fetch(
        signed_in_user(request), Act.CHANGE, example_id
    )


def _done(
    form: ExampleForm, act: Callable[..., Any], request: HttpRequest, **which: Any
) -> bool:
    """Do it, or put into the form why it cannot be."""
    try:
        act(user=signed_in_user(request), **which, **form.cleaned_data)
    except ValidationError as refusal:
        form.refuse(refusal)
        return False
    return True


def _example(
    request: HttpRequest, example: IntentExample, form: ExampleForm
) -> HttpResponse:
    context = {"part": "intents", "example": example, "form": form}
    return show(
        request,
        "memory/intent.html",
        context,
        section="settings",
        status=REFUSED if form.is_bound else 200,
    )


def _page(request: HttpRequest, **shown: Any) -> HttpResponse:
    by_intent: dict[str, list[IntentExample]] = {}
    rows = policies.intent_examples.rows(signed_in_user(request), Act.READ)
    for example in rows.order_by("pk"):
        by_intent.setdefault(example.intent, []).append(example)
    desk = settings.current()
    context = {
        "part": "intents",
        "kinds": [
            (kind, intents.built_in()[name], by_intent.get(name, []))
            for name, kind in intents.INTENTS.items()
        ],
        "own_count": sum(map(len, by_intent.values())),
        "most": own.MOST,
        "form": ExampleForm(),
        "question": QuestionForm(),
        "decider": DeciderForm(initial={"intents_by_model": desk.intents_by_model}),
        "connected": gateway.model_name("classify") != gateway.EMBEDDED,
        **shown,
    }
    bound = (context[name] for name in ("form", "question", "decider"))
    refused = any(form.is_bound and form.errors for form in bound)
    return show(
        request,
        "memory/intents.html",
        context,
        section="settings",
        status=REFUSED if refused else 200,
    )
