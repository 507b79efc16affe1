"""From what the one statement read to a ranked answer: pure, over a few dozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from memory import retention, uses
from memory.recall import answers
from memory.recall.types import Query, Reasons, Recalled
from memory.recall.weights import Weights

_DAY_S: Final = 86_400


class Row(NamedTuple):
    """One row of the statement; see `memory.recall.statement`."""

    id: UUID
    kind: str
    source_id: UUID
    conversation_id: UUID | None
    message_ids: list[UUID]
    text: str
    importance: float
    occurred_at: datetime
    source: str
    cosine: float | None
    vector_rank: int | None
    keyword_rank: int | None
    meaning: float
    words: float
    in_period: float
    by_speaker: float
    session: float
    hits: int
    outdated: bool
    searched: list[str] | None
    ages_as: str
    times_used: int
    has_rule: bool
    half_life_days: int | None


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores the rows of one question.

    Attributes:
        now: The moment that ages are counted to.
    """

    query: Query
    now: datetime
    weights: Weights

    def ranked(self, rows: Iterable[tuple[Any, ...]]) -> list[Recalled]:
        """Return the memories of these rows, the best first."""
        asked = answers.forms(self.query.text)
        found = [self._recalled(Row(*row), asked) for row in rows]
        found.sort(key=lambda memory: (-memory.score, str(memory.id)))
        return found

    def _recalled(self, row: Row, asked: Any) -> Recalled:
        freshness = _freshness(row, self.now)
        parts = {**self._added(row, asked), **self._factors(row, freshness)}
        score = sum(v for k, v in parts.items() if k not in _FACTORS)
        for name in _FACTORS & parts.keys():
            score *= parts[name]
        return Recalled(
            id=row.id,
            kind=row.kind,
            source_id=row.source_id,
            conversation_id=row.conversation_id,
            message_ids=tuple(row.message_ids),
            text=row.text,
            occurred_at=row.occurred_at,
            score=max(0.0, score) / _FULL,
            reasons=Reasons(
                similarity=row.cosine or 0.0,
                vector_rank=row.vector_rank,
                keyword_rank=row.keyword_rank,
                freshness=freshness,
                terms=_terms(row),
                parts={name: part for name, part in parts.items() if part},
            ),
            source=row.source,
        )

    def _added(self, row: Row, asked: Any) -> dict[str, float]:
        weights = self.weights
        return {
            "meaning": weights.meaning * row.meaning,
            "words": weights.words * row.words,
            "period": row.in_period,
            "speaker": row.by_speaker,
            "conversation": weights.session * row.session,
            "answer": weights.answer * bool(asked and answers.holds(row.text, asked)),
            "question": -weights.question
            * (row.kind == "message" and answers.asks(row.text)),
        }

    def _factors(self, row: Row, freshness: float) -> dict[str, float]:
        weights = self.weights
        share = weights.freshness
        if row.ages_as == "preference":
            share = weights.preference_freshness
        outdated = row.outdated and not self.query.asks_before
        return {
            "freshness": 1 - share * (1 - freshness),
            "importance": 1 + weights.importance * (row.importance - 0.5),
            "outdated": weights.outdated if outdated else 1.0,
            "summary": 0.5 if row.kind == "summary" else 1.0,
        }


_FACTORS: Final = frozenset({"freshness", "importance", "outdated", "summary"})
# About the score of an answer that says in the question's own words what is asked for.
_FULL: Final = 4.0


def _freshness(row: Row, now: datetime) -> float:
    half_life = row.half_life_days
    if not row.has_rule:
        half_life = retention.KINDS[row.ages_as].half_life_days
    if not half_life:
        return 1.0
    age_days = max(0.0, (now - row.occurred_at).total_seconds() / _DAY_S)
    age_days /= uses.slowing(row.times_used)
    return float(0.5 ** (age_days / half_life))


def _terms(row: Row) -> tuple[str, ...]:
    """Return the words that are in the text or in the turn before."""
    searched = row.searched or []
    return tuple(word for place, word in enumerate(searched) if row.hits >> place & 1)
