"""What sending everything would have cost: the measure of what memory saves."""

from uuid import UUID

from django.db.models import Count, Sum
from django.db.models.functions import Length

from chat.models import Message
from memory.context import Context
from memory.llm.tokens import TOKENS_PER_MESSAGE

# With its role, which is one token.
_FRAME_TOKENS = TOKENS_PER_MESSAGE + 1


def whole_history_tokens(customer_id: UUID, context: Context) -> int:
    """Estimate the prompt of all that was ever said with a customer, with no memory.

    Counting every message anew for every answer would take as long as the answer. So
    the characters are added up, and count as many tokens each as in the messages of
    this very prompt, where both are known.
    """
    said = Message.objects.filter(
        customer_id=customer_id, is_note=False, status=Message.Status.COMPLETE
    ).aggregate(messages=Count("id"), characters=Sum(Length("text"), default=0))
    sent = context.layout.turns
    characters = sum(len(turn.text) for turn in sent)
    tokens = context.ledger.buffer - _FRAME_TOKENS * len(sent)
    a_character = tokens / characters if characters else 0.0
    words = round(a_character * int(said["characters"]))
    return context.ledger.fixed + _FRAME_TOKENS * int(said["messages"]) + words
