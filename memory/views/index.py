"""The settings of the index: with which model it is made, and to another and back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import ReasonForm
from accounts.policies import Act, Power, desk_view, signed_in_user
from accounts.queue import enqueue
from memory import policies
from memory.embeddings import drift, reembedding, status
from memory.forms import ReembedForm
from memory.models import ReembedJob
from memory.views.pages import REFUSED, private, show


@require_safe
@desk_view(Power.MANAGE_DESK)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the models of the index, what is stale, and how a re-embedding goes."""
    return _page(request)


@require_safe
@desk_view(Power.MANAGE_DESK)
def progress(request: HttpRequest) -> HttpResponse:
    """Show how the re-embedding goes; the page asks again while it runs."""
    return show(request, "memory/index/_job.html", _context(), section="settings")


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def start(request: HttpRequest) -> HttpResponse:
    """Begin to make a second index."""
    form = ReembedForm(request.POST)
    if not form.is_valid():
        return _page(request, start_form=form)
    try:
        reembedding.start(
            name=form.cleaned_data["model"],
            actor=signed_in_user(request).actor,
            reason=form.cleaned_data["reason"],
        )
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return _page(request, start_form=form)
    messages.success(
        request, "Another index is being made. The desk works on as it is."
    )
    return private(redirect("memory:index"))


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def cut_over(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Read the new index from now on."""
    done = "The new index is in use. There is a way back for seven days."
    return _settle(request, job_id, reembedding.cut_over, done)


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def roll_back(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Read the index from before again."""
    done = "The index from before is in use again."
    return _settle(request, job_id, reembedding.roll_back, done)


@require_POST
@desk_view(Power.MANAGE_DESK, fresh=True)
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Give up an index that is not in use."""
    done = "Cancelled. What there was of the new index is deleted."
    return _settle(request, job_id, reembedding.cancel, done)


@require_POST
@desk_view(Power.MANAGE_DESK)
def check_drift(request: HttpRequest) -> HttpResponse:
    """Let a worker look whether the model still makes the vectors that it made."""
    enqueue("memory.tasks.check_drift", tenant_id=signed_in_user(request).tenant_id)
    messages.success(request, "A sample is being compared. Look again in a moment.")
    return private(redirect("memory:index"))


def _settle(
    request: HttpRequest, job_id: UUID, act: Callable[..., ReembedJob], done: str
) -> HttpResponse:
    user = signed_in_user(request)
    job = policies.reembed_jobs.fetch(user, Act.CHANGE, job_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, job_form=form)
    try:
        act(job=job, actor=user.actor, reason=form.cleaned_data["reason"])
    except ValidationError as refusal:
        # What it may lack is copied now, and not only when the schedule says.
        enqueue("memory.tasks.reembed", tenant_id=user.tenant_id)
        form.add_error(None, refusal)
        return _page(request, job_form=form)
    messages.success(request, done)
    return private(redirect("memory:index"))


def _page(request: HttpRequest, **shown: Any) -> HttpResponse:
    context = {
        **_context(),
        "part": "index",
        "start_form": ReembedForm(),
        "job_form": ReasonForm(),
        **shown,
    }
    refused = any(getattr(each, "is_bound", False) for each in shown.values())
    return show(
        request,
        "memory/index/index.html",
        context,
        section="settings",
        status=REFUSED if refused else 200,
    )


def _context() -> dict[str, Any]:
    return {
        "index": status.of_the_desk(),
        "sample": drift.SAMPLE,
        "stale_days": drift.STALE_AFTER.days,
    }
