"""What people do to conversations: the only writes besides the assistant's turn.

Every function runs inside a scope that the caller opened, takes the conversation's row
lock first, and appends one event; the lock makes `seq` appear in order.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Customer, User
from accounts.queue import enqueue
from accounts.scope import require_tenant
from chat import due, masking, push, unwanted
from chat.models import Conversation, Event, Message
from memory import working
from memory.llm.plain_text import storable

# Longer messages are refused with a clear error: a person does not write them.
MAX_MESSAGE_CHARS = 8_000
# Each of them may be answered by a model that is paid for.
MAX_MESSAGES_A_MINUTE = 30
_PREVIEW_CHARS = 140


def open_conversation(
    *,
    customer: Customer,
    channel: str = "widget",
    subject: str = "",
    opened_at: datetime | None = None,
) -> Conversation:
    """Start a conversation that the assistant answers."""
    now = opened_at or timezone.now()
    return Conversation.objects.create(
        tenant_id=customer.tenant_id,
        customer=customer,
        channel=channel,
        subject=subject,
        opened_at=now,
        last_message_at=now,
    )


def receive(
    *, conversation_id: UUID, text: str, client_id: UUID | None = None
) -> Message:
    """Store what the customer wrote; writing into a closed conversation reopens it.

    Args:
        conversation_id: Where it was written.
        text: What was written.
        client_id: Given by the sender: a repeated send returns the first message.

    Raises:
        ValidationError: The text is empty or too long.
    """
    text = clean_text(text)
    conversation = lock(conversation_id)
    if stored := _already_stored(conversation.customer_id, client_id):
        return stored
    return _receive(conversation, text, client_id)


def _receive(conversation: Conversation, text: str, client_id: UUID | None) -> Message:
    """Store what a customer wrote into a locked conversation."""
    if conversation.status == Conversation.Status.CLOSED:
        _reopen(conversation)
    message = append_message(
        conversation,
        author=Message.Author.CUSTOMER,
        author_name=conversation.customer.display_name,
        text=masking.as_stored(conversation, text, by_customer=True),
        client_id=client_id,
    )
    Customer.objects.filter(pk=conversation.customer_id).update(
        last_seen_at=message.sent_at
    )
    conversation.asked_seq = message.seq
    conversation.turn_attempts = 0
    if conversation.owner != Conversation.Owner.ASSISTANT:
        conversation.answered_seq = message.seq
    save(conversation)
    unwanted.send(message, text)
    return message


def receive_from_widget(*, customer: Customer, text: str, client_id: UUID) -> Message:
    """Store what a customer wrote in her widget, opening a conversation if need be.

    Raises:
        ValidationError: The text is empty or too long, or one of too many.
    """
    text = clean_text(text)
    # Two first messages at once must not open two conversations. The weaker lock lets
    # others insert rows about the customer, which share a lock on hers at their commit:
    # they hold the conversation that this waits for.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.id)
    if stored := _already_stored(customer.id, client_id):
        return stored
    _refuse_floods(customer)
    conversation = _locked(_open_in_widget()).first()
    if conversation is None:
        conversation = open_conversation(customer=customer)
    return _receive(conversation, text, client_id)


def open_widget_conversation() -> Conversation | None:
    """Return the conversation that the customer in scope has open in the widget."""
    return _open_in_widget().first()


def _open_in_widget() -> QuerySet[Conversation]:
    return Conversation.objects.filter(
        status=Conversation.Status.OPEN, channel="widget"
    ).order_by("-last_message_at")


def send_as_agent(
    *,
    conversation_id: UUID,
    user: User,
    text: str,
    client_id: UUID | None = None,
    note: bool = False,
) -> Message:
    """Store an agent's reply or internal note. A reply takes the conversation over.

    Raises:
        ValidationError: The text is empty or too long.
    """
    text = clean_text(text)
    conversation = lock(conversation_id)
    if stored := _already_stored(conversation.customer_id, client_id):
        return stored
    if not note:
        if conversation.status == Conversation.Status.CLOSED:
            _reopen(conversation)
        _give_to_agent(conversation, user)
    message = append_message(
        conversation,
        author=Message.Author.AGENT,
        author_name=user.name,
        agent=user,
        text=masking.as_stored(conversation, text),
        client_id=client_id,
        is_note=note,
    )
    save(conversation)
    return message


def take_over(*, conversation_id: UUID, user: User) -> Conversation:
    """Make an agent the owner: from the commit on, the assistant cannot post."""
    conversation = lock(conversation_id)
    if conversation.status == Conversation.Status.CLOSED:
        _reopen(conversation)
    _give_to_agent(conversation, user)
    save(conversation)
    audit.record(
        actor=user.actor,
        action="conversation.take_over",
        subject_type="conversation",
        subject_id=conversation.id,
        customer_id=conversation.customer_id,
    )
    return conversation


def hand_back(*, conversation_id: UUID, user: User) -> Conversation:
    """Let the assistant answer again, from the next customer message on."""
    conversation = lock(conversation_id)
    if conversation.owner == Conversation.Owner.AGENT:
        conversation.owner = Conversation.Owner.ASSISTANT
        conversation.agent = None
        conversation.answered_seq = conversation.asked_seq
        append_state(conversation, what="handed_back", who=user.name)
        save(conversation)
    return conversation


def hand_over(conversation: Conversation, *, reason: str) -> None:
    """Take the assistant off a locked conversation and ask for a person."""
    conversation.owner = Conversation.Owner.AGENT
    conversation.agent = None
    conversation.answered_seq = conversation.asked_seq
    append_state(conversation, what="handed_over", reason=reason)


def close(*, conversation_id: UUID, user: User | None = None) -> Conversation:
    """Close a conversation and send it to memory."""
    conversation = lock(conversation_id)
    if conversation.status == Conversation.Status.OPEN:
        stop_turn(conversation)
        conversation.status = Conversation.Status.CLOSED
        conversation.closed_at = timezone.now()
        conversation.answered_seq = conversation.asked_seq
        append_state(conversation, what="closed", who=user.name if user else "")
        due.closed(conversation)
        save(conversation)
    return conversation


def reopen(*, conversation_id: UUID, user: User) -> Conversation:
    """Open a closed conversation again, for the agent who did so."""
    conversation = lock(conversation_id)
    if conversation.status == Conversation.Status.CLOSED:
        _reopen(conversation)
        _give_to_agent(conversation, user)
        save(conversation)
    return conversation


def schedule(task: str, conversation: Conversation) -> None:
    """Enqueue a task of `chat.tasks` about this conversation, after the commit."""
    enqueue(
        f"chat.tasks.{task}",
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
    )


# --- Building blocks, shared with the assistant's turn -------------------------------


def clean_text(text: str) -> str:
    """Return the text as it is stored.

    Raises:
        ValidationError: It is empty or too long.
    """
    text = storable(text).strip()
    if not text:
        raise ValidationError("Write something first.", code="empty")
    if len(text) > MAX_MESSAGE_CHARS:
        raise ValidationError(
            f"That is {len(text):,} characters; {MAX_MESSAGE_CHARS:,} is the most."
            " Send it in two parts.",
            code="too_long",
        )
    return text


def lock(conversation_id: UUID) -> Conversation:
    """Return the conversation with its row locked until the transaction ends.

    Raises:
        Conversation.DoesNotExist: Not in this scope.
    """
    return _locked(Conversation.objects.all()).get(pk=conversation_id)


def _locked(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    return rows.select_for_update(of=("self",)).select_related("customer")


def append_message(
    conversation: Conversation,
    *,
    author: str,
    author_name: str,
    text: str,
    agent: User | None = None,
    client_id: UUID | None = None,
    is_note: bool = False,
    status: str = Message.Status.COMPLETE,
    sent_at: datetime | None = None,
    external_id: str = "",
) -> Message:
    """Add a message and its event to a locked conversation (the caller saves it)."""
    message = Message(
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation=conversation,
        author=author,
        author_name=author_name,
        agent=agent,
        is_note=is_note,
        text=text,
        status=status,
        client_id=client_id,
        external_id=external_id,
        sent_at=sent_at or timezone.now(),
    )
    event = append_event(
        conversation, Event.Kind.MESSAGE, message_id=message.id, at=message.sent_at
    )
    message.seq = event.seq
    message.save(force_insert=True)
    if not is_note and text:
        show_preview(conversation, message)
        due.said(conversation, message)
    return message


def show_preview(conversation: Conversation, message: Message) -> None:
    """Let the inbox show this message as the newest."""
    conversation.last_message_seq = max(conversation.last_message_seq, message.seq)
    conversation.preview = message.text[:_PREVIEW_CHARS]
    conversation.last_message_at = message.sent_at


def append_event(
    conversation: Conversation,
    kind: str,
    *,
    message_id: UUID | None = None,
    detail: dict[str, str] | None = None,
    at: datetime | None = None,
) -> Event:
    """Add an event to a locked conversation and push it after the commit."""
    conversation.last_seq += 1
    event = Event.objects.create(
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation=conversation,
        seq=conversation.last_seq,
        kind=kind,
        message_id=message_id,
        detail=detail or {},
        at=at or timezone.now(),
    )
    transaction.on_commit(
        partial(
            push.conversation_changed,
            conversation.tenant_id,
            conversation.id,
            event.seq,
        )
    )
    return event


def append_state(conversation: Conversation, **detail: str) -> Event:
    """Add a change of owner or status to the log."""
    return append_event(conversation, Event.Kind.STATE, detail=detail)


def save(conversation: Conversation) -> None:
    """Save a locked conversation and forget its cached buffer."""
    conversation.save()
    transaction.on_commit(
        partial(
            working.forget_buffer,
            require_tenant(),
            conversation.customer_id,
            conversation.id,
        )
    )


def stop_turn(conversation: Conversation) -> None:
    """Cut the reply that is being written, if there is one."""
    if conversation.turn_id is None:
        return
    cut = Message.objects.filter(
        pk=conversation.turn_id, status=Message.Status.STREAMING
    ).update(status=Message.Status.INTERRUPTED)
    if cut:
        append_event(
            conversation, Event.Kind.MESSAGE_UPDATED, message_id=conversation.turn_id
        )
    conversation.turn_id = None
    conversation.turn_expires_at = None


def _already_stored(customer_id: UUID, client_id: UUID | None) -> Message | None:
    if client_id is None:
        return None
    return (
        Message.objects.filter(customer_id=customer_id, client_id=client_id)
        .select_related("conversation")
        .first()
    )


def _refuse_floods(customer: Customer) -> None:
    lately = Message.objects.filter(
        customer_id=customer.id,
        author=Message.Author.CUSTOMER,
        sent_at__gt=timezone.now() - timedelta(minutes=1),
    )
    if lately.count() >= MAX_MESSAGES_A_MINUTE:
        raise ValidationError(
            "Those were many messages at once. Send this one again in a minute.",
            code="too_fast",
        )


def _give_to_agent(conversation: Conversation, user: User) -> None:
    stop_turn(conversation)
    if conversation.agent_id == user.id:
        return
    conversation.owner = Conversation.Owner.AGENT
    conversation.agent = user
    conversation.answered_seq = conversation.asked_seq
    append_state(conversation, what="taken_over", who=user.name)


def _reopen(conversation: Conversation) -> None:
    conversation.status = Conversation.Status.OPEN
    conversation.closed_at = None
    append_state(conversation, what="reopened")
