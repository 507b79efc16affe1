"""Who may do what to conversations, and whom an agent works with."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.policies import Act, Policy, Power
from chat.models import Conversation, HttpTool, Message

_CHAT = {Act.READ: Power.CHAT, Act.CHANGE: Power.CHAT}

conversations = Policy(Conversation, _CHAT)
messages = Policy(Message, _CHAT)
tools = Policy(HttpTool, {Act.READ: Power.MANAGE_DESK, Act.CHANGE: Power.MANAGE_DESK})


def customers_of(user: User) -> QuerySet[Any, Any]:
    """Return the ids of the customers whom an agent works with.

    Those are the customers with an open conversation in the desk, and those with one
    that she owns or has answered in. A note is no answer: nobody may write herself in.
    """
    answered = Message.objects.filter(
        tenant_id=user.tenant_id, agent=user, is_note=False
    )
    rows: QuerySet[Conversation] = Conversation.objects.filter(
        Q(status=Conversation.Status.OPEN)
        | Q(agent=user)
        | Q(pk__in=answered.values("conversation_id")),
        tenant_id=user.tenant_id,
    )
    return rows.values("customer_id")
