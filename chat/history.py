"""Messages as memory takes them in: plain turns, newest or unconsolidated."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from chat.models import Conversation, Message
from memory import working
from memory.refusals import masked_turns
from memory.types import Author, Turn
from memory.working import Buffer, Limits


def as_turn(message: Message) -> Turn:
    """Return the message as memory sees it."""
    return Turn(
        id=message.id,
        author=cast("Author", message.author),
        text=message.text,
        sent_at=message.sent_at,
        author_name=message.author_name,
    )


def turns(messages: Iterable[Message]) -> list[Turn]:
    """Return messages as turns, in the given order."""
    return [as_turn(message) for message in messages]


def said(conversation_id: UUID) -> QuerySet[Message]:
    """Return the rows of what was said aloud, in order: no notes, nothing half."""
    return (
        Message.objects.filter(
            conversation_id=conversation_id,
            is_note=False,
            status=Message.Status.COMPLETE,
        )
        .exclude(text="")
        .order_by("seq")
    )


def recent_turns(conversation: Conversation, limits: Limits) -> Buffer:
    """Return the buffer: the last messages, from Redis or else from PostgreSQL.

    Secrets are masked in it: it is kept in Redis and goes to models.

    Args:
        conversation: As it was read; what came after that is not in the buffer. Not
            inside of a transaction that adds to it: what may be rolled back is not to
            be kept.
        limits: How much the desk wants in it.
    """

    def load() -> list[Turn]:
        known = said(conversation.id).filter(seq__lte=conversation.last_seq)
        newest = known.reverse()[: limits.messages]
        return masked_turns(turns(reversed(newest)), only_secrets=True)

    return working.buffer(
        conversation.tenant_id,
        conversation.customer_id,
        conversation.id,
        version=conversation.last_seq,
        limits=limits,
        load=load,
    )
