"""How well intents are told, and what is skipped, on labelled messages.

    make bench-intents

None of the messages is in the catalogue. Which of the first file went wrong was looked
at while the catalogue grew; the second was written when it was done.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import django

LABELLED = Path(__file__).parents[1] / "memory" / "recall"
SEEN = LABELLED / "intents.txt"
UNSEEN = LABELLED / "intents_unseen.txt"


@dataclass(frozen=True, slots=True)
class Judged:
    """One message: what a person says it is about, and what we say."""

    text: str
    label: str
    said: str
    skipped: bool


def judged(path: Path) -> list[Judged]:
    """Tell what each message of a file is about, by the built-in examples."""
    from memory.llm import embedding, gateway
    from memory.recall import intents
    from memory.recall.intents.catalogue import labelled_lines
    from memory.recall.intents.reading import by_examples

    lines = labelled_lines(path.read_text(encoding="utf-8"))
    labelled = [(label, text) for label, texts in lines.items() for text in texts]
    vectors = gateway.embed([text for _, text in labelled], model=embedding.INFO)
    found = []
    for (label, text), vector in zip(labelled, vectors, strict=True):
        intent = by_examples(text, vector).intent
        skipped = intents.skips_recall(text, intent)
        found.append(Judged(text, label, intent.name, skipped))
    return found


def accuracy(rows: Sequence[Judged]) -> float:
    """Return the share that is told right."""
    return sum(row.said == row.label for row in rows) / len(rows)


def skipped_content(rows: Sequence[Judged]) -> list[str]:
    """Return the messages that recall is skipped for though they say something."""
    return [row.text for row in rows if row.skipped and row.label != "small_talk"]


def table(groups: Sequence[Sequence[Judged]]) -> str:
    """Return a Markdown table: each intent, and what it is taken for instead."""
    rows = [row for group in groups for row in group]
    lines = ["| intent | told right | taken for |", "|---|---|---|"]
    for label in dict.fromkeys(row.label for row in rows):
        cells = []
        for group in groups:
            mine = [row for row in group if row.label == label]
            right = sum(row.said == label for row in mine)
            cells.append(f"{right} of {len(mine)}")
        wrong = Counter(r.said for r in rows if r.label == label != r.said)
        others = ", ".join(f"{name} {count}" for name, count in wrong.most_common())
        lines.append(f"| {label} | {' · '.join(cells)} | {others or '-'} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, the accuracies and what is skipped."""
    groups = [judged(SEEN), judged(UNSEEN)]
    print(table(groups))  # noqa: T201 - a command says what it found
    for name, rows in zip(("seen", "unseen"), groups, strict=True):
        small = [row for row in rows if row.label == "small_talk"]
        print(  # noqa: T201 - as above
            f"{name}: {len(rows)} messages, accuracy {accuracy(rows):.3f};"
            f" skipped {sum(row.skipped for row in small)} of {len(small)} small talk,"
            f" {len(skipped_content(rows))} of {len(rows) - len(small)} others"
        )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main()
