"""Sends a customer's wish not to be remembered on its way, once it is stored."""

from accounts.models import AuditEvent
from accounts.queue import enqueue
from chat.history import said
from chat.models import Message
from memory.consolidation import Span
from memory.refusals import is_wish

HONOURED = "memory.unwanted"
"""What the audit log calls it when a wish was carried out."""


def send(message: Message, text: str) -> None:
    """Have what a message wishes unremembered let go, where it was remembered already.

    Args:
        message: A stored message of the customer's.
        text: What she wrote, which may be masked in the message.
    """
    if is_wish(text):
        enqueue(
            "chat.tasks.honour_wish",
            tenant_id=message.tenant_id,
            customer_id=message.customer_id,
            conversation_id=message.conversation_id,
            message_id=message.id,
        )


def send_missed(span: Span) -> None:
    """Send the wishes of a span whose task was lost, with a queue or a worker."""
    heard = said(span.conversation_id).filter(
        seq__gt=span.after_seq, seq__lte=span.to_seq, author=Message.Author.CUSTOMER
    )
    wishes = [message for message in heard if is_wish(message.text)]
    done = AuditEvent.objects.filter(
        action=HONOURED, subject_id__in=[message.id for message in wishes]
    )
    honoured = {str(subject) for subject in done.values_list("subject_id", flat=True)}
    for message in wishes:
        if str(message.id) not in honoured:
            send(message, message.text)
