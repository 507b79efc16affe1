"""One candidate as it was told: by whom, where and when; and how it is written down."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from memory import embeddings
from memory.extraction.keys import spec
from memory.facts.making import new_fact
from memory.facts.reconciling import Says, Statement
from memory.facts.settling import SURE
from memory.models import Evidence, Fact
from memory.types import FactCandidate, Revises

_SAYS: Final[dict[Revises, Says]] = {
    "": "holds",
    "change": "changed",
    "mistake": "meant",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """A candidate in its place; `means` is the hash of what says the same."""

    customer_id: UUID
    candidate: FactCandidate
    conversation_id: UUID
    said_at: datetime
    means: str

    @property
    def says(self) -> Says:
        """What it says of its value."""
        if self.candidate.polarity == "end":
            return "ended" if self.candidate.value.strip() else "gone"
        return _SAYS[self.candidate.revises]

    @property
    def since(self) -> datetime | None:
        """Since when it is so, or is so no longer, where that was said."""
        ends = self.candidate.polarity == "end"
        return self.candidate.valid_to if ends else self.candidate.valid_from

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
            since=self.since,
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
        fact = new_fact(
            replace(self.candidate, single=single),
            customer_id=self.customer_id,
            conversation_id=self.conversation_id,
            said_at=self.said_at,
        )
        fact.save(force_insert=True)
        return fact

    def add_evidence(self, fact: Fact) -> Evidence:
        """Let a fact rest on these words, too."""
        self._strengthen(fact)
        added: Evidence = Evidence.objects.create(
            tenant_id=fact.tenant_id,
            customer_id=fact.customer_id,
            fact=fact,
            conversation_id=self.conversation_id,
            message_id=self.candidate.message_id,
            span=self.candidate.span[:1000],
            author=self.candidate.source,
            says=self.says,
            since=self.since,
            said_at=self.said_at,
        )
        return added

    def _strengthen(self, fact: Fact) -> None:
        """Let a fact be as sure, and believed for as long, as these words say."""
        before = fact.confidence, fact.expires_at
        fact.confidence = max(fact.confidence, self.candidate.confidence)
        lasts = spec(fact.key).keep
        if fact.expires_at and lasts:
            fact.expires_at = max(fact.expires_at, self.said_at + lasts)
        if (fact.confidence, fact.expires_at) == before:
            return
        fact.save(update_fields=["confidence", "expires_at"])
        if not fact.pinned:
            embeddings.set_expires_at(fact.id, fact.expires_at)
