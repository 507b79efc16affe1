"""The review queue: what memory did not take in, one item at a time."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.policies import Act, Power, desk_view, signed_in_user
from memory import policies, review
from memory.models import ReviewItem
from memory.views.pages import private, show

PAGE_ROWS = 50


@require_safe
@desk_view(Power.REVIEW_MEMORY)
def queue(request: HttpRequest) -> HttpResponse:
    """List what waits, or what was decided."""
    return _page(request, review.view_named(request.GET.get("view")), None)


@require_safe
@desk_view(Power.REVIEW_MEMORY)
def item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Show one item beside the list that it is in, and record who has seen it."""
    shown = _fetch(request, Act.READ, item_id)
    response = _page(request, review.view_named(shown.state), shown)
    audit.memory_read(
        actor=signed_in_user(request).actor,
        customer_id=shown.customer_id,
        purpose="review",
        conversation_id=shown.conversation_id,
        seen={"held": 1, "facts": int(shown.rival_id is not None)},
    )
    return response


@require_POST
@desk_view(Power.REVIEW_MEMORY)
def accept(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Let an item into memory."""
    return _decide(request, item_id, accepted=True)


@require_POST
@desk_view(Power.REVIEW_MEMORY)
def refuse(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Keep an item out of memory for good."""
    return _decide(request, item_id, accepted=False)


def _decide(request: HttpRequest, item_id: UUID, *, accepted: bool) -> HttpResponse:
    decided = _fetch(request, Act.CHANGE, item_id)
    then: UUID | None = decided.id
    if decided.is_waiting:
        before, after = review.neighbours(decided)
        then = after or before
    user = signed_in_user(request)
    try:
        if accepted:
            both = request.POST.get("both") == "1"
            review.accept(item=decided, user=user, both=both)
            messages.success(request, _accepted(decided, both=both))
        else:
            not_hers = request.POST.get("not_hers") == "1"
            review.refuse(item=decided, user=user, not_hers=not_hers)
            messages.success(request, "Refused. It stays out of memory.")
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    if then is None:
        return private(redirect("memory:review"))
    return private(redirect("memory:review_item", then))


def _accepted(item: ReviewItem, *, both: bool) -> str:
    if item.polarity == "end":
        return "Accepted. What was known is history now."
    if both:
        return "Accepted. Both are true now; this one is approved by staff."
    return "Accepted. It is a fact now, approved by staff."


def _fetch(request: HttpRequest, act: Act, item_id: UUID) -> ReviewItem:
    return policies.review_items.fetch(
        signed_in_user(request), act, item_id, among=review.any_items()
    )


def _page(
    request: HttpRequest, view: review.View, shown: ReviewItem | None
) -> HttpResponse:
    page = Paginator(review.items(view), PAGE_ROWS).get_page(request.GET.get("page"))
    before, after = review.neighbours(shown) if shown else (None, None)
    context = {
        "view": view,
        "tabs": review.tabs(),
        "page": page,
        "item": shown,
        "before": before,
        "after": after,
        "can_both_be_true": shown is not None and review.can_both_be_true(shown),
    }
    return show(request, "memory/review.html", context, section="review")
