"""The page of the audit log: search it, and ask who saw a customer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.audit import search
from accounts.audit.forms import SearchForm
from accounts.audit.verify import standing
from accounts.models import Customer
from accounts.params import as_uuid
from accounts.policies import Power, desk_view, signed_in_user

_REFUSED = 422


@dataclass(frozen=True, slots=True)
class _About:
    """Whom a search is about; several when the text may mean any of them."""

    ref: UUID | None = None
    name: str = ""
    choices: tuple[Customer, ...] = ()


@require_safe
@never_cache
@desk_view(Power.READ_AUDIT)
def log(request: HttpRequest) -> HttpResponse:
    """Show the events that match, newest first; each look is an event itself."""
    form = SearchForm(request.GET)
    context: dict[str, Any] = {"section": "audit", "form": form}
    if not form.is_valid():
        return render(request, "accounts/audit.html", context, status=_REFUSED)
    asked = form.cleaned_data
    about = _about(asked["customer"])
    context |= {"about": about, "standing": standing(), "asked": asked}
    if about.choices or (asked["customer"] and about.ref is None):
        return render(request, "accounts/audit.html", context)
    wanted = search.Search(
        actor=asked["actor"],
        action=asked["action"],
        customer_ref=about.ref,
        since=asked["since"],
        until=asked["until"],
    )
    page = search.page(wanted, before=asked["before"])
    context["page"] = page
    if about.ref and asked["before"] is None:
        context["viewers"] = search.viewers(
            about.ref, since=wanted.since, until=wanted.until
        )
    response = render(request, "accounts/audit.html", context)
    _record(request, wanted, page)
    return response


def _about(text: str) -> _About:
    if not text:
        return _About()
    found = search.matching_customers(text)
    if len(found) > 1:
        return _About(choices=tuple(found))
    if found:
        return _About(ref=found[0].id, name=found[0].display_name)
    # Somebody erased is still in the log, by her id only.
    ref = as_uuid(text)
    return _About(ref=ref, name=search.erased_name(ref) if ref else "")


def _record(request: HttpRequest, wanted: search.Search, page: search.Page) -> None:
    user = signed_in_user(request)
    detail: dict[str, Any] = {"events": len(page.entries)}
    for name in ("actor", "action", "since", "until"):
        if value := getattr(wanted, name):
            detail[name] = value
    audit.record(
        actor=user.actor,
        action="audit.read",
        subject_type="audit_log",
        subject_id=user.tenant_id,
        customer_id=wanted.customer_ref,
        detail=detail,
    )
