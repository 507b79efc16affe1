"""Conversations that went through the whole write path, and what recall finds then."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.utils import timezone

from accounts.models import Customer
from accounts.scope import tenant_scope
from chat import imports, remembering
from chat.models import Conversation
from memory import recall
from memory.recall import Recalled

_HERE = Path(__file__).parent


def blocks(name: str) -> Iterator[list[list[str]]]:
    """The blocks of a file of cases; its lines are split at the bars."""
    text = (_HERE / name).read_text(encoding="utf-8")
    for block in text.strip().split("\n\n"):
        yield [[part.strip() for part in line.split("|")] for line in block.split("\n")]


def talk(
    customer: Customer, texts: Sequence[str | tuple[str, str]], *, days_ago: float
) -> Conversation:
    """Let a customer have had a conversation, and remember it as the product does.

    Args:
        customer: Whose.
        texts: What was said: hers, or who spoke and what.
        days_ago: When it began.
    """
    began = timezone.now() - timedelta(days=days_ago)
    said = [("customer", text) if isinstance(text, str) else text for text in texts]
    source = imports.parse(
        {
            "id": str(uuid4()),
            "customer": {"id": customer.external_id},
            "started_at": began.isoformat(),
            "messages": [
                {
                    "id": str(uuid4()),
                    "author": author,
                    "content": text,
                    "sent_at": _minute(began, place),
                }
                for place, (author, text) in enumerate(said)
            ],
        }
    )
    with tenant_scope(customer.tenant_id):
        conversation, _ = imports.import_conversation(source)
    assert remembering.consolidate_all(customer.tenant_id, customer.id, conversation.id)
    return conversation


def _minute(began: datetime, place: int) -> str:
    return (began + timedelta(minutes=place)).isoformat()


def find(customer: Customer, question: str, *, limit: int = 50) -> list[Recalled]:
    """Return what the read path finds for a question."""
    return recall.find(
        question, tenant_id=customer.tenant_id, customer_id=customer.id, limit=limit
    )


def place(found: Sequence[Recalled], words: str, *, without: str = "") -> int:
    """Return the place of the first that says it, from 0; behind all when none does."""
    for at, memory in enumerate(found):
        if words in memory.text and not (without and without in memory.text):
            return at
    return len(found)
