"""The pages of privacy requests, step by step.

A view fetches the request through the policy with the act that it is about, so that a
step which is not open any more, or not to this person, is as if it were not there; the
service looks again under the request's lock.
"""

from typing import Any
from uuid import UUID

import redis
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import audit
from accounts.models import Customer, User
from accounts.params import as_uuid, wants_fragment
from accounts.policies import Act, Power, customers, desk_view, fetch, signed_in_user
from memory import policies, privacy, records, requests
from memory.forms import (
    AnonymousReasonForm,
    CloseForm,
    EraseCustomerForm,
    OpenRequestForm,
    PeopleForm,
)
from memory.models import PrivacyRequest, PrivacySubject
from memory.views.pages import (
    REFUSED,
    UNAVAILABLE,
    private,
    show,
)

_ASK_OR_DO = ["GET", "HEAD", "POST"]
_STEPS = (Act.LOOK, Act.EXPORT, Act.CHANGE, Act.ERASE, Act.APPROVE)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.PRIVACY)
def new(request: HttpRequest) -> HttpResponse:
    """Open a request about whoever was chosen (`?customer=`) or is named by an id."""
    user = signed_in_user(request)
    directory = customers.rows(user, Act.FIND)
    sent = request.POST if request.method == "POST" else request.GET
    wanted = [each for text in sent.getlist("customer") if (each := as_uuid(text))]
    chosen = list(directory.filter(pk__in=wanted[: requests.MAX_SUBJECTS]))
    form = OpenRequestForm(_sent(request), directory=directory, customers=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            row = requests.open_request(
                kind=form.cleaned_data["kind"],
                customers=form.people,
                reason=form.cleaned_data["reason"],
                user=user,
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _to(row, request, "Opened.")
    return _show_form(request, "memory/privacy_new.html", form, {"chosen": chosen})


@require_safe
@desk_view(Power.APPROVE_ERASURE)
def detail(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show a request: whom it is about, where it stands, what can be done."""
    user = signed_in_user(request)
    row = _fetch(request, Act.READ, request_id)
    if wants_fragment(request):
        response = show(
            request, "memory/_progress.html", _progress(row), section="privacy"
        )
        if row.state != PrivacyRequest.State.APPROVED:
            response["HX-Refresh"] = "true"
        return response
    subjects = PrivacySubject.objects.filter(request=row).select_related("receipt")
    page = Paginator(subjects.order_by("id"), records.PAGE_ROWS)
    shown = page.get_page(request.GET.get("page"))
    there = Customer.objects.in_bulk([subject.customer_ref for subject in shown])
    kept = privacy.kept(list(requests.customers_of(row))) if row.is_unfinished else []
    context = {
        "row": row,
        "page": shown,
        "lines": [(each, there.get(each.customer_ref)) for each in shown],
        "kept": kept,
        "total": sum(store.rows or 0 for store in kept),
        "steps": _steps(user, row),
        "seen": requests.digest(row),
        **_progress(row),
    }
    return show(request, "memory/privacy_request.html", context, section="privacy")


@require_safe
@desk_view(Power.PRIVACY)
def look(request: HttpRequest, request_id: UUID, customer_id: UUID) -> HttpResponse:
    """Show the four tiers of one whom an unfinished request is about."""
    row = _fetch(request, Act.LOOK, request_id)
    customer = _subject(request, row, customer_id)
    record = records.record(customer, page=request.GET.get("index", 1))
    part = wants_fragment(request)
    response = show(
        request,
        "memory/_index.html" if part else "memory/privacy_look.html",
        {"row": row, "customer": customer, "record": record, "here": request.path},
        section="privacy",
    )
    audit.memory_read(
        actor=signed_in_user(request).actor,
        customer_id=customer.id,
        purpose=f"privacy request {row.id}",
        seen=record.seen,
    )
    return response


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.PRIVACY, fresh=True)
def export(request: HttpRequest, request_id: UUID, customer_id: UUID) -> HttpResponse:
    """Answer with a ZIP of all that is kept about one whom a request is about."""
    row = _fetch(request, Act.EXPORT, request_id)
    customer = _subject(request, row, customer_id)
    if request.method != "POST":
        context = {"row": row, "customer": customer}
        return show(request, "memory/privacy_export.html", context, section="privacy")
    archive = privacy.export_customer(
        customer=customer, user=signed_in_user(request), reason=row.reason
    )
    response = HttpResponse(archive, content_type="application/zip")
    name = f"recollect-export-{privacy.short_ref(customer.id)}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.PRIVACY)
def add(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Add people to an erasure that nobody was asked to approve yet."""
    user = signed_in_user(request)
    row = _fetch(request, Act.ERASE, request_id)
    directory = customers.rows(user, Act.FIND)
    form = PeopleForm(_sent(request), directory=directory)
    if request.method == "POST" and form.is_valid():
        try:
            requests.add_customers(request_id=row.id, customers=form.people, user=user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _to(row, request, "Added.")
    return _show_form(request, "memory/privacy_add.html", form, {"row": row})


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.PRIVACY, fresh=True)
def erase(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Erase the one customer of a request once the name is typed; show the receipt."""
    user = signed_in_user(request)
    row = _fetch(request, Act.ERASE, request_id)
    people = list(requests.customers_of(row)[:2])
    if len(people) != 1:
        raise Http404
    (customer,) = people
    form = EraseCustomerForm(_sent(request), customer=customer)
    context: dict[str, Any] = {
        "row": row,
        "customer": customer,
        "seen": requests.digest(row),
    }
    status = REFUSED
    if request.method == "POST" and form.is_valid():
        try:
            receipt = requests.erase_alone(
                request_id=row.id, reason=form.cleaned_data["reason"], user=user
            )
        except requests.NeedsApprovalError as refusal:
            form.add_error(None, refusal)
            context["needs_approval"] = True
        except ValidationError as refusal:
            form.add_error(None, refusal)
        except Customer.DoesNotExist:
            raise Http404 from None
        except redis.RedisError:
            status = UNAVAILABLE
            form.add_error(
                None,
                "Nothing was erased: working memory (Redis) does not answer, so what it"
                " holds could not be removed. Try again when it is back.",
            )
        else:
            messages.success(request, "Erased. This is the receipt.")
            return private(redirect("memory:receipt", receipt.id))
    return _show_form(
        request, "memory/privacy_erase.html", form, context, status=status
    )


@require_POST
@desk_view(Power.PRIVACY, fresh=True)
def ask(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Ask somebody else to approve the erasures of a request."""
    row = _fetch(request, Act.ERASE, request_id)
    try:
        requests.ask_approval(
            request_id=row.id,
            seen=request.POST.get("seen", ""),
            user=signed_in_user(request),
        )
    except ValidationError as refusal:
        return _to(row, request, refusal.messages[0], level=messages.ERROR)
    return _to(row, request, "Approval asked.")


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.APPROVE_ERASURE, fresh=True)
def decide(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Approve or reject, as the second person, exactly what is shown."""
    user = signed_in_user(request)
    row = _fetch(request, Act.APPROVE, request_id)
    people = list(requests.customers_of(row))
    form = AnonymousReasonForm(_sent(request), customers=people)
    if request.method == "POST" and form.is_valid():
        try:
            notice = _decide(request, row, form.cleaned_data["reason"], user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _to(row, request, notice)
    kept = privacy.kept(people)
    context = {
        "row": row,
        "people": people,
        "kept": kept,
        "total": sum(store.rows or 0 for store in kept),
        "seen": requests.digest(row),
    }
    return _show_form(request, "memory/privacy_decide.html", form, context)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.PRIVACY)
def close(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """End a request without an erasure, and say why."""
    user = signed_in_user(request)
    row = _fetch(request, Act.CHANGE, request_id)
    form = CloseForm(
        _sent(request),
        endings=requests.endings(row),
        customers=list(requests.customers_of(row)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            requests.close(
                request_id=row.id,
                state=form.cleaned_data["state"],
                reason=form.cleaned_data["reason"],
                user=user,
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _to(row, request, "Closed.")
    return _show_form(request, "memory/privacy_close.html", form, {"row": row})


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _fetch(request: HttpRequest, act: Act, request_id: UUID) -> PrivacyRequest:
    staff = ("opened_by", "asked_by", "decided_by")
    return policies.privacy_requests.fetch(
        signed_in_user(request),
        act,
        request_id,
        among=PrivacyRequest.objects.select_related(*staff),
    )


def _subject(request: HttpRequest, row: PrivacyRequest, customer_id: UUID) -> Customer:
    """Return one of those whom a request is about.

    Raises:
        Http404: The request is not about her, or she has gone.
    """
    return fetch(requests.customers_of(row), customer_id)


def _decide(request: HttpRequest, row: PrivacyRequest, reason: str, user: User) -> str:
    if request.POST.get("verdict") == "approve":
        seen = request.POST.get("seen", "")
        requests.approve(request_id=row.id, seen=seen, reason=reason, user=user)
        return "Approved. They are being erased, one after the other."
    requests.reject(request_id=row.id, reason=reason, user=user)
    return "Rejected. Nothing was erased."


def _steps(user: User, row: PrivacyRequest) -> set[str]:
    """Return what this user can do with a request as it stands."""
    policy = policies.privacy_requests
    return {
        act.name.lower()
        for act in _STEPS
        if policy.rows(user, act).filter(pk=row.pk).exists()
    }


def _progress(row: PrivacyRequest) -> dict[str, Any]:
    subjects = PrivacySubject.objects.filter(request=row)
    settled = subjects.exclude(settled_at=None).count()
    total = subjects.count()
    share = settled / total if total else 0.0
    return {"row": row, "settled": settled, "subjects": total, "share": share}


def _show_form(
    request: HttpRequest,
    template: str,
    form: Form,
    context: dict[str, Any],
    *,
    status: int = REFUSED,
) -> HttpResponse:
    """Show a form: fresh, or with what was wrong with it."""
    context = {"form": form, **context}
    refused = form.is_bound and not form.is_valid()
    return show(
        request,
        template,
        context,
        section="privacy",
        status=status if refused else 200,
    )


def _to(
    row: PrivacyRequest,
    request: HttpRequest,
    notice: str,
    *,
    level: int = messages.SUCCESS,
) -> HttpResponse:
    messages.add_message(request, level, notice)
    return private(redirect("memory:privacy_request", row.id))
