"""Conversations that happened elsewhere: parsed strictly, stored once by their ids."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Customer
from accounts.scope import require_tenant
from chat import due, masking, unwanted
from chat.models import Conversation, Event, Message
from chat.services import show_preview
from memory.llm.plain_text import storable

AUTHORS = ("customer", "agent", "assistant")


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """One message of an imported conversation."""

    id: str
    author: str
    author_name: str
    content: str
    sent_at: datetime
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class ImportedConversation:
    """One conversation with the ids that its source gave it."""

    id: str
    customer_id: str
    customer_name: str
    started_at: datetime
    messages: tuple[ImportedMessage, ...]
    customer_email: str = ""
    subject: str = ""


def parse(raw: Any) -> ImportedConversation:
    """Return a parsed conversation.

    Raises:
        ValueError: Something is missing or of the wrong kind; the text says what.
    """
    if not isinstance(raw, dict):
        raise ValueError("a line must be one JSON object")
    customer = raw.get("customer")
    if not isinstance(customer, dict):
        raise ValueError("customer must be an object with an id")
    messages = raw.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages must be a list with at least one message")
    started_at = moment(raw.get("started_at"), "started_at") or timezone.now()
    parsed: list[ImportedMessage] = []
    at = started_at
    for place, message in enumerate(messages, start=1):
        try:
            parsed.append(_message(message, at))
        except ValueError as error:
            raise ValueError(f"message {place}: {error}") from None
        at = parsed[-1].sent_at
    if len({message.id for message in parsed}) < len(parsed):
        raise ValueError("two messages have the same id")
    return ImportedConversation(
        id=_text(raw, "id"),
        customer_id=_text(customer, "id"),
        customer_name=_text(customer, "name", required=False),
        started_at=started_at,
        messages=tuple(parsed),
    )


def import_conversation(
    source: ImportedConversation, *, close: bool = True
) -> tuple[Conversation, int]:
    """Store a conversation, or what is new of one that is stored already.

    Runs in the tenant's scope. Nothing is pushed, answered or consolidated.

    Args:
        source: The conversation.
        close: Whether it is over.

    Returns:
        The conversation and how many messages were new.
    """
    with transaction.atomic():
        customer = _customer(source)
        conversation = _conversation(source, customer)
        known = set(
            Message.objects.filter(conversation=conversation).values_list(
                "external_id", flat=True
            )
        )
        fresh = [message for message in source.messages if message.id not in known]
        texts = masking.as_imported(
            (message.author == "customer", message.content)
            for message in source.messages
        )
        stored = dict(
            zip((message.id for message in source.messages), texts, strict=True)
        )
        rows = [
            _row(conversation, message, seq, stored[message.id])
            for seq, message in enumerate(fresh, start=conversation.last_seq + 1)
        ]
        Message.objects.bulk_create(rows)
        Event.objects.bulk_create(_event(row) for row in rows)
        if rows:
            _move_on(conversation, rows, close=close)
        for row in rows:
            if row.author == Message.Author.CUSTOMER:
                unwanted.send(row, row.text)
    return conversation, len(rows)


def _customer(source: ImportedConversation) -> Customer:
    customer: Customer
    customer, created = Customer.objects.get_or_create(
        tenant_id=require_tenant(),
        external_id=source.customer_id,
        defaults={
            "name": source.customer_name,
            "email": source.customer_email,
            "verified": True,
        },
    )
    if not created and source.customer_name and not customer.name:
        customer.name = source.customer_name
        customer.save(update_fields=["name"])
    return customer


def _conversation(source: ImportedConversation, customer: Customer) -> Conversation:
    conversation: Conversation
    conversation, _ = Conversation.objects.select_for_update().get_or_create(
        tenant_id=customer.tenant_id,
        external_id=source.id,
        defaults={
            "customer": customer,
            "channel": "import",
            "subject": source.subject,
            "opened_at": source.started_at,
            "last_message_at": source.started_at,
        },
    )
    if conversation.customer_id != customer.id:
        raise ValueError(
            f"conversation {source.id!r} belongs to another customer already"
        )
    return conversation


def _row(
    conversation: Conversation, message: ImportedMessage, seq: int, text: str
) -> Message:
    return Message(
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation=conversation,
        seq=seq,
        author=message.author,
        author_name=message.author_name,
        is_note=message.is_note,
        text=text,
        external_id=message.id,
        sent_at=message.sent_at,
    )


def _event(message: Message) -> Event:
    return Event(
        tenant_id=message.tenant_id,
        customer_id=message.customer_id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        kind=Event.Kind.MESSAGE,
        message_id=message.id,
        at=message.sent_at,
    )


def _move_on(conversation: Conversation, rows: list[Message], *, close: bool) -> None:
    last = rows[-1]
    conversation.last_seq = conversation.asked_seq = conversation.answered_seq = (
        last.seq
    )
    aloud = [message for message in rows if not message.is_note]
    for message in aloud:
        show_preview(conversation, message)
    due.imported(conversation, aloud, over=close)
    if close:
        conversation.status = Conversation.Status.CLOSED
        conversation.closed_at = last.sent_at
    conversation.save()


def _message(raw: Any, at: datetime) -> ImportedMessage:
    if not isinstance(raw, dict):
        raise ValueError("must be an object")
    author = raw.get("author")
    if author not in AUTHORS:
        raise ValueError(f"author must be one of {', '.join(AUTHORS)}")
    return ImportedMessage(
        id=_text(raw, "id"),
        author=author,
        author_name=_text(raw, "author_name", required=False),
        content=_text(raw, "content", limit=None),
        sent_at=moment(raw.get("sent_at"), "sent_at") or at,
    )


def _text(
    raw: dict[str, Any], name: str, *, required: bool = True, limit: int | None = 200
) -> str:
    value = raw.get(name)
    if value is None and not required:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        value = storable(value)
    if not isinstance(value, str) or (required and not value.strip()):
        raise ValueError(f"{name} must be a text that is not empty")
    if limit is not None and len(value) > limit:
        raise ValueError(f"{name} is longer than {limit} characters")
    return value


def moment(value: Any, name: str) -> datetime | None:
    """Return a moment given in ISO 8601, in UTC when it names no zone.

    Raises:
        ValueError: It is not one.
    """
    if value is None:
        return None
    try:
        parsed = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise ValueError(f"{name} must be a time in ISO 8601, as 2026-03-02T09:00Z is")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
