"""What recall is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memory.llm.types import EmbeddingModelInfo
from memory.recall import wording
from memory.recall.tenses import Tense


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that a question names.

    Attributes:
        start: Its first moment; None where it has no beginning.
        end: The first moment after it; None where it has no end.
        words: What the question says for it.
    """

    start: datetime | None
    end: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What a question is about.

    Attributes:
        name: Of `memory.recall.intents`.
        confidence: 0 to 1.
    """

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why something was recalled.

    Attributes:
        similarity: Cosine of query and text, -1 to 1.
        vector_rank: Place in the channel of meaning, from 1; None when not in it.
        keyword_rank: Place in the channel of words, from 1; None when not in it.
        freshness: 1 for now, halving with age; what the second look finds is not aged.
        terms: The words of the question that are in it, as the index stems them.
        parts: What made up the score, by name; in the order in which it was made.
        second_pass: Whether only the second look found it.
    """

    similarity: float
    vector_rank: int | None
    keyword_rank: int | None
    freshness: float
    terms: tuple[str, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    second_pass: bool = False

    def sentence(self) -> str:
        """Say it to a person."""
        return wording.sentence(self)

    def as_json(self) -> dict[str, Any]:
        """Return it for storage: numbers alone, no word of anybody's."""
        return {
            "similarity": round(self.similarity, 4),
            "vector_rank": self.vector_rank,
            "keyword_rank": self.keyword_rank,
            "freshness": round(self.freshness, 4),
            "parts": {name: round(part, 4) for name, part in self.parts.items()},
            "second_pass": self.second_pass,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Reasons":
        """Return what was stored."""
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class Recalled:
    """One memory that fits the query.

    Attributes:
        score: Of the best, how sure it is that the question was ever answered, 0 to 1;
            the others' are in proportion.
        source: Whose word it is: a `Fact.Source`, or the author of a message; empty
            for a summary and where it was not recorded.
    """

    id: UUID
    kind: str
    source_id: UUID
    conversation_id: UUID | None
    message_ids: tuple[UUID, ...]
    text: str
    occurred_at: datetime
    score: float
    reasons: Reasons
    source: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its vector, made before any scope is opened.

    Attributes:
        text: The question.
        vector: `(dimensions,)` float32, L2-normalised; None where no model could be
            asked, so that only words are searched for.
        model: Which model made it; None for the desk's active one.
        index: The desk's row of that model (`EmbeddingModel`), where there is one.
        periods: The stretches of time that it names.
        intent: What it is about; None where nobody asked.
        tense: Which state of things it is about.
    """

    text: str
    vector: NDArray[np.float32] | None
    model: EmbeddingModelInfo | None = None
    index: UUID | None = None
    periods: tuple[Period, ...] = ()
    intent: Intent | None = None
    tense: Tense = ""
