"""The page of what the assistant knew when it sent a message."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.policies import Act, Power, customers, desk_view, fetch, signed_in_user
from chat import policies
from chat.known_then import known_then as collect
from chat.models import Conversation, Message


@require_GET
@never_cache
@desk_view(Power.CHAT)
def known_then(
    request: HttpRequest, conversation_id: UUID, message_id: UUID
) -> HttpResponse:
    """Show what was known then; to those who see this customer's memory now."""
    user = signed_in_user(request)
    shown = policies.conversations.fetch(
        user,
        Act.READ,
        conversation_id,
        among=Conversation.objects.select_related("customer"),
    )
    fetch(customers.rows(user, Act.READ), shown.customer_id)
    answers = Message.objects.filter(
        conversation=shown, author=Message.Author.ASSISTANT
    ).exclude(context=None)
    answer = policies.messages.fetch(user, Act.READ, message_id, among=answers)
    known = collect(shown, answer)
    context = {"section": "inbox", "conversation": shown, "known": known}
    response = render(request, "chat/known_then.html", context)
    audit.memory_read(
        actor=user.actor,
        customer_id=shown.customer_id,
        purpose="support",
        conversation_id=shown.id,
        seen={"message": answer.id, **known.counts()},
    )
    return response
