"""Packs a context to its budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from memory.context.fitting import fit
from memory.context.ledger import Ledger
from memory.context.lines import Line, as_item, beside, lines
from memory.context.prompt import assemble, instructions, mark_for, memory_block
from memory.context.rebuilding import Layout, sealed
from memory.known import KnownFact, KnownSummary
from memory.llm.tokens import count_message_tokens
from memory.llm.types import ChatMessage, MemoryItem
from memory.recall import Recalled
from memory.types import Turn
from memory.working import turn_tokens

# Of the budget, what older messages cannot take from memory. The evidence for an answer
# is found in 2,000 tokens of recalled memories (docs/benchmarks.md, context any), and a
# summary and the facts are about as many: a quarter of the paid plan's 16,000.
MEMORY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Context:
    """A packed context.

    Attributes:
        messages: What the model gets.
        memories: The same memories by priority, structured, for the embedded assistant.
        facts: The facts that are in it, the most important first.
        recalled: The recalled memories that are in it, the most relevant first.
        ledger: Its tokens by tier.
        layout: How the messages are put together.
    """

    messages: tuple[ChatMessage, ...]
    memories: tuple[MemoryItem, ...]
    facts: tuple[KnownFact, ...]
    recalled: tuple[Recalled, ...]
    ledger: Ledger
    layout: Layout

    def record(self) -> dict[str, Any]:
        """Return what it takes to put these very messages together again: no text."""
        return sealed(self.messages, self.layout)


def pack(
    *,
    desk: str,
    marked_for: UUID,
    budget_tokens: int,
    buffer: Sequence[Turn],
    facts: Sequence[KnownFact] = (),
    summary: KnownSummary | None = None,
    recalled: Sequence[Recalled] = (),
    memory_tokens: int | None = None,
    cut: int = 0,
    verified: bool = False,
) -> Context:
    """Pack a context.

    Args:
        desk: The tenant's name.
        marked_for: The conversation, from which the mark of memory is derived.
        budget_tokens: The most that the messages may count together.
        buffer: The recent turns, oldest first.
        facts: Current facts, the most important first.
        summary: Of the older part of this conversation.
        recalled: Memories, the most relevant first.
        memory_tokens: The most that memory alone may count.
        cut: How many turns the buffer itself had to leave out.
        verified: Whether the tenant vouches for the customer's identity.
    """
    mark = mark_for(marked_for, (turn.text for turn in buffer))
    system = instructions(desk, mark)
    fixed = count_message_tokens([system])
    frame = _message_tokens(memory_block([], mark))
    room = budget_tokens - fixed
    made = lines(facts, summary, recalled, verified=verified)
    sure = int(budget_tokens * MEMORY_SHARE) if memory_tokens is None else memory_tokens
    near = beside(buffer, made)
    wanted = frame * _blocks(near) + sum(line.tokens for line in near)
    kept, buffer_tokens = _newest(buffer, room - min(wanted, sure))
    near = beside(kept, made)
    room -= buffer_tokens + frame * _blocks(near)
    if memory_tokens is not None:
        room = min(room, memory_tokens)
    fitted = fit(near, room)
    chosen, left_out = fitted.lines, fitted.left_out
    if dropped := cut + len(buffer) - len(kept):
        left_out["buffer"] = dropped
    tokens = {"facts": 0, "summary": 0, "recalled": 0}
    for line in chosen:
        tokens[line.tier] += line.tokens
    steady, fresh = _in_order(chosen)
    layout = Layout(mark, tuple(steady), tuple(kept), tuple(fresh), verified)
    return Context(
        messages=assemble(
            system,
            mark,
            steady=[line.text for line in steady],
            turns=kept,
            fresh=[line.text for line in fresh],
        ),
        memories=tuple(as_item(line) for line in chosen),
        facts=tuple(x.source for x in chosen if isinstance(x.source, KnownFact)),
        recalled=tuple(x.source for x in chosen if isinstance(x.source, Recalled)),
        ledger=Ledger(
            budget=budget_tokens,
            instructions=fixed + frame * _blocks(chosen),
            fixed=fixed,
            buffer=buffer_tokens,
            left_out=left_out,
            shortened=sum(line.sentences is not None for line in chosen),
            replaced=fitted.replaced,
            **tokens,
        ),
        layout=layout,
    )


def _in_order(chosen: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines as they stand: what changes seldom, and what was recalled.

    Facts stand in the order of their time, not of their importance, so that a new one
    comes after all that a provider has in its cache; the summary, which is written
    anew, comes after them.
    """
    steady = [line for line in chosen if line.tier != "recalled"]
    fresh = [line for line in chosen if line.tier == "recalled"]
    return sorted(steady, key=_place), fresh


def _place(line: Line) -> tuple[int, str, str]:
    source = line.source
    if isinstance(source, KnownFact):
        return 0, source.valid_from.isoformat(), str(source.id)
    return 1, "", ""


def _blocks(made: Sequence[Line]) -> int:
    """Return how many blocks of memory these lines stand in."""
    return len({line.tier == "recalled" for line in made})


def _message_tokens(message: ChatMessage) -> int:
    """Count what one more message adds to a prompt."""
    return count_message_tokens([message]) - count_message_tokens([])


def _newest(buffer: Sequence[Turn], room: int) -> tuple[list[Turn], int]:
    """Keep the newest turns that fit; the very last one stays in any case."""
    kept: list[Turn] = []
    used = 0
    for turn in reversed(buffer):
        cost = turn_tokens(turn)
        if kept and used + cost > room:
            break
        kept.append(turn)
        used += cost
    return kept[::-1], used
