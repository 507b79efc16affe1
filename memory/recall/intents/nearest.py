"""The vote of the nearest examples: pure numbers, no database and no model."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

NEIGHBOURS = 12
"""So many examples vote. Source: `make bench-intents`; 8 to 20 do as well."""
TEMPERATURE = 0.1
"""A vote weighs e times more for each so much of cosine. Source: as above."""
NOBODY = 0.4
"""Cosine of a made-up example of no intent: what is nearer than this decides."""
OWN_WEIGHT = 2.0
"""A desk's own example votes so many times: it knows its customers."""
RIDGE = 1.0
"""How much the weights of `leanings` are held back. Source: five-fold, as above."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled example, and how near it is to a question.

    Attributes:
        intent: What it is an example of.
        text: Its words.
        own: Whether the desk wrote it.
        similarity: Cosine of question and example, -1 to 1.
    """

    intent: str
    text: str
    own: bool = False
    similarity: float = 0.0


class Examples:
    """Labelled examples with their vectors."""

    def __init__(
        self, labelled: Sequence[tuple[str, str]], vectors: Vectors, *, own: bool
    ) -> None:
        """Keep examples.

        Args:
            labelled: Intent and text of each.
            vectors: `(n, dims)` float32, L2-normalised, in the same order.
            own: Whether the desk wrote them.
        """
        self.labelled = tuple(labelled)
        self.vectors = vectors
        self.own = own

    def nearest(self, vector: Vectors, top_k: int) -> Iterator[Example]:
        """Yield the examples nearest to a vector, `(dims,)`; in no order."""
        if not self.labelled:
            return
        similarities = self.vectors @ vector
        if len(similarities) > top_k:
            rows = np.argpartition(-similarities, top_k)[:top_k]
        else:
            rows = np.arange(len(similarities))
        for row in rows:
            intent, text = self.labelled[row]
            yield Example(intent, text, self.own, float(similarities[row]))


def neighbours(vector: Vectors, groups: Sequence[Examples]) -> list[Example]:
    """Return the examples nearest to a vector among all groups, nearest first."""
    found = [each for group in groups for each in group.nearest(vector, NEIGHBOURS)]
    found.sort(key=lambda example: -example.similarity)
    return found[:NEIGHBOURS]


def leanings(examples: Examples, intents: Sequence[str]) -> Vectors:
    """Return per intent the direction in which its examples lie, `(dims, intents)`.

    The nearest few say what a question resembles word by word; this says it of all
    examples together, and errs elsewhere: the two agree on three in a hundred
    questions more than the first alone.

    Source: ridge regression of the labels, one against all others (Hastie, Tibshirani
    & Friedman, "The Elements of Statistical Learning", 4.2).
    """
    x = examples.vectors.astype(np.float64)
    labels = [intents.index(intent) for intent, _ in examples.labelled]
    y = np.eye(len(intents))[labels]
    solved = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
    found: Vectors = solved.astype(np.float32)
    return found


def vote(found: Sequence[Example], cues: Mapping[str, float]) -> dict[str, float]:
    """Return each intent's share of the votes, 0 to 1; what nobody has is missing.

    Args:
        found: The nearest examples.
        cues: Intents that the words name themselves, with the cosine that this is
            worth: each votes as one more example.
    """
    votes: dict[str, float] = {}
    for example in found:
        weight = OWN_WEIGHT if example.own else 1.0
        _cast(votes, example.intent, example.similarity, weight)
    for intent, similarity in cues.items():
        _cast(votes, intent, similarity, 1.0)
    total = sum(votes.values()) + math.exp(NOBODY / TEMPERATURE)
    return {intent: each / total for intent, each in votes.items()}


def _cast(votes: dict[str, float], intent: str, similarity: float, by: float) -> None:
    weight = by * math.exp(similarity / TEMPERATURE)
    votes[intent] = votes.get(intent, 0.0) + weight
