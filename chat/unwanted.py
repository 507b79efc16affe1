"""Sends a customer's wish not to be remembered on its way, once it is stored."""

from accounts.queue import enqueue
from chat.models import Message
from memory.refusals import is_wish


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
