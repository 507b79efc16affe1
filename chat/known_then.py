"""What the assistant knew when it sent a message, and what has become of it since.

Three parts: what was in its prompt, by the receipt that was stored with the message;
what memory held at that moment and did not put there; and what is known only since.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from chat import receipts
from chat.evidence import Quoted, Sources
from chat.models import Conversation, Message
from memory import hindsight, summaries
from memory.hindsight import Fate, Gone, Since
from memory.models import Fact, Summary

_HOLDS: Final = Since("holds")
# Of how a fate is drawn, by the words of the design.
_TONES: Final[dict[Fate, str]] = {
    "holds": "ok",
    "changed": "warn",
    "corrected": "warn",
    "ended": "warn",
    "expired": "warn",
    "retracted": "danger",
    "erased": "danger",
    "gone": "danger",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was known; it has the names that `chat/_whence.html` reads.

    Attributes:
        why: Why it was in the prompt; empty where it was not.
    """

    tier: str
    text: str
    since: Since = _HOLDS
    why: str = ""
    whose: str = ""
    said_at: datetime | None = None
    source_id: UUID | None = None
    evidence: tuple[Quoted, ...] = ()

    @property
    def tone(self) -> str:
        """How its fate is drawn."""
        return _TONES[self.since.fate]


@dataclass(frozen=True, slots=True)
class KnownThen:
    """What was known when an answer was written.

    Attributes:
        read_at: When memory was read for it.
        prompt: What was in the prompt.
        gone_messages: How many messages and summaries of it are not there any more.
        beside: What memory held and the prompt did not.
        gone: How many more facts it held that have left no row.
        later: What is known only since.
    """

    answer: Message
    read_at: datetime
    prompt: tuple[Item, ...]
    gone_messages: int
    beside: tuple[Item, ...]
    gone: Gone
    later: tuple[Item, ...]

    def counts(self) -> dict[str, int]:
        """Return how much of memory is shown, for the audit log."""
        return {
            "used": len(self.prompt),
            "known_then": len(self.beside),
            "known_since": len(self.later),
        }


def known_then(conversation: Conversation, answer: Message) -> KnownThen:
    """Collect what was known when an answer of this conversation was written.

    Args:
        conversation: Whose.
        answer: A message of it that has a context.
    """
    customer_id = conversation.customer_id
    used = receipts.receipt(conversation, answer)
    read_at = used.read_at
    beside = list(
        hindsight.facts_known_at(customer_id, read_at).exclude(pk__in=used.facts)
    )
    later = list(hindsight.facts_learned_after(customer_id, read_at))
    episodes = list(hindsight.episodes_known_at(customer_id, read_at))
    new_episodes = list(
        summaries.current_episodes().filter(
            customer_id=customer_id, created_at__gt=read_at
        )
    )
    sources = Sources(
        conversation,
        facts=[*used.facts, *_ids(beside), *_ids(later)],
        summaries=[*_ids(episodes), *_ids(new_episodes)],
    )
    accounted = {*used.facts, *_ids(beside)}
    return KnownThen(
        answer=answer,
        read_at=read_at,
        # What can have changed comes first.
        prompt=tuple(sorted(_prompt(used, sources), key=_is_no_fact)),
        gone_messages=used.gone,
        beside=(
            *_facts(beside, sources),
            *_episodes([it for it in episodes if it.pk not in used.episodes], sources),
        ),
        gone=hindsight.gone_since(customer_id, read_at, besides=accounted),
        later=(*_facts(later, sources), *_episodes(new_episodes, sources)),
    )


def _is_no_fact(item: Item) -> bool:
    return item.tier != "facts"


def _ids(rows: Iterable[Fact] | Iterable[Summary]) -> list[UUID]:
    return [row.pk for row in rows]


def _prompt(used: receipts.Receipt, sources: Sources) -> Iterator[Item]:
    for found in used.used:
        fact = sources.facts.get(found.source_id) if found.source_id else None
        yield Item(
            tier=found.tier,
            text=found.text,
            since=hindsight.since(fact) if fact else _HOLDS,
            why=found.why,
            whose=found.whose,
            said_at=found.said_at,
            source_id=found.source_id,
            evidence=found.evidence,
        )
    lost = [fact_id for fact_id in used.facts if fact_id not in sources.facts]
    for since in _without_row(used.answer.customer_id, lost):
        yield Item(tier="facts", text="", since=since)


def _without_row(customer_id: UUID, lost: Collection[UUID]) -> Iterable[Since]:
    return hindsight.since_without_row(customer_id, lost).values() if lost else ()


def _facts(rows: Iterable[Fact], sources: Sources) -> Iterator[Item]:
    for fact in rows:
        yield _item("facts", fact.pk, sources, hindsight.since(fact))


def _episodes(rows: Iterable[Summary], sources: Sources) -> Iterator[Item]:
    for row in rows:
        yield _item("episodes", row.pk, sources, _HOLDS)


def _item(tier: str, source_id: UUID, sources: Sources, since: Since) -> Item:
    return Item(
        tier=tier,
        text=sources.text(source_id),
        since=since,
        whose=sources.whose(source_id),
        said_at=sources.said_at(source_id),
        source_id=source_id,
        evidence=sources.evidence(source_id),
    )
