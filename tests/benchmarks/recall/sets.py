"""Sets of questions in the measuring format, with what answers them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.benchmarks.replay import ROOT, lines

HISTORIES = ROOT / "tests" / "benchmarks" / "histories"
# Of a question that nothing in the history answers.
NEVER_SAID = "never-said"


@dataclass(frozen=True)
class Question:
    """A question, and the ids of the messages that answer it.

    Attributes:
        evidence: Every message that is needed; none where it was never said.
        outdated: Messages that say what does not hold at the time that is asked about.
    """

    id: str
    customer: str
    text: str
    asked_at: datetime
    category: str
    evidence: frozenset[str]
    outdated: frozenset[str]


@dataclass(frozen=True)
class Set:
    """Histories of customers and the questions about them."""

    name: str
    conversations: Path
    questions_file: Path
    gold: Path

    @cached_property
    def questions(self) -> Sequence[Question]:
        """The questions, in the order of the gold."""
        asked = {line["id"]: line for line in lines(self.questions_file)}
        return [_question(asked[gold["id"]], gold) for gold in lines(self.gold)]

    @cached_property
    def talks(self) -> Sequence[dict[str, Any]]:
        """The conversations."""
        return lines(self.conversations)

    @property
    def messages(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Each message with its customer, in the order of time."""
        for talk in self.talks:
            for message in talk["messages"]:
                yield talk["customer"]["id"], message


def ours(name: str) -> Set:
    """Return one of the sets of this repository."""
    where = HISTORIES / name
    return Set(
        name,
        where / "conversations.jsonl",
        where / "questions.jsonl",
        where / "gold.jsonl",
    )


def _question(asked: dict[str, Any], gold: dict[str, Any]) -> Question:
    return Question(
        id=asked["id"],
        customer=asked["customer"],
        text=asked["query"],
        asked_at=datetime.fromisoformat(asked["asked_at"]),
        category=gold["category"],
        evidence=frozenset(gold["evidence"]),
        outdated=frozenset(gold.get("outdated", ())),
    )
