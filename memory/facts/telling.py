"""One candidate as it was told: by whom, where and when; and how it is written down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.scope import require_tenant
from memory.facts.reconciling import Says, Statement
from memory.facts.rows import content_hash
from memory.facts.settling import SURE
from memory.models import Evidence, Fact
from memory.types import FactCandidate, Revises

MAX_VALUE_CHARS = 500
_SAYS: Final[dict[Revises, Says]] = {
    "": "holds",
    "change": "changed",
    "mistake": "meant",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """A candidate in its place."""

    customer_id: UUID
    candidate: FactCandidate
    conversation_id: UUID
    said_at: datetime

    @property
    def means(self) -> str:
        """The hash under which it meets what says the same."""
        return content_hash(self.candidate.key, self.candidate.value)

    @property
    def says(self) -> Says:
        """What it says of its value."""
        if self.candidate.polarity == "end":
            return "ended" if self.candidate.value.strip() else "gone"
        return _SAYS[self.candidate.revises]

    def as_statement(self) -> Statement:
        """Return it as one statement among the others."""
        return Statement(
            id=self.candidate.message_id,
            fact_id=self.candidate.message_id,
            means=self.means,
            value=self.candidate.value,
            says=self.says,
            at=self.said_at,
            source=self.candidate.source,
            conversation_id=self.conversation_id,
            message_id=self.candidate.message_id,
            sure=self.candidate.confidence >= SURE,
        )

    def told_already(self, rows: Iterable[Fact]) -> Fact | None:
        """Return the fact that rests on these very words already."""
        words = (self.candidate.message_id, self.candidate.span[:1000], self.says)
        for fact in rows:
            for row in fact.evidence.all():
                if (row.message_id, row.span, row.says) == words:
                    return fact
        return None

    def write(self, *, single: bool) -> Fact:
        """Write a fact that does not hold yet; when it does is settled after."""
        candidate = self.candidate
        fact: Fact = Fact.objects.create(
            tenant_id=require_tenant(),
            customer_id=self.customer_id,
            kind=candidate.kind,
            key=candidate.key,
            value=candidate.value[:MAX_VALUE_CHARS],
            text=candidate.text[:1000],
            topics=[topic[:120] for topic in candidate.topics],
            entities=[entity[:120] for entity in candidate.entities],
            importance=candidate.importance,
            confidence=candidate.confidence,
            source=candidate.source,
            single=single,
            conversation_id=self.conversation_id,
            event_at=candidate.event_at,
            valid_from=self.said_at,
            valid_to=self.said_at,
            content_hash=self.means,
        )
        return fact

    def add_evidence(self, fact: Fact) -> Evidence:
        """Let a fact rest on these words, too."""
        if self.candidate.confidence > fact.confidence:
            fact.confidence = self.candidate.confidence
            fact.save(update_fields=["confidence"])
        added: Evidence = Evidence.objects.create(
            tenant_id=fact.tenant_id,
            customer_id=fact.customer_id,
            fact=fact,
            conversation_id=self.conversation_id,
            message_id=self.candidate.message_id,
            span=self.candidate.span[:1000],
            author=self.candidate.source,
            says=self.says,
            said_at=self.said_at,
        )
        return added
