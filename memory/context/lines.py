"""The lines of memory in a context: one memory each, no two that say the same."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from memory.known import KnownFact, KnownSummary
from memory.llm.tokens import count_tokens
from memory.llm.types import MemoryItem
from memory.llm.words import content_words, split_sentences
from memory.recall import Recalled
from memory.trust import SUMMARY_OF, whose_word
from memory.types import Turn
from memory.values.text import folded

Tier = Literal["facts", "summary", "recalled"]
Memory = KnownFact | KnownSummary | Recalled


_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """A memory on its way into the prompt.

    Attributes:
        text: The line, as the model gets it.
        tokens: What it counts, with its line break.
        message_ids: The messages that say the same.
        covers: The messages that it sums up.
        sentences: How many of its sentences are left; None for all.
        verified: Whether the tenant vouches for whose word a customer's is.
    """

    tier: Tier
    text: str
    tokens: int
    source: Memory
    message_ids: tuple[UUID, ...] = ()
    covers: frozenset[UUID] = frozenset()
    sentences: int | None = None
    verified: bool = False


def lines(
    facts: Sequence[KnownFact],
    summary: KnownSummary | None,
    recalled: Sequence[Recalled],
    *,
    verified: bool,
) -> list[Line]:
    """Return all memories by priority, each once.

    A message that says no more than the facts which rest on it is left to them, and of
    recalled memories in the same words the first is enough.
    """
    made = [summary_line(summary)] if summary else []
    made += [fact_line(fact, verified=verified) for fact in facts]
    told = {fact.id for fact in facts}
    said: set[str] = {folded(fact.text) for fact in facts}
    for memory in recalled:
        words = folded(memory.text)
        if memory.source_id in told or words in said:
            continue
        said.add(words)
        if memory.kind != "message" or _says_more(memory, facts):
            made.append(recalled_line(memory, verified=verified))
    return made


def beside(turns: Sequence[Turn], made: Sequence[Line]) -> list[Line]:
    """Return the memories that none of these turns says already."""
    said = {turn.id for turn in turns}
    return [line for line in made if said.isdisjoint(line.message_ids)]


def fact_line(fact: KnownFact, *, verified: bool) -> Line:
    """Return the line of a current fact."""
    text = fact_text(
        fact.key, fact.text, since=fact.valid_from, source=fact.source,
        verified=verified,
    )  # fmt: skip
    return _line("facts", text, fact, message_ids=fact.message_ids, verified=verified)


def summary_line(summary: KnownSummary, sentences: int | None = None) -> Line:
    """Return the line of the running conversation's summary."""
    text = summary_text(first_sentences(summary.text, sentences))
    covers = frozenset(summary.message_ids)
    return _line("summary", text, summary, covers=covers, sentences=sentences)


def recalled_line(
    memory: Recalled, *, verified: bool, sentences: int | None = None
) -> Line:
    """Return the line of a recalled memory."""
    text = recalled_text(
        memory.kind, first_sentences(memory.text, sentences), on=memory.occurred_at,
        source=memory.source, verified=verified,
    )  # fmt: skip
    covers = frozenset(memory.message_ids if memory.kind == "summary" else ())
    return _line(
        "recalled", text, memory, message_ids=memory.message_ids, covers=covers,
        sentences=sentences, verified=verified,
    )  # fmt: skip


def fact_text(
    key: str, text: str, *, since: datetime, source: str, verified: bool
) -> str:
    """Return what the model reads of a current fact."""
    by = whose_word(source, verified=verified)
    return _as_json(kind=key, since=since.date().isoformat(), by=by, text=text)


def summary_text(text: str) -> str:
    """Return what the model reads of the running conversation's summary."""
    return _as_json(kind="so_far", by=SUMMARY_OF, text=text)


def recalled_text(
    kind: str, text: str, *, on: datetime, source: str, verified: bool
) -> str:
    """Return what the model reads of a recalled memory."""
    by = SUMMARY_OF if kind == "summary" else whose_word(source, verified=verified)
    return _as_json(kind=kind, on=on.date().isoformat(), by=by, text=text)


def shortened(line: Line, room: int) -> Line | None:
    """Return a summary's first sentences that fit; None for what is never cut."""
    source = line.source
    if isinstance(source, KnownFact) or not (
        isinstance(source, KnownSummary) or source.kind == "summary"
    ):
        return None
    # Found by halving: the more sentences, the more tokens.
    fitting, fewest, most = None, 1, len(split_sentences(source.text)) - 1
    while fewest <= most:
        middle = (fewest + most) // 2
        shorter = (
            summary_line(source, middle)
            if isinstance(source, KnownSummary)
            else recalled_line(source, verified=line.verified, sentences=middle)
        )
        if shorter.tokens <= room:
            fitting, fewest = shorter, middle + 1
        else:
            most = middle - 1
    return fitting


def first_sentences(text: str, count: int | None) -> str:
    """Return the first sentences of a text; all of it as it is, when None."""
    return text if count is None else " ".join(split_sentences(text)[:count])


def as_item(line: Line) -> MemoryItem:
    """Return a line in structured form, for the embedded assistant."""
    source = line.source
    if isinstance(source, KnownFact):
        return MemoryItem(
            kind=source.kind,
            key=source.key,
            text=source.text,
            value=source.value,
            said_at=source.valid_from.isoformat(),
        )
    text = first_sentences(source.text, line.sentences)
    if isinstance(source, KnownSummary):
        return MemoryItem(kind="summary", key="so_far", text=text)
    return MemoryItem(
        kind=source.kind,
        key=source.kind,
        text=text,
        said_at=source.occurred_at.isoformat(),
    )


def _says_more(memory: Recalled, facts: Sequence[KnownFact]) -> bool:
    """Return whether a message has words that the facts resting on it do not say."""
    resting = [fact for fact in facts if set(memory.message_ids) & {*fact.message_ids}]
    if not resting:
        return True
    told = " ".join(f"{fact.key} {fact.value} {fact.text}" for fact in resting)
    told = told.replace("_", " ")
    # Small numbers are no words of content, and yet they say something.
    return not (
        content_words(memory.text) <= content_words(told)
        and set(_NUMBER.findall(memory.text)) <= set(_NUMBER.findall(told))
    )


def _line(
    tier: Tier,
    text: str,
    source: Memory,
    *,
    message_ids: tuple[UUID, ...] = (),
    covers: frozenset[UUID] = frozenset(),
    sentences: int | None = None,
    verified: bool = False,
) -> Line:
    tokens = count_tokens(f"{text}\n")
    return Line(tier, text, tokens, source, message_ids, covers, sentences, verified)


def _as_json(**data: str) -> str:
    # "<" is escaped so that no remembered text can close the block.
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
