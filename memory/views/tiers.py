"""What staff may do to one item of a customer's memory.

Each view reads the item through the check, calls one service and answers with the
tiers as they are afterwards. What cannot be undone is asked about first (GET).
"""

from uuid import UUID

import redis
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.models import Customer
from accounts.policies import Power, desk_view, fetch, signed_in_user
from memory import curation, facts
from memory.models import Embedding, Fact, Summary
from memory.views.pages import (
    REFUSED,
    UNAVAILABLE,
    Confirmation,
    ask,
    show,
    show_changed,
    wants_fragment,
)

_ASK_OR_DO = ["GET", "HEAD", "POST"]


@require_safe
@desk_view(Power.READ_MEMORY)
def fact(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Show the row of one current fact."""
    customer, row = _current_fact(customer_id, fact_id)
    return show(request, "memory/_fact.html", {"customer": customer, "fact": row})


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.CORRECT_MEMORY)
def correct(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Give a fact the right value."""
    customer, row = _current_fact(customer_id, fact_id)
    value, error = row.value, ""
    if request.method == "POST":
        value = request.POST.get("value", "")
        try:
            facts.correct(fact=row, value=value, user=signed_in_user(request))
        except ValidationError as refusal:
            error = " ".join(refusal.messages)
        else:
            return show_changed(
                request, customer, "Corrected. The value before is kept as history."
            )
    fragment = wants_fragment(request)
    return show(
        request,
        "memory/_correct.html" if fragment else "memory/correct.html",
        {"customer": customer, "fact": row, "value": value, "error": error},
        status=REFUSED if error else 200,
    )


@require_POST
@desk_view(Power.CORRECT_MEMORY)
def pin(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Pin a fact (`pinned=1`), or unpin it."""
    customer, row = _current_fact(customer_id, fact_id)
    pinned = request.POST.get("pinned") == "1"
    facts.set_pinned(fact=row, pinned=pinned, user=signed_in_user(request))
    notice = "Pinned: it always leads and never expires." if pinned else "Unpinned."
    return show_changed(request, customer, notice)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.CORRECT_MEMORY)
def retract(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Take a fact back as wrong; what it replaced is true again."""
    customer, row = _current_fact(customer_id, fact_id)
    if request.method == "POST":
        restored = facts.retract(fact=row, user=signed_in_user(request))
        notice = "Taken back."
        if restored is not None:
            notice = "Taken back. The value before it is current again."
        return show_changed(request, customer, notice)
    older = row.older.order_by("-valid_from").first()
    then = "Nothing takes its place."
    if older is not None:
        then = f"“{older.value}”, which it replaced, becomes current again."
    return ask(
        request,
        customer,
        Confirmation(
            title="Was that wrong?",
            quote=f"{row.key}: {row.value}",
            sentences=("It is taken out of memory, with its evidence.", then),
            button="That was wrong",
            icon="undo",
        ),
    )


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY)
def erase_fact(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Erase a fact, current or not, with its evidence and its index entry."""
    customer = _customer(customer_id)
    row: Fact = fetch(Fact.objects.all(), fact_id, customer_id=customer.id)
    if request.method == "POST":
        facts.forget(fact=row, user=signed_in_user(request))
        return show_changed(
            request, customer, "Erased, with its evidence and its index entry."
        )
    return ask(
        request,
        customer,
        Confirmation(
            title="Erase this fact?",
            quote=f"{row.key}: {row.value}",
            sentences=(
                "Its evidence and its entry in the vector index go too, and nothing"
                " it replaced comes back. The message it came from stays.",
                "This cannot be undone.",
            ),
            button="Erase fact",
        ),
    )


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY)
def erase_summary(
    request: HttpRequest, customer_id: UUID, summary_id: UUID
) -> HttpResponse:
    """Erase a conversation's summary, in all its versions."""
    customer = _customer(customer_id)
    row: Summary = fetch(Summary.objects.all(), summary_id, customer_id=customer.id)
    if request.method == "POST":
        curation.erase_summary(summary=row, user=signed_in_user(request))
        return show_changed(
            request, customer, "Erased, with its earlier versions and index entries."
        )
    return ask(
        request,
        customer,
        Confirmation(
            title="Erase this summary?",
            quote=row.text,
            sentences=(
                "All its versions and its entry in the vector index go. The messages"
                " it was made from stay, and so do the facts.",
                "This cannot be undone.",
            ),
            button="Erase summary",
        ),
    )


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY)
def erase_entry(
    request: HttpRequest, customer_id: UUID, entry_id: UUID
) -> HttpResponse:
    """Take one entry out of the vector index."""
    customer = _customer(customer_id)
    entries = Embedding.objects.defer("vector", "keywords")
    row: Embedding = fetch(entries, entry_id, customer_id=customer.id)
    if request.method == "POST":
        curation.erase_entry(entry=row, user=signed_in_user(request))
        return show_changed(request, customer, "Erased from the index.")
    return ask(
        request,
        customer,
        Confirmation(
            title="Erase this index entry?",
            quote=row.text,
            sentences=(
                "The assistant no longer finds this text. The"
                f" {row.get_source_kind_display().lower()} behind it stays.",
                "This cannot be undone.",
            ),
            button="Erase entry",
        ),
    )


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY)
def erase_working_item(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Erase one item of working memory, named by its `key`."""
    customer = _customer(customer_id)
    sent = request.POST if request.method == "POST" else request.GET
    item = curation.find_working_item(customer, sent.get("key", ""))
    if item is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            curation.erase_working_item(
                customer=customer, item=item, user=signed_in_user(request)
            )
        except redis.RedisError:
            error = "Nothing was erased: working memory does not answer. Try again."
        else:
            return show_changed(request, customer, "Erased from working memory.")
    return ask(
        request,
        customer,
        Confirmation(
            title="Erase this from working memory?",
            quote=item.text,
            sentences=(
                "The messages stay: the assistant reads them again, or asks the tool"
                " again, when it next needs them.",
            ),
            button="Erase item",
            fields=(("key", item.key),),
            error=error,
        ),
        status=UNAVAILABLE if error else 200,
    )


def _customer(customer_id: UUID) -> Customer:
    return fetch(Customer.objects.all(), customer_id)


def _current_fact(customer_id: UUID, fact_id: UUID) -> tuple[Customer, Fact]:
    customer = _customer(customer_id)
    row: Fact = fetch(facts.current_facts(), fact_id, customer_id=customer.id)
    return customer, row
