"""What the tool `search_memory` finds: what recall finds, and the model has not yet."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from django.db import close_old_connections

from accounts import audit
from accounts.scope import customer_scope
from chat import briefing, transcripts
from memory import recall
from memory.recall import Recalled
from memory.trust import SUMMARY_OF, whose_word

MAX_FOUND: Final = 8


@dataclass(slots=True)
class MemorySearch:
    """The searches of one turn, with what `memory_tools.MemoryTools` knows of it.

    Attributes:
        verified: Whether the tenant vouches for the customer's identity.
        only_forgets: Whether the older part of the conversation is to be forgotten.
        shown: Messages and entries of the index that the model has before it already.
    """

    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID
    verified: bool = False
    only_forgets: bool = False
    shown: frozenset[UUID] = frozenset()

    def found(self, text: str, *, actor: str) -> str:
        """Search, and record what was found as read; runs outside of any scope.

        Args:
            text: What is looked for.
            actor: The model that is shown it, as the audit log calls it.

        Returns:
            The memories as JSON text.
        """
        try:
            found = recall.find(
                text,
                tenant_id=self.tenant_id,
                customer_id=self.customer_id,
                limit=MAX_FOUND + len(self.shown),
                conversation_id=self.conversation_id,
                # The model asks because what it was given is not enough.
                look_again=partial(
                    transcripts.look_again,
                    customer_id=self.customer_id,
                    known=self.shown,
                    even_if_sure=True,
                ),
            )
            found = [memory for memory in found if self._is_news(memory)][:MAX_FOUND]
            with customer_scope(self.tenant_id, self.customer_id):
                audit.memory_read(
                    actor=actor,
                    customer_id=self.customer_id,
                    purpose="search_memory",
                    conversation_id=self.conversation_id,
                    seen={"found": [memory.source_id for memory in found]},
                )
        finally:
            close_old_connections()
        memories = [self._told(memory) for memory in found]
        return json.dumps({"memories": memories}, ensure_ascii=False)

    def _is_news(self, memory: Recalled) -> bool:
        """Say whether the model may have a memory, and has not yet.

        A fact comes again: by its id alone it can be corrected and forgotten.
        """
        if memory.kind == "fact":
            return True
        seen = memory.id in self.shown or self.shown.intersection(memory.message_ids)
        forgotten = self.only_forgets and not briefing.is_elsewhere(
            memory, self.conversation_id
        )
        return not seen and not forgotten

    def _told(self, memory: Recalled) -> dict[str, str | None]:
        by = whose_word(memory.source, verified=self.verified)
        return {
            "kind": memory.kind,
            "fact_id": str(memory.source_id) if memory.kind == "fact" else None,
            "said_on": memory.occurred_at.date().isoformat(),
            "by": SUMMARY_OF if memory.kind == "summary" else by,
            "text": memory.text,
        }
