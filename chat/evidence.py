"""The facts, summaries and messages behind ids, and the messages that they rest on.

What was erased since is not found, and is nobody's word any more.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from chat.models import Conversation, Message
from memory.models import Fact, Summary

# So many are enough to believe it; the full record has all of them.
_MOST_SHOWN: Final = 3
_WHOSE: Final = {
    Message.Author.CUSTOMER: "Customer said",
    Message.Author.AGENT: "Staff said",
    Message.Author.ASSISTANT: "Assistant said",
    Message.Author.TOOL: "System of record",
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A message that a memory rests on.

    Attributes:
        here: Whether it stands in the conversation that is shown.
        first_of: How many messages a summary covers, of which this is the first.
    """

    message_id: UUID
    conversation_id: UUID
    said_at: datetime
    here: bool
    first_of: int = 1


class Sources:
    """Rows of one customer, read at once, by their ids."""

    def __init__(
        self,
        conversation: Conversation,
        *,
        facts: Collection[UUID] = (),
        summaries: Collection[UUID] = (),
        messages: Collection[UUID] = (),
    ) -> None:
        self._here = conversation.id
        hers = {"customer_id": conversation.customer_id}
        rows = Fact.objects.filter(pk__in=facts, **hers)
        self.facts: dict[UUID, Fact] = {
            fact.pk: fact
            for fact in rows.select_related("superseded_by").prefetch_related(
                "evidence"
            )
        }
        self.summaries: dict[UUID, Summary] = {
            row.pk: row for row in Summary.objects.filter(pk__in=summaries, **hers)
        }
        said = Message.objects.filter(
            pk__in={*messages, *self._message_ids()}, is_note=False, **hers
        )
        self.messages: dict[UUID, Message] = {row.pk: row for row in said}

    def text(self, source_id: UUID) -> str:
        """Return what it says; empty when it is not there any more."""
        if source_id in self.facts:
            return self.facts[source_id].text
        if source_id in self.summaries:
            return self.summaries[source_id].text
        message = self.messages.get(source_id)
        return f"“{message.text}”" if message else ""

    def whose(self, source_id: UUID) -> str:
        """Say whose word it is; empty for a summary, which is nobody's."""
        if (fact := self.facts.get(source_id)) is not None:
            return str(fact.get_source_display())
        message = self.messages.get(source_id)
        return _WHOSE.get(Message.Author(message.author), "") if message else ""

    def said_at(self, source_id: UUID) -> datetime | None:
        """Return when it was said; for a fact, when it was said last."""
        if (fact := self.facts.get(source_id)) is not None:
            said = [row.said_at for row in fact.evidence.all()]
            return max(said, default=fact.valid_from)
        if source_id in self.summaries:
            return self.summaries[source_id].ended_at
        message = self.messages.get(source_id)
        return message.sent_at if message else None

    def evidence(self, source_id: UUID) -> tuple[Quoted, ...]:
        """Return the messages that it rests on and that are there, the newest first."""
        if (summary := self.summaries.get(source_id)) is not None:
            found = self._quoted(summary.message_ids[:1], of=len(summary.message_ids))
        elif (fact := self.facts.get(source_id)) is not None:
            found = self._quoted({row.message_id for row in fact.evidence.all()})
        else:
            found = self._quoted([source_id])
        newest_first = sorted(found, key=lambda it: it.said_at, reverse=True)
        return tuple(newest_first[:_MOST_SHOWN])

    def _quoted(
        self, message_ids: Collection[UUID | None], *, of: int = 1
    ) -> Iterator[Quoted]:
        for message_id in message_ids:
            if message_id in self.messages:
                message = self.messages[message_id]
                yield Quoted(
                    message.pk,
                    message.conversation_id,
                    message.sent_at,
                    here=message.conversation_id == self._here,
                    first_of=of,
                )

    def _message_ids(self) -> Iterator[UUID]:
        for fact in self.facts.values():
            yield from (e.message_id for e in fact.evidence.all() if e.message_id)
        for summary in self.summaries.values():
            yield from summary.message_ids[:1]
