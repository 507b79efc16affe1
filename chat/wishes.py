"""The customer's wish not to be remembered, carried out on what is remembered already.

What she says from then on needs nothing of this: `memory.quarantine` leaves it out of
every consolidation.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from accounts import audit
from accounts.scope import customer_scope
from chat.history import said, turns
from chat.models import Conversation, Message
from chat.services import lock
from chat.unwanted import HONOURED
from memory import embeddings, facts, forgetting
from memory.models import Fact, ReviewItem, Summary
from memory.refusals import honoured, named_keys, wishes
from memory.types import Turn

ACTOR = "customer"
# A shorter value, "yes" or "2", stands in too many sentences.
_SHORTEST_CHARS = 4


def honour(
    tenant_id: UUID, customer_id: UUID, conversation_id: UUID, message_id: UUID
) -> bool:
    """Forget what a message of the customer wishes not to be remembered.

    What rests on those words goes from every tier; summaries that cover them are
    written anew from the rest. Doing it twice does no harm.

    Returns:
        Whether there was such a wish.
    """
    with customer_scope(tenant_id, customer_id):
        # The customer before the conversation: the order in which all lock them.
        if not facts.lock_customer(customer_id):
            return False
        message = Message.objects.filter(
            pk=message_id,
            conversation_id=conversation_id,
            author=Message.Author.CUSTOMER,
        ).first()
        if message is None or not wishes(message.text):
            return False
        conversation = lock(conversation_id)
        touched = touched_by(message)
        rows = meant(customer_id, message.text, touched)
        ids = [old.id for old, _ in touched]
        embeddings.remove(ids)
        ReviewItem.objects.filter(customer_id=customer_id, message_id__in=ids).delete()
        _rewrite_summaries(conversation, ids)
        # Unsaid, these words supersede and end nothing; what else they say is read
        # again with the conversation.
        forgot = forgetting.forget_all(
            customer_id=customer_id, rows=rows, actor=ACTOR, gives_back=True
        )
        facts.withdraw(customer_id=customer_id, message_ids=ids)
        forgetting.raise_epoch(customer_id)
        audit.record(
            actor=ACTOR,
            action=HONOURED,
            subject_type="message",
            subject_id=message.id,
            customer_id=customer_id,
            detail={"facts": forgot.facts, "messages": len(ids)},
        )
    return True


def touched_by(message: Message) -> list[tuple[Turn, Turn]]:
    """Return what a message's wish points at: turns as they were, and what is left."""
    heard = turns(said(message.conversation_id).filter(seq__lte=message.seq))
    left = honoured(heard)
    return [(old, new) for old, new in zip(heard, left, strict=True) if old != new]


def meant(
    customer_id: UUID, text: str, touched: Sequence[tuple[Turn, Turn]]
) -> list[Fact]:
    """Return the facts that rest on unwanted words, or say what a wish names.

    Args:
        customer_id: Whose facts.
        text: The message with the wish.
        touched: From `touched_by`.
    """
    left = {old.id: new.text for old, new in touched}
    named = [wish for wish in wishes(text) if wish.about == "named"]
    keys = frozenset().union(*map(named_keys, named))
    words = [wish.words.casefold() for wish in named if not wish.keys]
    found = []
    for fact in Fact.objects.filter(customer_id=customer_id).prefetch_related(
        "evidence"
    ):
        unwanted = any(
            item.message_id in left and item.span not in left[item.message_id]
            for item in fact.evidence.all()
        )
        value = fact.value.casefold()
        if unwanted or fact.key in keys or any(_says(part, value) for part in words):
            found.append(fact)
    return found


def _says(words: str, value: str) -> bool:
    """Say whether words name a value as a whole, and not a syllable of another."""
    return len(value) >= _SHORTEST_CHARS and bool(
        re.search(rf"(?<!\w){re.escape(value)}(?!\w)", words)
    )


def _rewrite_summaries(conversation: Conversation, ids: Sequence[UUID]) -> None:
    """Erase the summaries that cover unwanted words; the rest is consolidated again.

    A model may have put them into words of its own, so no sentence can be trusted.
    """
    rows = Summary.objects.filter(
        conversation_id=conversation.id, message_ids__overlap=list(ids)
    )
    if not rows.exists():
        return
    embeddings.remove(list(rows.values_list("id", flat=True)))
    rows.delete()
    first = Message.objects.filter(pk__in=ids).order_by("seq").first()
    if first is not None and conversation.consolidated_seq >= first.seq:
        conversation.consolidated_seq = first.seq - 1
        conversation.save(update_fields=["consolidated_seq"])
