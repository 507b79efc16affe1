"""What staff may do to one item of a customer's memory.

Each view reads the item through the check, calls one service and answers with the
tiers as they are afterwards. What cannot be undone is asked about first (GET).
"""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.models import Customer, User
from accounts.params import wants_fragment
from accounts.policies import Act, Power, customers, desk_view, signed_in_user
from memory import curation, facts, forgetting, policies
from memory.models import Embedding, Fact
from memory.views.pages import (
    REFUSED,
    Confirmation,
    ask,
    ask_why,
    record_read,
    show,
    show_changed,
)

_ASK_OR_DO = ["GET", "HEAD", "POST"]


@require_safe
@desk_view(Power.READ_MEMORY)
def fact(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Show the row of one current fact."""
    customer, row = _current_fact(request, customer_id, fact_id, Act.READ)
    response = show(request, "memory/_fact.html", {"customer": customer, "fact": row})
    record_read(request, customer, facts=1)
    return response


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.CORRECT_MEMORY)
def correct(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Give a fact the right value."""
    customer, row = _current_fact(request, customer_id, fact_id)
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
    response = show(
        request,
        "memory/_correct.html" if fragment else "memory/correct.html",
        {"customer": customer, "fact": row, "value": value, "error": error},
        status=REFUSED if error else 200,
    )
    record_read(request, customer, facts=1)
    return response


@require_POST
@desk_view(Power.CORRECT_MEMORY)
def pin(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Pin a fact (`pinned=1`), or unpin it."""
    customer, row = _current_fact(request, customer_id, fact_id)
    pinned = request.POST.get("pinned") == "1"
    facts.set_pinned(fact=row, pinned=pinned, user=signed_in_user(request))
    notice = "Pinned: it always leads and never expires." if pinned else "Unpinned."
    return show_changed(request, customer, notice)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.CORRECT_MEMORY)
def retract(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Take a fact back as wrong; what it replaced is true again."""
    customer, row = _current_fact(request, customer_id, fact_id)
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
@desk_view(Power.ERASE_MEMORY, fresh=True)
def erase_fact(request: HttpRequest, customer_id: UUID, fact_id: UUID) -> HttpResponse:
    """Erase a fact, current or not, with its evidence and its index entry."""
    user, customer = _whose(request, customer_id)
    row = policies.facts.fetch(user, Act.ERASE, fact_id, customer_id=customer.id)

    def erase(reason: str) -> str:
        forgetting.forget(fact=row, actor=user.actor, reason=reason)
        return "Erased, and taken out of summaries and index."

    confirmation = Confirmation(
        title="Erase this fact?",
        quote=f"{row.key}: {row.value}",
        sentences=(
            "Its evidence goes too, and every sentence that says it in summaries and"
            " in the vector index. Nothing it replaced comes back, and what was said"
            " until now does not bring it back. The message it came from stays.",
            "This cannot be undone.",
        ),
        button="Erase fact",
    )
    return ask_why(request, customer, confirmation, erase)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY, fresh=True)
def erase_summary(
    request: HttpRequest, customer_id: UUID, summary_id: UUID
) -> HttpResponse:
    """Erase a conversation's summary, in all its versions."""
    user, customer = _whose(request, customer_id)
    row = policies.summaries.fetch(user, Act.ERASE, summary_id, customer_id=customer.id)

    def erase(reason: str) -> str:
        curation.erase_summary(summary=row, user=user, reason=reason)
        return "Erased, with its earlier versions and index entries."

    confirmation = Confirmation(
        title="Erase this summary?",
        quote=row.text,
        sentences=(
            "All its versions and its entry in the vector index go. The messages"
            " it was made from stay, and so do the facts.",
            "This cannot be undone.",
        ),
        button="Erase summary",
    )
    return ask_why(request, customer, confirmation, erase)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY, fresh=True)
def erase_entry(
    request: HttpRequest, customer_id: UUID, entry_id: UUID
) -> HttpResponse:
    """Take one entry out of the vector index."""
    user, customer = _whose(request, customer_id)
    row = policies.embeddings.fetch(
        user,
        Act.ERASE,
        entry_id,
        among=Embedding.objects.defer("vector", "keywords"),
        customer_id=customer.id,
    )

    def erase(reason: str) -> str:
        curation.erase_entry(entry=row, user=user, reason=reason)
        return "Erased from the index."

    confirmation = Confirmation(
        title="Erase this index entry?",
        quote=row.text,
        sentences=(
            "The assistant no longer finds this text. The"
            f" {row.get_source_kind_display().lower()} behind it stays.",
            "This cannot be undone.",
        ),
        button="Erase entry",
    )
    return ask_why(request, customer, confirmation, erase)


@require_http_methods(_ASK_OR_DO)
@desk_view(Power.ERASE_MEMORY, fresh=True)
def erase_working_item(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Erase one item of working memory, named by its `key`."""
    user, customer = _whose(request, customer_id)
    sent = request.POST if request.method == "POST" else request.GET
    item = policies.working_memory.fetch(user, Act.ERASE, customer, sent.get("key", ""))

    def erase(reason: str) -> str:
        curation.erase_working_item(
            customer=customer, item=item, user=user, reason=reason
        )
        return "Erased from working memory."

    confirmation = Confirmation(
        title="Erase this from working memory?",
        quote=item.text,
        sentences=(
            "Messages, facts and summaries stay: the assistant reads them again, or"
            " asks the tool again, when it next needs them.",
        ),
        button="Erase item",
        fields=(("key", item.key),),
    )
    return ask_why(request, customer, confirmation, erase)


def _whose(request: HttpRequest, customer_id: UUID) -> tuple[User, Customer]:
    user = signed_in_user(request)
    return user, customers.fetch(user, Act.READ, customer_id)


def _current_fact(
    request: HttpRequest, customer_id: UUID, fact_id: UUID, act: Act = Act.CHANGE
) -> tuple[Customer, Fact]:
    user, customer = _whose(request, customer_id)
    row = policies.facts.fetch(
        user, act, fact_id, among=facts.current_facts(), customer_id=customer.id
    )
    return customer, row
