"""The conversation's log as frames: what a socket sends, live or after a reconnect."""

from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from chat.models import Conversation, Event, Message
from chat.rich_text import rendered

# One page of a replay; a socket that is further behind asks again.
PAGE = 200


def message_json(message: Message) -> dict[str, Any]:
    """Return a message as clients see it: `html`, where there is any, is safe."""
    return {
        "id": str(message.id),
        "seq": message.seq,
        "author": "note" if message.is_note else message.author,
        "author_name": message.author_name,
        "text": message.text,
        "html": rendered(message),
        "status": message.status,
        "sent_at": message.sent_at.isoformat(),
        "client_id": str(message.client_id) if message.client_id else None,
    }


def state_json(conversation: Conversation) -> dict[str, str]:
    """Return who answers and whether it is open."""
    agent = conversation.agent
    return {
        "status": conversation.status,
        "owner": conversation.owner,
        "owner_name": agent.name if agent else "",
    }


def events_after(
    conversation: Conversation, after: int, *, console: bool
) -> list[dict[str, Any]]:
    """Return the frames that follow `after`, in order, at most `PAGE` of them.

    Args:
        conversation: With `agent` loaded.
        after: The last `seq` that the client has.
        console: With rendered HTML and internal notes; otherwise for the customer.
    """
    events = list(
        Event.objects.filter(conversation=conversation, seq__gt=after).order_by("seq")[
            :PAGE
        ]
    )
    wanted = {event.message_id for event in events if event.message_id}
    messages: dict[UUID, Message] = {
        message.id: message
        for message in Message.objects.filter(
            conversation=conversation, pk__in=wanted
        ).select_related("tenant")
    }
    state = state_json(conversation)
    frames = []
    for event in events:
        message = messages.get(event.message_id) if event.message_id else None
        if message and message.is_note and not console:
            # The customer's client still has to see the seq, or it finds a gap.
            message = None
        frames.append(_frame(conversation, event, message, state, console=console))
    return frames


def _frame(
    conversation: Conversation,
    event: Event,
    message: Message | None,
    state: dict[str, str],
    *,
    console: bool,
) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "type": "event",
        "conversation": str(conversation.id),
        "seq": event.seq,
        "kind": event.kind,
        "message": message_json(message) if message else None,
        "state": state,
    }
    if console:
        frame["detail"] = event.detail
        frame["html"] = render_to_string(
            "chat/_message.html" if message else "chat/_event.html",
            {"message": message, "event": event, "conversation": conversation},
        )
    return frame
