"""The exact prompt of an answer, put together again from what is stored with it."""

from collections.abc import Iterable
from uuid import UUID

from chat import history
from chat.models import Conversation, Message
from memory import context as contexts
from memory.context import Rebuilt
from memory.refusals import masked_turns
from memory.types import Turn

# More than any desk has in its buffer: secrets are masked by what was said before.
_WINDOW = 60


def rebuilt(
    conversation: Conversation, answer: Message, *, desk: str
) -> Rebuilt | None:
    """Return the prompt of an answer; None when nothing was recorded of it.

    It is that of the first call: what tools answered came after it.

    Args:
        conversation: Where the answer is.
        answer: A message of the assistant.
        desk: The tenant's name.
    """
    record = (answer.context or {}).get("prompt")
    if record is None:
        return None
    return contexts.rebuild(
        record,
        desk=desk,
        customer_id=conversation.customer_id,
        said=_said(conversation, contexts.message_ids(record)),
    )


def _said(conversation: Conversation, ids: list[UUID]) -> dict[UUID, list[Turn]]:
    """Return messages as they may have been sent, the likeliest and safest first.

    Secrets were masked by what stood around them, for memory by itself. As it is stored
    a message comes last: it is shown only where its seal says that it was sent so.
    """
    rows = Message.objects.filter(customer_id=conversation.customer_id, pk__in=ids)
    stored = history.turns(rows.exclude(text="").order_by("seq"))
    here = history.said(conversation.id)
    newest = here.filter(pk__in=ids).order_by("-seq").values_list("seq", flat=True)
    window = here.filter(seq__lte=newest[:1]).reverse()[:_WINDOW]
    found: dict[UUID, list[Turn]] = {turn.id: [] for turn in stored}
    _add(found, masked_turns(history.turns(reversed(window)), only_secrets=True))
    for turn in stored:
        _add(found, masked_turns([turn]))
    _add(found, stored)
    return found


def _add(found: dict[UUID, list[Turn]], turns: Iterable[Turn]) -> None:
    for turn in turns:
        if turn.id in found:
            found[turn.id].append(turn)
