"""Export and erasure of a customer, and the receipts of erasures."""

from collections.abc import Iterable
from uuid import UUID

import redis
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Customer, User
from accounts.policies import Power, desk_view, fetch, signed_in_user
from memory import privacy, records
from memory.forms import EraseCustomerForm
from memory.models import ErasureReceipt
from memory.views.pages import (
    REFUSED,
    UNAVAILABLE,
    private,
    show,
    wants_fragment,
)


@require_safe
@desk_view(Power.PRIVACY)
def overview(request: HttpRequest) -> HttpResponse:
    """Find a customer, and look at past erasures."""
    search = request.GET.get("q", "").strip()
    found: Page[Customer] | None = None
    if search:
        pages = Paginator(records.customers(search), records.PAGE_ROWS)
        found = pages.get_page(request.GET.get("page"))
    context: dict[str, object] = {"search": search, "page": found}
    if wants_fragment(request):
        return show(request, "memory/_found.html", context, section="privacy")
    receipts = Paginator(ErasureReceipt.objects.all(), records.PAGE_ROWS)
    shown = receipts.get_page(request.GET.get("receipts"))
    context |= {"receipts": shown, "names": _names(shown)}
    return show(request, "memory/privacy.html", context, section="privacy")


@require_safe
@desk_view(Power.PRIVACY)
def customer(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Show what is kept about a customer, and offer to export or erase it."""
    row = fetch(Customer.objects.all(), customer_id)
    return _show_customer(request, row, EraseCustomerForm(customer=row))


@require_POST
@desk_view(Power.PRIVACY)
def export(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Answer with a ZIP of all that is kept about a customer."""
    row = fetch(Customer.objects.all(), customer_id)
    archive = privacy.export_customer(customer=row, user=signed_in_user(request))
    response = HttpResponse(archive, content_type="application/zip")
    name = f"recollect-export-{privacy.short_ref(row.id)}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


@require_POST
@desk_view(Power.PRIVACY)
def erase(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Erase a customer once the name is typed, and show the receipt."""
    row = fetch(Customer.objects.all(), customer_id)
    form = EraseCustomerForm(request.POST, customer=row)
    if not form.is_valid():
        return _show_customer(request, row, form, status=REFUSED)
    try:
        receipt = privacy.erase_customer(
            customer=row,
            user=signed_in_user(request),
            reason=form.cleaned_data["reason"],
        )
    except Customer.DoesNotExist:
        raise Http404 from None
    except redis.RedisError:
        form.add_error(
            None,
            "Nothing was erased: working memory (Redis) does not answer, so what it"
            " holds could not be removed. Try again when it is back.",
        )
        return _show_customer(request, row, form, status=UNAVAILABLE)
    messages.success(request, "Erased. This is the receipt.")
    return private(redirect("memory:receipt", receipt.id))


@require_safe
@desk_view(Power.PRIVACY)
def receipt(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    """Show the receipt of one erasure."""
    row: ErasureReceipt = fetch(ErasureReceipt.objects.all(), receipt_id)
    context = {
        "receipt": row,
        "stores": privacy.erased(row),
        "names": _names([row]),
    }
    return show(request, "memory/receipt.html", context, section="privacy")


def _show_customer(
    request: HttpRequest,
    row: Customer,
    form: EraseCustomerForm,
    *,
    status: int = 200,
) -> HttpResponse:
    kept = privacy.kept(row)
    context = {
        "customer": row,
        "form": form,
        "kept": kept,
        "total": sum(store.rows or 0 for store in kept),
        "counted_at": timezone.now(),
    }
    return show(
        request,
        "memory/privacy_customer.html",
        context,
        section="privacy",
        status=status,
    )


def _names(receipts: Iterable[ErasureReceipt]) -> dict[str, str]:
    """Return who asked for erasures, by the actor that the receipts name."""
    asked = {receipt.requested_by.removeprefix("user:") for receipt in receipts}
    ids = [UUID(text) for text in asked if _is_uuid(text)]
    return {f"user:{user.id}": str(user) for user in User.objects.filter(id__in=ids)}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
