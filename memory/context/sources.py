"""What the lines of a prompt that was sent are made of, as it stands now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from memory.context import lines
from memory.models import Embedding, Fact, Summary
from memory.types import Turn

# A text, when it was said, whose word it is.
_Said = tuple[str, datetime, str]


class Sources:
    """The rows behind the lines of one record, all of one customer."""

    def __init__(
        self,
        record: Mapping[str, Any],
        customer_id: UUID,
        said: Mapping[UUID, Sequence[Turn]],
    ) -> None:
        ids = [UUID(line[1]) for line in (*record["steady"], *record["fresh"])]
        hers: dict[str, Any] = {"customer_id": customer_id}
        self._verified = record["verified"]
        self._said = said
        self._facts = Fact.objects.filter(**hers).in_bulk(ids)
        self._summaries = Summary.objects.filter(**hers).in_bulk(ids)
        self._entries: dict[UUID, list[_Said]] = {}
        entries = Embedding.objects.filter(source_id__in=ids, **hers)
        for entry in entries.defer("vector", "keywords").order_by("chunk", "id"):
            said_so = entry.text, entry.occurred_at, entry.source
            self._entries.setdefault(entry.source_id, []).append(said_so)

    @property
    def fact_ids(self) -> tuple[UUID, ...]:
        """The facts that are still there."""
        return tuple(self._facts)

    def steady(self, line: Sequence[Any]) -> list[str]:
        """Return what a line of what is known may have been."""
        tier, named, sentences, _ = line
        if tier == "summary":
            summary = self._summaries.get(UUID(named))
            if summary is None:
                return []
            return [lines.summary_text(lines.first_sentences(summary.text, sentences))]
        fact = self._facts.get(UUID(named))
        if fact is None:
            return []
        return [
            lines.fact_text(
                fact.key,
                fact.text,
                since=fact.valid_from,
                source=fact.source,
                verified=self._verified,
            )
        ]

    def fresh(self, line: Sequence[Any]) -> list[str]:
        """Return what a line of what was recalled may have been, the likeliest first.

        An entry of the index may be a piece of a long message; when it has expired,
        the message itself is what is left.
        """
        kind, named, sentences, _ = line
        return [
            lines.recalled_text(
                kind,
                lines.first_sentences(text, sentences),
                on=on,
                source=source,
                verified=self._verified,
            )
            for text, on, source in self._of(UUID(named))
        ]

    def _of(self, source_id: UUID) -> Iterable[_Said]:
        yield from self._entries.get(source_id, ())
        if fact := self._facts.get(source_id):
            yield fact.text, fact.valid_from, fact.source
        if summary := self._summaries.get(source_id):
            yield summary.text, summary.ended_at, ""
        for turn in self._said.get(source_id, ()):
            yield turn.text, turn.sent_at, turn.author
