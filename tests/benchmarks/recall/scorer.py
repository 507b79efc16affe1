"""What an answer is worth, by the messages that it brings.

A result that rests on several messages counts them in order at its rank. `R@k` is the
share of the evidence among the first k messages; `all@10` says whether all of it is
there; MRR and nDCG@10 take every evidence message as equally relevant.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from tests.benchmarks.recall.sets import Question

SHARES: Final = (5, 10, 20)
_IDEAL_TO: Final = 10

Marks = Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    """What was recalled for a question.

    Attributes:
        messages: By rank, each once.
        context: Those that stand in the packed context; None where none was packed.
        best: The score of the best result, 0 when there is none.
        took_ms: How long it took; None where nobody looked.
    """

    messages: Sequence[str]
    context: frozenset[str] | None = None
    best: float = 0.0
    took_ms: float | None = None


def marks(question: Question, answer: Answer) -> Marks:
    """Score one answer to a question that was answered in the history."""
    gold = question.evidence
    at = [place for place, name in enumerate(answer.messages) if name in gold]
    ideal = sum(_gain(place) for place in range(min(_IDEAL_TO, len(gold))))
    found = {
        **{f"R@{k}": sum(place < k for place in at) / len(gold) for k in SHARES},
        "all@10": float(sum(place < 10 for place in at) == len(gold)),
        "MRR": 1 / (at[0] + 1) if at else 0.0,
        "nDCG@10": sum(_gain(place) for place in at if place < _IDEAL_TO) / ideal,
    }
    if answer.context is not None:
        found["context any"] = float(bool(gold & answer.context))
        found["context all"] = float(gold <= answer.context)
    return found


def outdated_first(question: Question, answer: Answer) -> bool:
    """Say whether an outdated message stands before all evidence."""
    for name in answer.messages:
        if name in question.evidence:
            return False
        if name in question.outdated:
            return True
    return False


def auc(answered: Sequence[float], never_said: Sequence[float]) -> float:
    """Return how often a score of what was answered is above one of what was not.

    Half a point for a draw; 0.5 is chance. NaN where there is nothing to compare.
    """
    if not answered or not never_said:
        return math.nan
    points = sum(
        (one > other) + (one == other) / 2 for one in answered for other in never_said
    )
    return points / (len(answered) * len(never_said))


@dataclass
class Score:
    """How a whole set was answered.

    Attributes:
        rows: The marks of each question that has an answer, in the order of the set.
        categories: What kind of question each of them is.
        outdated: Of each question about what changed, whether the outdated came first.
        auc: Of the best score, between answered and never said.
        took_ms: Of each question, where it was measured.
    """

    rows: list[Marks] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    outdated: list[bool] = field(default_factory=list)
    auc: float = math.nan
    took_ms: list[float] = field(default_factory=list)

    def column(self, name: str) -> list[float]:
        """Return one mark of every question."""
        return [row[name] for row in self.rows]

    def mean(self, name: str, category: str = "") -> float:
        """Return the mean of a mark, over one kind of question or all of them."""
        return fmean(
            row[name]
            for row, kind in zip(self.rows, self.categories, strict=True)
            if category in {"", kind}
        )

    @property
    def outdated_share(self) -> float:
        """Of the questions about what changed, the share with the outdated first."""
        return fmean(self.outdated) if self.outdated else math.nan


def score(questions: Sequence[Question], answers: Sequence[Answer]) -> Score:
    """Score the answers to a set's questions."""
    total = Score()
    told: list[float] = []
    never: list[float] = []
    for question, answer in zip(questions, answers, strict=True):
        if answer.took_ms is not None:
            total.took_ms.append(answer.took_ms)
        if not question.evidence:
            never.append(answer.best)
            continue
        told.append(answer.best)
        total.rows.append(marks(question, answer))
        total.categories.append(question.category)
        if question.outdated:
            total.outdated.append(outdated_first(question, answer))
    total.auc = auc(told, never)
    return total


def _gain(place: int) -> float:
    return 1 / math.log2(place + 2)
