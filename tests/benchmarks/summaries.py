"""How much of their messages the summaries of conversations still say.

    make bench-summaries [FILE=conversations.jsonl]

Each conversation is summarised and judged as consolidation does it, without a database:
first try, second try where that says too little, tokens and time. Beside the score of
three messages, which the second try is told about, all messages are looked at: a
summary of 200 tokens cannot say everything of a long conversation, and this says how
much it does. FILE is in the form of `manage.py import_conversations`; without one,
made-up support conversations of three lengths are taken, drawn with a fixed seed.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import django

from memory.llm.tokens import count_tokens
from memory.types import Author, Turn

SEED: Final = 20261121
LENGTHS: Final = {"short": 1, "middle": 4, "long": 14}
PER_LENGTH: Final = 20
STARTED: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

NAMES = ("Elena Marsh", "Viktor Lindqvist", "Aisha Khan", "Tom de Wit", "Yuki Tanaka")
PLACES = ("Ghent", "Lisbon", "Leeds", "Turin", "Aarhus", "Dayton")
THINGS = ("lamps", "routers", "chairs", "kettles", "jackets", "speakers")
DAYS = ("Monday", "Tuesday", "Thursday", "Friday")
MONTHS = ("January", "March", "June", "October")

# C: the customer, A: an agent. Every block is one matter within a conversation.
OPENING = (
    "C: Hi there!",
    "A: Hello, my name is Sam. How can I help you today?",
    "C: {n} of the {thing} in order LF-{order} arrived broken on {day} {month}.",
    "A: I am sorry to hear that. May I have your full name please?",
    "C: {name}",
)
MATTERS = (
    (
        "A: And which address was it sent to?",
        "C: {number} Linden Row, {place}.",
        "A: Thank you. One moment please.",
        "A: I will refund €{money} to your account by {weekday}.",
        "C: Ok, thanks.",
    ),
    (
        "C: By the way, my phone number is +44 7700 {phone}.",
        "A: Noted, I have updated it.",
        "C: Please call me after {hour} pm, I am at work before.",
        "A: Sure!",
    ),
    (
        "C: Was I charged twice in {month}? I see €{money} two times.",
        "A: Let me check that for you.",
        "A: The second payment of €{money} was a reservation. It is released within"
        " {n} business days.",
        "C: I see.",
    ),
    (
        "C: The courier was here on {weekday} but nobody rang.",
        "A: The tracking number is 1Z{order}AA{phone}. It is at the depot in {place}.",
        "C: Can you bring it on {day} {month} instead?",
        "A: I have moved the delivery to {day} {month}.",
        "C: Perfect.",
    ),
    (
        "C: I also want to cancel my subscription number {order}{n}.",
        "A: It ends on {day} {month}. You will receive a confirmation by e-mail.",
        "C: My e-mail is {mail}@example.org.",
        "A: All right.",
    ),
    (
        "C: The weather is lovely here today.",
        "A: Lucky you! It rains here.",
        "C: Haha, okay.",
    ),
)
CLOSING = ("A: Is there anything else I can help you with?", "C: No, that's all. Bye!")
AUTHORS: dict[str, Author] = {"C": "customer", "A": "agent"}


@dataclass(frozen=True)
class Result:
    """One conversation: scores of both tries, of all messages, tokens and time."""

    first: float
    kept: float
    everything: float
    tokens: int
    messages: int
    twice: bool
    ms: float


def made_up(matters: int, draw: random.Random) -> list[Turn]:
    """A support conversation with so many matters."""
    lines = [*OPENING]
    for _ in range(matters):
        lines += draw.choice(MATTERS)
    return [
        turn(number, line[0], line[3:].format(**_values(draw)))
        for number, line in enumerate([*lines, *CLOSING])
    ]


def turn(number: int, author: str, text: str, key: str = "") -> Turn:
    """A message a minute after the one before."""
    return Turn(
        id=uuid5(NAMESPACE_URL, f"{key}{number}{text}"),
        author=AUTHORS.get(author, "assistant"),
        text=text,
        sent_at=STARTED + timedelta(minutes=number),
    )


def from_file(path: Path) -> Iterator[list[Turn]]:
    """The conversations of a file."""
    letters = {"customer": "C", "agent": "A"}
    for line in path.read_text(encoding="utf-8").splitlines():
        talk = json.loads(line)
        yield [
            turn(number, letters.get(it["author"], "B"), it["content"], talk["id"])
            for number, it in enumerate(talk["messages"])
        ]


def result(turns: list[Turn]) -> Result | None:
    """Summarise and judge; None where nothing can be judged."""
    from memory import quarantine, summaries
    from memory.summaries import scoring

    safe, _ = quarantine.screened(turns)
    began = time.perf_counter()
    draft = summaries.draft_embedded(safe)
    written = summaries.improved(draft, safe, by_model=False)
    ms = (time.perf_counter() - began) * 1000
    first = scoring.score(draft.text, scoring.sample(safe))
    everything = scoring.score(written.draft.text, scoring.telling(safe))
    kept = written.draft.score
    if first is None or kept is None or everything is None:
        return None
    return Result(
        first=first.quality,
        kept=kept.quality,
        everything=everything.quality,
        tokens=count_tokens(written.draft.text),
        messages=len(turns),
        twice=kept.tries > 1,
        ms=ms,
    )


def row(name: str, results: list[Result]) -> str:
    """One line of the table."""
    low = statistics.mean(it.kept < 0.7 for it in results)
    cells = (
        name,
        str(len(results)),
        f"{statistics.mean(it.messages for it in results):.0f}",
        f"{statistics.mean(it.first for it in results):.3f}",
        f"{statistics.mean(it.kept for it in results):.3f}",
        f"{low:.1%}",
        f"{statistics.mean(it.twice for it in results):.1%}",
        f"{statistics.mean(it.everything for it in results):.3f}",
        f"{statistics.mean(it.tokens for it in results):.0f}",
        f"{max(it.tokens for it in results)}",
        f"{statistics.median(it.ms for it in results):.0f} ms",
    )
    return f"| {' | '.join(cells)} |"


def main(paths: list[str]) -> None:
    """Print the table."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    say = sys.stdout.write
    say("| conversations | number | messages | first try | kept | under 0.7 |")
    say(" written twice | of all messages | tokens | at most | time |\n")
    say("|---|---|---|---|---|---|---|---|---|---|---|\n")
    if paths:
        sets = {Path(path).stem: from_file(Path(path)) for path in paths}
    else:
        draw = random.Random(SEED)
        sets = {
            name: iter([made_up(matters, draw) for _ in range(PER_LENGTH)])
            for name, matters in LENGTHS.items()
        }
    for name, talks in sets.items():
        results = [found for talk in talks if (found := result(talk)) is not None]
        if results:
            say(row(name, results) + "\n")


def _values(draw: random.Random) -> dict[str, object]:
    name = draw.choice(NAMES)
    return {
        "n": draw.randint(2, 9),
        "thing": draw.choice(THINGS),
        "order": draw.randint(10_000, 99_999),
        "day": draw.randint(1, 28),
        "month": draw.choice(MONTHS),
        "name": name,
        "mail": name.split()[0].lower(),
        "number": draw.randint(1, 99),
        "place": draw.choice(PLACES),
        "money": f"{draw.randint(5, 900)}.{draw.randint(10, 99)}",
        "weekday": draw.choice(DAYS),
        "phone": draw.randint(100_000, 999_999),
        "hour": draw.randint(1, 8),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
