"""The conversations that a strategy is tried on, and the record of who saw them."""

from collections.abc import Sequence

from accounts.audit import memory_read
from accounts.models import User
from accounts.policies import Act
from chat import policies
from chat.history import said, turns
from chat.models import Conversation
from memory import disclosure, forgotten
from memory.strategies.trial import MOST_CONVERSATIONS
from memory.types import Turn

_PURPOSE = "strategy trial"
# The newest of a long conversation: it is tried, not consolidated.
_MOST_MESSAGES = 50


def last_conversations(user: User) -> list[Sequence[Turn]]:
    """Return the desk's last conversations, for a dry run that is about to read them.

    It is recorded that the model is sent them, and that the user sees what it finds.
    Runs in the desk's scope.

    Args:
        user: Who tries a strategy.
    """
    rows = policies.conversations.rows(user, Act.READ).filter(last_message_seq__gt=0)
    latest: list[Conversation] = list(
        rows.order_by("-last_message_at")[:MOST_CONVERSATIONS]
    )
    read = []
    for conversation in latest:
        newest = list(said(conversation.id).reverse()[:_MOST_MESSAGES])
        if newest:
            wanted = forgotten.marks(conversation.customer_id)
            read.append((conversation, wanted.turns(turns(reversed(newest)))))
    for conversation, messages in read:
        memory_read(
            actor=user.actor,
            customer_id=conversation.customer_id,
            purpose=_PURPOSE,
            conversation_id=conversation.id,
            seen={"messages": len(messages)},
        )
        disclosure.record_sent(
            "consolidate",
            customer_id=conversation.customer_id,
            purpose=_PURPOSE,
            conversation_id=conversation.id,
            messages=len(messages),
        )
    return [messages for _, messages in read]
