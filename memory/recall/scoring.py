"""From what the one statement read to a ranked answer: pure, over a few dozen rows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from memory import retention, uses
from memory.recall import answers
from memory.recall.intents import route_of
from memory.recall.newer import newer_first
from memory.recall.tenses import Tense
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
    place_in_time: float
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
        tense: Which state of things the question is about.
    """

    query: Query
    now: datetime
    weights: Weights
    tense: Tense

    def ranked(self, rows: Iterable[tuple[Any, ...]]) -> list[Recalled]:
        """Return the memories of these rows, the best first.

        The best one's score says how sure it is that the question was ever answered,
        from 0 to 1; the others' are in proportion to it.
        """
        asked = answers.forms(self.query.text)
        read = [Row(*row) for row in rows]
        found = [self._recalled(row, asked) for row in read]
        found.sort(key=lambda memory: (-memory.score, str(memory.id)))
        sure = _confidence(found)
        if self.tense not in {"past", "before"}:
            preferences = {row.id for row in read if row.ages_as == "preference"}
            found = newer_first(
                found, question=self.query.text, preferences=preferences
            )
        best = max(found[0].score, _TINY) if found else 1.0
        return [
            replace(memory, score=sure * max(0.0, memory.score) / best)
            for memory in found
        ]

    def _recalled(self, row: Row, asked: Any) -> Recalled:
        freshness = _freshness(row, self.now)
        added = self._added(row, asked)
        factors = self._factors(row, freshness)
        parts = {name: part for name, part in added.items() if part}
        parts |= {name: factor for name, factor in factors.items() if factor != 1}
        return Recalled(
            id=row.id,
            kind=row.kind,
            source_id=row.source_id,
            conversation_id=row.conversation_id,
            message_ids=tuple(row.message_ids),
            text=row.text,
            occurred_at=row.occurred_at,
            score=sum(added.values()) * math.prod(factors.values()),
            reasons=Reasons(
                similarity=row.cosine or 0.0,
                vector_rank=row.vector_rank,
                keyword_rank=row.keyword_rank,
                freshness=freshness,
                terms=_terms(row),
                parts=parts,
            ),
            source=row.source,
        )

    def _added(self, row: Row, asked: Any) -> dict[str, float]:
        weights = self.weights
        newest, oldest = lean(self.tense, weights)
        is_question = row.kind == "message" and answers.asks(row.text)
        return {
            "meaning": weights.meaning * row.meaning,
            "words": weights.words * row.words,
            "period": row.in_period,
            "speaker": row.by_speaker,
            "conversation": weights.session * row.session,
            "newest": newest * row.place_in_time,
            "oldest": oldest * (1 - row.place_in_time),
            "answer": weights.answer * bool(asked and answers.holds(row.text, asked)),
            "question": -weights.question * is_question,
        }

    def _factors(self, row: Row, freshness: float) -> dict[str, float]:
        weights = self.weights
        share = weights.freshness
        if row.ages_as == "preference":
            share = weights.preference_freshness
        outdated = row.outdated and self.tense != "before"
        return {
            "freshness": 1 - share * (1 - freshness),
            "importance": 1 + weights.importance * (row.importance - 0.5),
            "intent": route_of(self.query.intent).weight(row.ages_as),
            "summary": weights.summary if row.kind == "summary" else 1.0,
            "outdated": weights.outdated if outdated else 1.0,
        }


def lean(tense: Tense, weights: Weights) -> tuple[float, float]:
    """Return how much being the newest counts, and how much being the oldest."""
    match tense:
        case "now":
            return weights.now, 0.0
        case "present":
            return weights.present, 0.0
        case "before":
            return 0.0, weights.before
    return 0.0, 0.0


_TINY: Final = 1e-9
# What is answered has several memories that fit, and one that means the same. Fitted by
# logistic regression on our support histories (`make bench-recall` prints how well it
# tells them from what was never said).
_SURE_AT_ZERO, _SURE_BY_TOP, _SURE_BY_COSINE = -7.0, 1.1, 6.0
_TOP: Final = 3


def _confidence(found: list[Recalled]) -> float:
    """Return how sure it is that the question was ever answered, 0 to 1."""
    top = [memory.score for memory in found[:_TOP]]
    if not top:
        return 0.0
    cosine = max(memory.reasons.similarity for memory in found)
    logit = (
        _SURE_AT_ZERO + _SURE_BY_TOP * sum(top) / len(top) + _SURE_BY_COSINE * cosine
    )
    return 1 / (1 + math.exp(-logit))


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
