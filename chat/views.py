"""The inbox, its fragments and the widget's page: parse, call one service, render."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import Tenant
from accounts.params import as_uuid, wants_fragment
from accounts.policies import (
    Act,
    Power,
    customers,
    desk_view,
    may,
    signed_in_user,
)
from accounts.scope import identity_scope
from chat import inbox as inboxes
from chat import policies, services, sites
from chat.models import Conversation
from chat.panel import Panel, panel
from chat.upkeep import why_given_up

# Digits of the largest `seq` that the database holds.
_SEQ_DIGITS = 19


@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to the page that her work starts on."""
    chats = may(signed_in_user(request), Power.CHAT)
    return redirect("chat:inbox" if chats else "memory:privacy")


@require_GET
@never_cache
@desk_view(Power.CHAT)
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the list of a view; to htmx only its rows."""
    if wants_fragment(request):
        return render(request, "chat/_rows_and_views.html", _list(request))
    return render(request, "chat/inbox.html", _list(request))


@require_GET
@never_cache
@desk_view(Power.CHAT)
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show a conversation beside the list; to htmx without the list."""
    shown = _conversation(request, conversation_id)
    context = _thread(request, shown)
    if wants_fragment(request):
        response = render(request, "chat/_thread.html", context)
    else:
        response = render(request, "chat/inbox.html", _list(request) | context)
    _record_read(request, shown, context["panel"], entries=len(context["entries"]))
    return response


@require_GET
@never_cache
@desk_view(Power.CHAT)
def row(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show one row of the list, and say whether it belongs to the view that is open."""
    user = signed_in_user(request)
    view = inboxes.view_named(request.GET.get("view"))
    shown = policies.conversations.fetch(
        user, Act.READ, conversation_id, among=inboxes.any_conversations()
    )
    here = inboxes.conversations(view, user).filter(pk=conversation_id).exists()
    context = {"conversation": shown, "view": view, "views": inboxes.tabs(user)}
    response = render(request, "chat/_row_and_views.html", context)
    response["X-In-View"] = "yes" if here else "no"
    return response


@require_GET
@never_cache
@desk_view(Power.CHAT)
def head(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show a conversation's header: who answers, and what one can do."""
    return _head(request, conversation_id)


@require_GET
@never_cache
@desk_view(Power.CHAT)
def log(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show older messages of a thread."""
    before = request.GET.get("before", "")
    if not before.isdecimal() or len(before) > _SEQ_DIGITS:
        raise Http404
    shown = _conversation(request, conversation_id)
    entries, earlier = inboxes.entries(
        shown, before=int(before), marked=_sees_memory(request, shown)
    )
    context = {"conversation": shown, "entries": entries, "earlier_before": earlier}
    response = render(request, "chat/_log.html", context)
    _record_read(request, shown, entries=len(entries))
    return response


@require_GET
@never_cache
@desk_view(Power.CHAT)
def memory(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show the memory panel, explaining the answer `?message=` or the newest one."""
    shown = _conversation(request, conversation_id)
    answer = as_uuid(request.GET.get("message", ""))
    seen = panel(shown, answer) if _sees_memory(request, shown) else None
    context = {"conversation": shown, "panel": seen}
    response = render(request, "chat/_panel.html", context)
    _record_read(request, shown, seen)
    return response


@require_POST
@desk_view(Power.CHAT)
def take_over(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Make the signed-in agent the one who answers."""
    return _act(request, conversation_id, services.take_over)


@require_POST
@desk_view(Power.CHAT)
def hand_back(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Let the assistant answer again."""
    return _act(request, conversation_id, services.hand_back)


@require_POST
@desk_view(Power.CHAT)
def close(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Close a conversation; it goes into memory."""
    return _act(request, conversation_id, services.close)


@require_POST
@desk_view(Power.CHAT)
def reopen(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Open a closed conversation again."""
    return _act(request, conversation_id, services.reopen)


@require_GET
@xframe_options_exempt
def widget(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """Show the customer's chat, which the tenant's own sites may frame."""
    with identity_scope():
        tenant = Tenant.objects.filter(slug=tenant_slug).first()
    if tenant is None:
        raise Http404
    policy: dict[str, Any] = {
        "frame-ancestors": sites.frame_ancestors(tenant.widget_sites)
    }
    response = render(request, "chat/widget.html", {"tenant": tenant})
    # A site that isolates itself may still show it.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    csp_replace(policy)(lambda _: response)(request)
    return response


def _conversation(
    request: HttpRequest, conversation_id: UUID, act: Act = Act.READ
) -> Conversation:
    return policies.conversations.fetch(
        signed_in_user(request),
        act,
        conversation_id,
        among=Conversation.objects.select_related("customer", "agent"),
    )


def _sees_memory(request: HttpRequest, shown: Conversation) -> bool:
    """Return whether the user sees the memory of a conversation's customer."""
    seen = customers.rows(signed_in_user(request), Act.READ)
    return seen.filter(pk=shown.customer_id).exists()


def _list(request: HttpRequest) -> dict[str, Any]:
    user = signed_in_user(request)
    view = inboxes.view_named(request.GET.get("view"))
    rows = Paginator(inboxes.conversations(view, user), inboxes.ROWS_PER_PAGE)
    return {
        "section": "inbox",
        "view": view,
        "views": inboxes.tabs(user),
        "page": rows.get_page(request.GET.get("page")),
    }


def _thread(request: HttpRequest, shown: Conversation) -> dict[str, Any]:
    seen = _sees_memory(request, shown)
    entries, earlier = inboxes.entries(shown, marked=seen)
    return {
        "conversation": shown,
        "open_id": shown.pk,
        "entries": entries,
        "earlier_before": earlier,
        "lock": inboxes.lock_for(shown, signed_in_user(request)),
        "given_up": why_given_up(shown),
        "panel": panel(shown) if seen else None,
    }


def _record_read(
    request: HttpRequest,
    shown: Conversation,
    memory: Panel | None = None,
    **counts: int,
) -> None:
    """Record what an agent was shown; last, since it holds up other appends."""
    audit.memory_read(
        actor=signed_in_user(request).actor,
        customer_id=shown.customer_id,
        purpose="support",
        conversation_id=shown.id,
        seen=counts | (memory.counts() if memory else {}),
    )


def _head(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    shown = _conversation(request, conversation_id)
    lock = inboxes.lock_for(shown, signed_in_user(request))
    context = {"conversation": shown, "lock": lock, "given_up": why_given_up(shown)}
    return render(request, "chat/_head.html", context)


def _act(
    request: HttpRequest, conversation_id: UUID, action: Callable[..., Conversation]
) -> HttpResponse:
    _conversation(request, conversation_id, Act.CHANGE)
    action(conversation_id=conversation_id, user=signed_in_user(request))
    return _head(request, conversation_id)
