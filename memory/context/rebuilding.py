"""Puts a prompt together again that was sent: from ids and seals, with no copy of it.

With an answer are stored the ids of all that was in its prompt, in order, and a seal of
each piece and of the whole. A seal is an HMAC under the server's secret key: with the
pieces at hand it proves that they are the same to the byte, and without them it tells
nothing, not even to somebody who guesses at what was forgotten.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

from memory.context.lines import Line
from memory.context.prompt import assemble, instructions, memory_block
from memory.context.sources import Sources
from memory.llm.types import ChatMessage
from memory.recall import Recalled
from memory.types import Turn
from memory.working import as_message

_SALT = "memory.context.seal"
# Of an HMAC with SHA-256: 128 bits, and there are some sixty seals to an answer.
_SEAL_BYTES = 16

State = Literal["same", "changed", "gone"]


# In the place of a message that is gone.
_NOBODYS = Turn(UUID(int=0), "customer", "", datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the messages of a prompt are put together."""

    mark: str
    steady: tuple[Line, ...]
    turns: tuple[Turn, ...]
    fresh: tuple[Line, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a prompt.

    Attributes:
        text: What it says now; empty when it is gone.
        state: Whether that is what was sent.
    """

    text: str
    state: State


@dataclass(frozen=True, slots=True)
class Block:
    """One message of a prompt.

    Attributes:
        role: As the model gets it.
        parts: What it is made of: the text, or lines of memory.
        opening: What stands before lines of memory.
        closing: What stands behind them.
    """

    role: str
    parts: tuple[Part, ...]
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A prompt as far as it can be put together again.

    Attributes:
        blocks: Its messages.
        exact: Whether this is, byte for byte, what was sent.
        facts: The ids of the facts in it that are still there.
        messages: How many messages of the conversation are in it.
    """

    blocks: tuple[Block, ...]
    exact: bool
    facts: tuple[UUID, ...]
    messages: int

    def count(self, state: State) -> int:
        """Count the pieces in this state."""
        return sum(part.state == state for block in self.blocks for part in block.parts)

    @property
    def comparable(self) -> bool:
        """Whether any seal fits: under another key of the server none does."""
        return self.exact or self.count("same") > 0

    @property
    def changed(self) -> int:
        """How many pieces say something else now."""
        return self.count("changed")

    @property
    def gone(self) -> int:
        """How many pieces are not there any more."""
        return self.count("gone")


def sealed(messages: Sequence[ChatMessage], layout: Layout) -> dict[str, Any]:
    """Return what it takes to put a prompt together again: ids, numbers and seals."""
    return {
        "seal": _seal(_canonical(messages)),
        "mark": layout.mark,
        "verified": layout.verified,
        "instructions": _seal(messages[0].content),
        "steady": [_sealed_line(line) for line in layout.steady],
        "turns": [[str(turn.id), _seal(_spoken(turn))] for turn in layout.turns],
        "fresh": [_sealed_line(line) for line in layout.fresh],
    }


def message_ids(record: Mapping[str, Any]) -> list[UUID]:
    """Return the messages that a record names: sent as they are, or recalled."""
    recalled = [named for kind, named, *_ in record["fresh"] if kind == "message"]
    return [UUID(named) for named in (*recalled, *(it for it, _ in record["turns"]))]


def rebuild(
    record: Mapping[str, Any],
    *,
    desk: str,
    customer_id: UUID,
    said: Mapping[UUID, Sequence[Turn]],
) -> Rebuilt:
    """Put a prompt together again.

    Args:
        record: From `sealed`.
        desk: The tenant's name.
        customer_id: Whose memory it holds; her scope or the tenant's is open.
        said: The messages of the record, by id, each as it may have been sent.
    """
    mark = record["mark"]
    system = instructions(desk, mark)
    sources = Sources(record, customer_id, said)
    steady = [_part(sources.steady(line), line[-1]) for line in record["steady"]]
    fresh = [_part(sources.fresh(line), line[-1]) for line in record["fresh"]]
    turns = [_turn(said.get(UUID(it), ()), seal) for it, seal in record["turns"]]
    first = _part([system.content], record["instructions"])
    spoken = [Block(as_message(turn).role, (part,)) for turn, part in turns]
    return Rebuilt(
        blocks=(
            Block(system.role, (first,)),
            *_memory(steady, mark),
            *spoken[:-1],
            *_memory(fresh, mark),
            *spoken[-1:],
        ),
        exact=_is_same(
            _canonical(
                assemble(
                    system,
                    mark,
                    steady=[part.text for part in steady],
                    turns=[turn for turn, _ in turns],
                    fresh=[part.text for part in fresh],
                )
            ),
            record["seal"],
        ),
        facts=sources.fact_ids,
        messages=len(turns),
    )


def _sealed_line(line: Line) -> list[Any]:
    source = line.source
    kind = source.kind if isinstance(source, Recalled) else line.tier
    named = source.source_id if isinstance(source, Recalled) else source.id
    return [kind, str(named), line.sentences, _seal(line.text)]


def _part(texts: Sequence[str], seal: str) -> Part:
    """Return the text that was sealed, or else what there is."""
    for text in texts:
        if _is_same(text, seal):
            return Part(text, "same")
    return Part(texts[0], "changed") if texts else Part("", "gone")


def _turn(candidates: Sequence[Turn], seal: str) -> tuple[Turn, Part]:
    for turn in candidates:
        if _is_same(_spoken(turn), seal):
            return turn, Part(turn.text, "same")
    if candidates:
        return candidates[0], Part(candidates[0].text, "changed")
    return _NOBODYS, Part("", "gone")


def _memory(parts: Sequence[Part], mark: str) -> list[Block]:
    if not parts:
        return []
    empty = memory_block([], mark)
    opening, closing = empty.content.split("\n")
    return [Block(empty.role, tuple(parts), opening, closing)]


def _spoken(turn: Turn) -> str:
    return _canonical([as_message(turn)])


def _canonical(messages: Sequence[ChatMessage]) -> str:
    return json.dumps([[each.role, each.content] for each in messages])


def _seal(text: str) -> str:
    drawn = salted_hmac(_SALT, text, algorithm="sha256").digest()
    return urlsafe_b64encode(drawn[:_SEAL_BYTES]).decode().rstrip("=")


def _is_same(text: str, seal: str) -> bool:
    return constant_time_compare(_seal(text), seal)
