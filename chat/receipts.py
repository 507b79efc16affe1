"""What an answer used: stored as ids and numbers, read back as texts with reasons.

No text is stored with the answer: what was corrected or erased since is not kept alive
by having been used once. Texts, and the words that they share with the question, are
looked up when somebody asks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from chat import history
from chat.breakdown import ScorePart, breakdown
from chat.evidence import Quoted, Sources
from chat.models import Conversation, Event, Message
from memory import hindsight
from memory.recall import Reasons, Recalled
from memory.recall.common_words import common_words
from memory.recall.wording import sentence

TIER_OF_KIND: Final = {"fact": "facts", "summary": "episodes", "message": "vector"}
# A question is what the customer wrote in a row before the answer; more than this of it
# is no question any more.
_QUESTION_MESSAGES: Final = 10


@dataclass(frozen=True, slots=True)
class Used:
    """One thing that an answer rests on.

    Attributes:
        tier: Tier class of the design.
        text: What it says.
        why: Why it was there, in words.
        source_id: The fact, summary or message; None for a tool's answer.
        score: Rank score of this query; empty when it was not ranked.
        parts: What made up the score.
        whose: Whose word it is.
        said_at: When it was said.
        evidence: The messages that it rests on, the newest first.
    """

    tier: str
    text: str
    why: str
    source_id: UUID | None = None
    score: str = ""
    parts: tuple[ScorePart, ...] = ()
    whose: str = ""
    said_at: datetime | None = None
    evidence: tuple[Quoted, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one answer used.

    Attributes:
        read_at: When its turn began and memory was read.
        used: What of it is still there.
        facts: All facts that were in the prompt, whether their rows are there or not.
        episodes: The same of episodes.
        gone: How many episodes and messages of it are not there any more.
    """

    answer: Message
    read_at: datetime
    used: tuple[Used, ...]
    facts: frozenset[UUID]
    episodes: frozenset[UUID]
    gone: int


def recalled_json(recalled: Iterable[Recalled]) -> list[dict[str, Any]]:
    """Return recalled memories for storage with their answer: ids and numbers alone."""
    return [
        {
            "kind": memory.kind,
            "source": str(memory.source_id),
            "score": round(memory.score, 4),
            "reasons": memory.reasons.as_json(),
        }
        for memory in recalled
    ]


def receipt(conversation: Conversation, answer: Message) -> Receipt:
    """Read back what an answer of this conversation used; it has a context."""
    context: Mapping[str, Any] = answer.context or {}
    began = Event.objects.filter(
        conversation=conversation, kind=Event.Kind.MESSAGE, message_id=answer.pk
    ).first()
    read_at = began.at if began else answer.sent_at
    rolling = None
    if context["ledger"]["summary"]:
        rolling = hindsight.rolling_known_at(conversation.id, read_at)
    recalled = context["recalled"]
    facts = [UUID(fact_id) for fact_id in context["facts"]]
    of = {kind: _ids(recalled, kind) for kind in TIER_OF_KIND}
    sources = Sources(
        conversation,
        facts=[*facts, *of["fact"]],
        summaries=[*of["summary"], *([rolling.id] if rolling else [])],
        messages=of["message"],
    )
    used = [
        *_tools(context.get("tools", ())),
        *_recalled(recalled, sources, _question(conversation, answer)),
        *([_summary(rolling.id, sources)] if rolling else []),
        *_known(facts, sources),
    ]
    here = {found.source_id for found in used}
    return Receipt(
        answer=answer,
        read_at=read_at,
        used=tuple(used),
        facts=frozenset([*facts, *of["fact"]]),
        episodes=frozenset(of["summary"]),
        gone=len({*of["summary"], *of["message"]} - here),
    )


def _ids(recalled: Iterable[Mapping[str, Any]], kind: str) -> list[UUID]:
    return [UUID(found["source"]) for found in recalled if found["kind"] == kind]


def _question(conversation: Conversation, answer: Message) -> str:
    before = history.said(conversation.id).filter(seq__lt=answer.seq).reverse()
    asked = takewhile(
        lambda message: message.author == Message.Author.CUSTOMER,
        before[:_QUESTION_MESSAGES],
    )
    return "\n".join(message.text for message in asked)


def _tools(tools: Iterable[Mapping[str, Any]]) -> Iterator[Used]:
    for tool in tools:
        why = "Looked up before, kept in this conversation"
        yield Used("working", tool["name"], why if tool["cached"] else "Looked up now")


def _recalled(
    recalled: Sequence[Mapping[str, Any]], sources: Sources, question: str
) -> Iterator[Used]:
    texts = {
        source_id: text
        for found in recalled
        if (text := sources.text(source_id := UUID(found["source"])))
    }
    words = common_words(question, texts)
    for found in recalled:
        source_id = UUID(found["source"])
        if source_id in texts:
            why, parts = _why(found, words.get(source_id, ()))
            yield _used(
                sources,
                source_id,
                tier=TIER_OF_KIND[found["kind"]],
                why=why,
                score=f"{found['score']:.3f}",
                parts=parts,
            )


def _why(
    found: Mapping[str, Any], words: Sequence[str]
) -> tuple[str, tuple[ScorePart, ...]]:
    if "reasons" not in found:
        # Answers of before the numbers were kept have a sentence.
        return found["reason"], ()
    reasons = Reasons.from_json(found["reasons"])
    return sentence(reasons, words), breakdown(reasons)


def _summary(summary_id: UUID, sources: Sources) -> Used:
    why = "Summary of the older part of this conversation"
    return _used(sources, summary_id, tier="episodes", why=why)


def _known(facts: Iterable[UUID], sources: Sources) -> Iterator[Used]:
    for fact_id in facts:
        if sources.text(fact_id):
            yield _used(sources, fact_id, tier="facts", why="Known about this customer")


def _used(sources: Sources, source_id: UUID, **more: Any) -> Used:
    return Used(
        text=sources.text(source_id),
        source_id=source_id,
        whose=sources.whose(source_id),
        said_at=sources.said_at(source_id),
        evidence=sources.evidence(source_id),
        **more,
    )
