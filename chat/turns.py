"""The assistant's turn as the database sees it: who writes, and until when.

A turn is a lease on the conversation. Only its holder can store a reply, and only while
the assistant owns the conversation; a holder that dies loses the lease by time, and its
half-written message is marked interrupted.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from chat import due
from chat.models import Conversation, Event, Message
from chat.services import (
    append_event,
    append_message,
    hand_over,
    lock,
    save,
    show_preview,
    stop_turn,
)

# A live turn renews its lease about twice a second while it streams, and once before
# each model or tool round; a round may take the model's time-out of 30 s.
LEASE = timedelta(seconds=45)
# A question that failed twice goes to a person.
MAX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """A lease to answer one conversation.

    Attributes:
        message_id: The message that the reply becomes.
        asked_seq: Up to which message it answers.
    """

    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID
    message_id: UUID
    asked_seq: int


def start_turn(*, conversation_id: UUID) -> Turn | None:
    """Take the lease when an answer is owed and nobody is writing one.

    A dead turn is cleared first. After `MAX_ATTEMPTS` the conversation is handed to a
    person instead.
    """
    conversation = lock(conversation_id)
    if not _owes_answer(conversation):
        return None
    if conversation.turn_id is not None:
        if not _expired(conversation):
            return None
        stop_turn(conversation)
    if conversation.turn_attempts >= MAX_ATTEMPTS:
        hand_over(conversation, reason="the assistant could not finish its reply")
        save(conversation)
        return None
    message = append_message(
        conversation,
        author=Message.Author.ASSISTANT,
        author_name="Assistant",
        text="",
        status=Message.Status.STREAMING,
    )
    conversation.turn_id = message.id
    conversation.turn_attempts += 1
    conversation.turn_expires_at = timezone.now() + LEASE
    save(conversation)
    return Turn(
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        message_id=message.id,
        asked_seq=conversation.asked_seq,
    )


def renew_turn(*, turn: Turn) -> bool:
    """Keep the lease; False when it was lost (taken over, closed, expired)."""
    renewed = Conversation.objects.filter(
        pk=turn.conversation_id, turn_id=turn.message_id
    ).update(turn_expires_at=timezone.now() + LEASE)
    return renewed == 1


def finish_turn(
    *, turn: Turn, text: str, context: dict[str, Any], hand_over_reason: str = ""
) -> bool:
    """Store the whole reply, unless the lease was lost meanwhile.

    Returns:
        Whether the reply was stored. A lost turn keeps what was shown, marked as
        interrupted.
    """
    conversation = lock(turn.conversation_id)
    if conversation.turn_id != turn.message_id:
        _keep_partial(conversation, turn, text)
        return False
    message = Message.objects.get(pk=turn.message_id)
    message.text, message.context = text, context
    message.status = Message.Status.COMPLETE
    message.sent_at = timezone.now()
    message.save()
    append_event(conversation, Event.Kind.MESSAGE_UPDATED, message_id=message.id)
    conversation.turn_id = conversation.turn_expires_at = None
    conversation.answered_seq = turn.asked_seq
    conversation.turn_attempts = 0
    show_preview(conversation, message)
    due.said(conversation, message)
    if hand_over_reason:
        hand_over(conversation, reason=hand_over_reason)
    save(conversation)
    return True


def interrupt_turn(*, turn: Turn, text: str) -> None:
    """Give the lease back after a failure; the answer stays owed."""
    conversation = lock(turn.conversation_id)
    if conversation.turn_id == turn.message_id:
        Message.objects.filter(pk=turn.message_id).update(text=text)
        stop_turn(conversation)
        save(conversation)
    else:
        _keep_partial(conversation, turn, text)


def _keep_partial(conversation: Conversation, turn: Turn, text: str) -> None:
    """Store what was shown of a reply that somebody else cut, and tell the sockets."""
    kept = (
        Message.objects.filter(pk=turn.message_id)
        .exclude(status=Message.Status.COMPLETE)
        .exclude(text=text)
        .update(text=text)
    )
    if kept:
        append_event(
            conversation, Event.Kind.MESSAGE_UPDATED, message_id=turn.message_id
        )
    save(conversation)


def _owes_answer(conversation: Conversation) -> bool:
    return (
        conversation.owner == Conversation.Owner.ASSISTANT
        and conversation.status == Conversation.Status.OPEN
        and conversation.asked_seq > conversation.answered_seq
    )


def _expired(conversation: Conversation) -> bool:
    expires = conversation.turn_expires_at
    return expires is None or expires < timezone.now()
