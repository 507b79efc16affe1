"""How the pages of memory answer: whole, or as a fragment when htmx asks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from accounts import audit
from accounts.forms import ReasonForm
from accounts.models import Customer
from accounts.params import wants_fragment
from accounts.policies import signed_in_user
from memory import records

# What a form that was not accepted answers with; `js/customer.js` shows it in place.
REFUSED = 422
# The same for an action that needs a store which does not answer.
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is asked before something that cannot be undone.

    Attributes:
        sentences: What will happen, and what will not.
        button: The verb on the button.
        keep: The outcome of not doing it.
        fields: Hidden fields that the form sends along.
        needs_reason: Whether the audit log has to know why.
        reason: What was given as the reason last time.
        reason_error: What was wrong with it.
        error: Why the last try came to nothing.
    """

    title: str
    sentences: tuple[str, ...]
    button: str
    keep: str = "Keep"
    quote: str = ""
    icon: str = "trash"
    fields: tuple[tuple[str, str], ...] = ()
    needs_reason: bool = False
    reason: str = ""
    reason_error: str = ""
    error: str = ""


def private(response: HttpResponse) -> HttpResponse:
    """Keep what is known about people out of every cache."""
    add_never_cache_headers(response)
    patch_vary_headers(response, ["HX-Request"])
    return response


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    section: str = "customers",
    status: int = 200,
) -> HttpResponse:
    """Render a page or a fragment of it."""
    context = {"section": section, **context}
    return private(render(request, template, context, status=status))


def record_read(request: HttpRequest, customer: Customer, **seen: int) -> None:
    """Record what of a customer's memory is shown; last, since appends queue up."""
    audit.memory_read(
        actor=signed_in_user(request).actor,
        customer_id=customer.id,
        purpose="customer page",
        seen=seen,
    )


def show_changed(request: HttpRequest, customer: Customer, notice: str) -> HttpResponse:
    """Answer a write: the four tiers anew, or back to the customer's page.

    Another page that writes with htmx names no target and gets no content.

    Args:
        request: The write.
        customer: Whose memory changed.
        notice: What happened, without a word of what the customer said.
    """
    if not wants_fragment(request):
        messages.success(request, notice)
        return private(redirect("memory:customer", customer.id))
    if "HX-Target" not in request.headers:
        return private(HttpResponse(status=204))
    record = records.record(customer, page=_index_page(request))
    response = show(
        request,
        "memory/_changed.html",
        {"record": record, "customer": customer, "notice": notice},
    )
    # A form inside a row or a dialog asks for its own place; a success renews it all.
    response["HX-Retarget"] = "#record"
    response["HX-Reswap"] = "innerHTML"
    record_read(request, customer, **record.seen)
    return response


def _index_page(request: HttpRequest) -> str:
    """Return which page of the vector index the browser is looking at."""
    query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    return parse_qs(query).get("index", ["1"])[0]


def ask_why(
    request: HttpRequest,
    customer: Customer,
    confirmation: Confirmation,
    do: Callable[[str], str],
) -> HttpResponse:
    """Ask before something that cannot be undone, and do it once there is a reason.

    Args:
        request: To ask (GET), or to do it (POST) with a `reason`.
        customer: Whose memory it is about.
        confirmation: What is asked.
        do: Does it for that reason, and returns what happened.
    """
    confirmation = replace(confirmation, needs_reason=True)
    if request.method != "POST":
        return ask(request, customer, confirmation)
    form = ReasonForm(request.POST)
    confirmation = replace(confirmation, reason=request.POST.get("reason", ""))
    if not form.is_valid():
        wrong = replace(confirmation, reason_error=str(form.errors["reason"][0]))
        return ask(request, customer, wrong, status=REFUSED)
    try:
        return show_changed(request, customer, do(form.cleaned_data["reason"]))
    except redis.RedisError:
        error = "Nothing was erased: working memory does not answer. Try again."
        away = replace(confirmation, error=error)
        return ask(request, customer, away, status=UNAVAILABLE)


def ask(
    request: HttpRequest,
    customer: Customer,
    confirmation: Confirmation,
    *,
    status: int = 200,
) -> HttpResponse:
    """Ask before something that changes a lot: in a dialog, or on a page."""
    fragment = wants_fragment(request)
    response = show(
        request,
        "memory/_confirm.html" if fragment else "memory/confirm.html",
        {"confirmation": confirmation, "customer": customer},
        status=status,
    )
    record_read(request, customer, items=1)
    return response
