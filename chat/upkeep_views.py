"""The page "Remembering": how conversations get into memory, for who manages it."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.policies import Act, Power, desk_view, signed_in_user
from chat import policies, remembering, upkeep

_PAGE_ROWS = 50


@require_safe
@never_cache
@desk_view(Power.REVIEW_MEMORY)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what waits, what was given up, and the last tries."""
    user = signed_in_user(request)
    page = Paginator(upkeep.runs(user), _PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "section": "settings",
        "part": "remembering",
        "upkeep": upkeep.upkeep(user),
        "page": page,
        "tries": upkeep.with_conversations(user, page),
    }
    return render(request, "chat/upkeep.html", context)


@require_POST
@never_cache
@desk_view(Power.REVIEW_MEMORY)
def try_again(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send a conversation to memory that was given up."""
    user = signed_in_user(request)
    found = policies.conversations.fetch(user, Act.CHANGE, conversation_id)
    if remembering.try_again(conversation_id=found.pk, user=user):
        messages.success(request, "It is tried again now.")
    else:
        messages.info(request, "It is not given up any more.")
    return redirect("chat:upkeep")
