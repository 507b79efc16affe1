"""The list of customers, and one customer's page with the four tiers."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.params import wants_fragment
from accounts.policies import Act, Power, customers, desk_view, signed_in_user
from memory import records
from memory.views.pages import record_read, show


@require_safe
@desk_view(Power.READ_MEMORY)
def listing(request: HttpRequest) -> HttpResponse:
    """List the customers whose memory the user sees, or those that a search finds."""
    search = request.GET.get("q", "").strip()
    rows = customers.rows(signed_in_user(request), Act.READ)
    found = Paginator(records.customers(rows, search), records.PAGE_ROWS)
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
    """Show the four tiers of one customer, and record who has seen them."""
    user = signed_in_user(request)
    row = customers.fetch(user, Act.READ, customer_id)
    record = records.record(row, page=request.GET.get("index", 1))
    template = "memory/customer.html"
    if wants_fragment(request):
        part = request.headers.get("HX-Target") == "index"
        template = "memory/_index.html" if part else "memory/_record.html"
    response = show(request, template, {"record": record, "customer": row})
    record_read(request, row, **record.seen)
    return response
