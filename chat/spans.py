"""Which messages of a conversation go into memory next."""

from django.db.models import QuerySet, Subquery

from chat.history import said, turns
from chat.models import Conversation, Message
from memory import consolidation, forgotten, strategies
from memory.llm.tokens import count_tokens
from memory.llm.types import EmbeddingModelInfo
from memory.models import Summary


def next_span(
    conversation: Conversation, *, model: EmbeddingModelInfo | None
) -> consolidation.Span | None:
    """Return what memory has not seen, one window of it; None when there is nothing.

    Runs in the customer's scope, with her row loaded.

    Args:
        conversation: Of which conversation.
        model: Which model makes the vectors.
    """
    messages = list(_whole(conversation))
    seen = conversation.consolidated_seq
    fresh_from = sum(message.seq <= seen for message in messages)
    if fresh_from == len(messages):
        return None
    read_from, stop = consolidation.window(
        [count_tokens(message.text) for message in messages], fresh_from
    )
    # A wish points back: it is looked for in all that was said, also after the window.
    gone = forgotten.marks(conversation.customer_id)
    wanted = gone.turns(turns(said(conversation.id)))
    return consolidation.Span(
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        turns=tuple(wanted[:stop]),
        fresh_from=fresh_from,
        after_seq=seen,
        from_seq=messages[0].seq,
        to_seq=messages[stop - 1].seq,
        read_from=read_from,
        prior=_episode_so_far(conversation) if read_from else "",
        epoch=conversation.customer.memory_epoch,
        more=stop < len(messages),
        model=model,
        chosen=strategies.chosen(),
    )


def _whole(conversation: Conversation) -> QuerySet[Message]:
    """Return what was said up to a reply that is being written still.

    What follows the reply waits for it: memory reads on from one place.
    """
    messages = said(conversation.id)
    if conversation.turn_id is None:
        return messages
    writing = Message.objects.filter(pk=conversation.turn_id).values("seq")
    return messages.filter(seq__lt=Subquery(writing))


def _episode_so_far(conversation: Conversation) -> str:
    episode = (
        Summary.objects.filter(
            customer_id=conversation.customer_id,
            conversation_id=conversation.id,
            kind=Summary.Kind.EPISODE,
        )
        .order_by("-version")
        .first()
    )
    return episode.text if episode else ""
