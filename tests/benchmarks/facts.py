"""How many of the facts that customers state are found, slot by slot.

    make bench-facts FILE=conversations.jsonl GOLD=gold.jsonl [TABLE=table.md]

A line of GOLD: {"conversation": id, "gold": [{"key", "value"}, …], "secrets": [value]}.
By key, a fact is right when its key and its value are those of a slot; a fact under a
key that no slot has is neither right nor wrong. By value, a slot is found when any fact
of its conversation has the value, whatever its key: labels of other domains are then
comparable, too.
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from memory.extraction.keys import named
from tests.benchmarks.replay import lines, replay

# A slot that names a part of what was said: "6 Elm Court" of "6 Elm Court, Dayton".
_PARTS: Final = frozenset({"street_address", "product", "city"})
_NUMBERS: Final = frozenset({"phone", "quantity"})
_LEAST_CHARS: Final = 4

Stated = tuple[str, str]


@dataclass
class Slot:
    """What became of one key: its slots, found by key and by value, and false facts."""

    gold: int = 0
    by_key: int = 0
    by_value: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float:
        """Of the facts under this key, the share that is right."""
        return self.by_key / max(1, self.by_key + self.wrong)

    @property
    def recall(self) -> float:
        """Of the slots, the share that is found under its key."""
        return self.by_key / max(1, self.gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass
class Score:
    """What was found in a file."""

    slots: dict[str, Slot] = field(default_factory=lambda: defaultdict(Slot))
    conversations: int = 0
    facts: int = 0
    ungrounded: int = 0
    secrets: int = 0

    @property
    def total(self) -> Slot:
        """All slots together."""
        sums = Counter[str]()
        for slot in self.slots.values():
            sums.update(vars(slot))
        return Slot(**sums)


def score(
    gold: Iterable[dict[str, Any]],
    dumped: Iterable[dict[str, Any]],
    conversations: Iterable[dict[str, Any]],
) -> Score:
    """Compare what was stated with what was found."""
    found: dict[str, dict[Stated, str]] = defaultdict(dict)
    for fact in dumped:
        stated = (named(fact["key"]), bare(fact["value"]))
        found[fact["conversation"]].setdefault(
            stated, f"{fact['value']} {fact['text']}"
        )
    texts = {
        talk["id"]: squeezed(" ".join(m["content"] for m in talk["messages"]))
        for talk in conversations
    }
    rows = list(gold)
    asked = {named(slot["key"]) for row in rows for slot in row["gold"]}
    total = Score()
    for row in rows:
        facts = found[row["conversation"]]
        total.conversations += 1
        total.facts += len(facts)
        total.ungrounded += sum(
            squeezed(value) not in texts[row["conversation"]] for _, value in facts
        )
        secrets = [squeezed(secret) for secret in row.get("secrets", ()) if secret]
        total.secrets += sum(
            secret in squeezed(text)
            for text in facts.values()
            for secret in secrets
            if len(secret) >= _LEAST_CHARS
        )
        _count(total, row["gold"], list(facts), asked)
    return total


def _count(
    total: Score, slots: list[dict[str, str]], facts: list[Stated], asked: set[str]
) -> None:
    right: set[Stated] = set()
    for slot in slots:
        key = named(slot["key"])
        hits = [fact for fact in facts if same(key, slot["value"], fact[1])]
        under = [fact for fact in hits if fact[0] == key]
        right.update(under)
        total.slots[key].gold += 1
        total.slots[key].by_key += bool(under)
        total.slots[key].by_value += bool(hits)
    for fact in facts:
        if fact not in right and fact[0] in asked:
            total.slots[fact[0]].wrong += 1


def bare(value: str) -> str:
    """A value's words, in lower case and without signs."""
    return " ".join(re.findall(r"[\w@]+", value.lower()))


def squeezed(value: str) -> str:
    """A value's letters and digits alone."""
    return re.sub(r"[\W_]+", "", value.lower())


def same(key: str, wanted: str, value: str) -> bool:
    """Whether a fact's value is that of a slot."""
    if key in _PARTS and f" {bare(wanted)} " in f" {value} ":
        return True
    if key in _NUMBERS:
        digits = re.sub(r"\D", "", wanted)
        return bool(digits) and digits == re.sub(r"\D", "", value)
    return bool(squeezed(wanted)) and squeezed(wanted) == squeezed(value)


def table(it: Score) -> str:
    """The score as a table, the most frequent slots first."""
    rows = sorted(it.slots.items(), key=lambda item: -item[1].gold)
    shown = [
        f"| {name} | {slot.gold} | {slot.precision:.3f} | {slot.recall:.3f} "
        f"| {slot.f1:.3f} | {slot.by_value / max(1, slot.gold):.3f} |"
        for name, slot in [*rows, ("**all**", it.total)]
    ]
    per_talk = it.facts / max(1, it.conversations)
    share = it.ungrounded / max(1, it.facts)
    return "\n".join(
        [
            "| slot | stated | precision | recall | F1 | found under any key |",
            "|---|---|---|---|---|---|",
            *shown,
            "",
            f"{it.conversations} conversations, {it.facts} facts, {per_talk:.2f} each; "
            f"ungrounded {share:.3f}; secrets stored {it.secrets}.",
            "",
        ]
    )


def main() -> None:
    """Replay a file, score it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--table", type=Path, help="write it here as well")
    told = parser.parse_args()
    dumped, took_s = replay(told.file.resolve())
    text = table(score(lines(told.gold), dumped, lines(told.file)))
    text += f"\nImported and consolidated in {took_s:.0f} s.\n"
    sys.stdout.write(text)
    if told.table:
        told.table.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
