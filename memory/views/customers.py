"""The list of customers, and one customer's page with the four tiers."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Customer
from accounts.policies import Power, desk_view, fetch
from memory import records
from memory.views.pages import show, wants_fragment


@require_safe
@desk_view(Power.READ_MEMORY)
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers, or those that a search finds."""
    search = request.GET.get("q", "").strip()
    found = Paginator(records.customers(search), records.PAGE_ROWS)
    page = found.get_page(request.GET.get("page"))
    fragment = wants_fragment(request)
    return show(
        request,
        "memory/_customers.html" if fragment else "memory/customers.html",
        {"page": page, "search": search},
    )


@require_safe
@desk_view(Power.READ_MEMORY)
def customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Show the four tiers of one customer."""
    row = fetch(Customer.objects.all(), customer_id)
    record = records.record(row, page=request.GET.get("index", 1))
    template = "memory/customer.html"
    if wants_fragment(request):
        part = request.headers.get("HX-Target") == "index"
        template = "memory/_index.html" if part else "memory/_record.html"
    return show(request, template, {"record": record, "customer": row})
