"""The value types that memory takes in and hands out; no ORM, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Author = Literal["customer", "assistant", "agent", "system", "tool"]
FactKind = Literal["fact", "preference", "event", "intent", "issue"]
Polarity = Literal["assert", "end"]
Revises = Literal["", "change", "mistake"]
Source = Literal["customer", "approved", "agent", "system"]
Sentiment = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation as memory sees it."""

    id: UUID
    author: Author
    text: str
    sent_at: datetime
    author_name: str = ""


@dataclass(frozen=True, slots=True)
class FactCandidate:
    """A fact that extraction proposes; ``span`` occurs verbatim in that message.

    ``confidence`` and ``importance`` run from 0 to 1. ``single`` marks a key that
    holds one value at a time, so that a newer value supersedes; polarity ``end``
    closes what was known ("I no longer have the iPhone"); without a value it closes
    whatever its key had ("that is not my number any more"). ``revises`` tells that it
    changed ("I moved to Ghent") or that what she said before in this conversation was
    a mistake ("sorry, I meant 42"). ``source`` is whose word it
    is. ``normal`` is the value in its key's own form, by which values are compared.
    ``doubt`` says why it may not be so ("said as a question"): a candidate with a
    doubt changes no memory, it waits for people, who see ``said``, the sentence around
    the span. ``made_by`` names the strategy and the engine that found it.
    ``valid_from`` and ``valid_to`` are when it became true and ceased to be, where that
    was said ("since March", "until last week"); what is undated holds from its message
    on.
    """

    kind: FactKind
    key: str
    value: str
    text: str
    message_id: UUID
    span: str
    confidence: float
    importance: float
    single: bool
    polarity: Polarity
    event_at: datetime | None = None
    topics: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    source: Source = "customer"
    normal: str = ""
    doubt: str = ""
    made_by: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    revises: Revises = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How much of a few of its messages a summary still says.

    Attributes:
        quality: The share, 0 to 1.
        missing: What it does not say, for people.
        sampled: The messages that were looked at.
        judged_by: The model or the rules that looked.
        tries: How often the summary was written.
    """

    quality: float
    missing: tuple[str, ...]
    sampled: tuple[UUID, ...]
    judged_by: str
    tries: int = 1


@dataclass(frozen=True, slots=True)
class SummaryDraft:
    """A summary before it is stored; without a score nobody has judged it yet."""

    text: str
    topics: tuple[str, ...]
    entities: tuple[str, ...]
    sentiment: Sentiment
    pending_actions: tuple[str, ...]
    score: Score | None = None
