"""Takes secrets out of messages before they are stored, where a desk wants it so."""

from collections.abc import Iterable

from chat.models import Conversation, Message
from memory import settings
from memory.refusals import masked_texts

# What a message may answer, or be the rest of, was said so many messages ago at most.
_BEFORE = 8


def as_stored(
    conversation: Conversation, text: str, *, by_customer: bool = False
) -> str:
    """Return a message as the desk wants it stored.

    A card number may be given piece by piece: with the last piece, the ones that are
    stored already are masked as well. Runs under the conversation's lock.

    Args:
        conversation: Where it is written.
        text: What is written.
        by_customer: Whether the customer writes it.
    """
    if not settings.current().mask_messages:
        return text
    newest = Message.objects.filter(conversation=conversation, is_note=False)
    before = list(reversed(newest.order_by("-seq")[:_BEFORE]))
    said = [(m.author == Message.Author.CUSTOMER, m.text) for m in before]
    *earlier, masked = masked_texts([*said, (by_customer, text)], only_secrets=True)
    for message, left in zip(before, earlier, strict=True):
        if message.text != left:
            Message.objects.filter(pk=message.pk).update(text=left)
    return masked


def as_imported(said: Iterable[tuple[bool, str]]) -> list[str]:
    """Return the messages of a conversation as the desk wants them stored.

    Args:
        said: Whether the customer wrote it, and what; oldest first.
    """
    texts = list(said)
    if not settings.current().mask_messages:
        return [text for _, text in texts]
    return masked_texts(texts, only_secrets=True)
