"""The overview of privacy: requests, past erasures, and their receipts."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.audit.search import staff_names
from accounts.models import Customer, User
from accounts.params import wants_fragment
from accounts.policies import Act, Power, customers, desk_view, may, signed_in_user
from memory import policies, privacy, records
from memory.models import ErasureReceipt, PrivacyRequest, PrivacySubject
from memory.views.pages import show

M = TypeVar("M", bound=Model)


@require_safe
@desk_view(Power.APPROVE_ERASURE)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the requests, find whom another is about, and look at past erasures."""
    user = signed_in_user(request)
    search = request.GET.get("q", "").strip()
    context: dict[str, object] = {"search": search}
    if search and customers.may(user, Act.FIND):
        # A directory: who is here, and nothing of what is remembered.
        people = records.directory(customers.rows(user, Act.FIND), search)
        pages = Paginator(people, records.PAGE_ROWS)
        context["page"] = pages.get_page(request.GET.get("page"))
    if wants_fragment(request):
        return show(request, "memory/_found.html", context, section="privacy")
    shown = _page(_requests(user), request, "requests")
    context |= {"requests": shown, "people": _people(shown)}
    if may(user, Power.PRIVACY):
        receipts = _page(policies.receipts.rows(user, Act.READ), request, "receipts")
        context |= {"receipts": receipts, "names": _names(receipts)}
    return show(request, "memory/privacy.html", context, section="privacy")


@require_safe
@desk_view(Power.PRIVACY)
def receipt(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    """Show the receipt of one erasure."""
    row = policies.receipts.fetch(signed_in_user(request), Act.READ, receipt_id)
    context = {
        "receipt": row,
        "stores": privacy.erased(row),
        "names": _names([row]),
    }
    return show(request, "memory/receipt.html", context, section="privacy")


def _page(rows: QuerySet[M], request: HttpRequest, parameter: str) -> Page[M]:
    return Paginator(rows, records.PAGE_ROWS).get_page(request.GET.get(parameter))


def _requests(user: User) -> QuerySet[PrivacyRequest]:
    """Return the requests, those with something left to do first, by their due date."""
    subjects = PrivacySubject.objects.filter(request=OuterRef("pk"))
    unfinished = Q(state__in=PrivacyRequest.UNFINISHED)
    rows = policies.privacy_requests.rows(user, Act.READ).annotate(
        subject_count=Count("subjects"),
        first_ref=Subquery(subjects.order_by("id").values("customer_ref")[:1]),
        over=Case(When(unfinished, then=Value(0)), default=Value(1)),
    )
    return rows.order_by("over", "due_at", "id")


def _people(requests: Iterable[PrivacyRequest]) -> dict[UUID, str]:
    """Return the names of those who are still there, by id."""
    refs = {vars(request)["first_ref"] for request in requests}
    rows = Customer.objects.filter(id__in=refs)
    return {customer.id: customer.display_name for customer in rows}


def _names(receipts: Iterable[ErasureReceipt]) -> dict[str, str]:
    """Return who asked for erasures or approved them, by the actors of the receipts."""
    actors = {a for r in receipts for a in (r.requested_by, r.approved_by)}
    return staff_names(actors)
