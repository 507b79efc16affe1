"""The memory panel: what the assistant knows, what an answer used, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chat.history import recent_turns
from chat.models import Conversation, Message
from memory import facts, summaries, working
from memory import settings as memory_settings
from memory.models import Evidence, Fact, ReviewItem, Summary

# The ledger's tiers in the order of the context: key, tier class of the design, label.
_TIERS: Final = (
    ("instructions", "sys", "Instructions"),
    ("facts", "facts", "Facts"),
    ("summary", "episodes", "Summary"),
    ("recalled", "vector", "Recalled"),
    ("buffer", "working", "Messages"),
)
_TIER_OF_KIND: Final = {"fact": "facts", "summary": "episodes", "message": "vector"}
# Facts that are history: enough to see what changed, without burying what holds.
_HISTORY_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One tier's piece of the budget bar; `start` and `share` are shares of one."""

    tier: str
    label: str
    tokens: int
    start: float
    share: float

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.start + self.share


@dataclass(frozen=True, slots=True)
class Budget:
    """Where the tokens of an answer's context went."""

    total: int
    budget: int
    left_out: str
    parts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The bar in words, for who cannot see it."""
        parts = ", ".join(f"{part.label} {part.tokens:,}" for part in self.parts)
        return f"{self.total:,} of {self.budget:,} tokens: {parts}"


@dataclass(frozen=True, slots=True)
class Used:
    """One thing that an answer rests on.

    Attributes:
        tier: Tier class of the design.
        text: What it says.
        why: Why it was there, in words.
        score: Rank score of this query; empty when it was not ranked.
        message_id: The message of this conversation that it can be shown by, if any.
    """

    tier: str
    text: str
    why: str
    score: str = ""
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one answer used."""

    message_id: UUID
    answered_at: datetime
    is_newest: bool
    budget: Budget
    used: tuple[Used, ...]
    fact_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Panel:
    """All that the panel shows; `conflicts` are what waits against a fact, by it."""

    receipt: Receipt | None
    facts: list[Fact]
    history: list[Fact]
    episodes: list[Summary]
    summary: Summary | None
    working: list[working.WorkingItem]
    conflicts: Mapping[UUID, ReviewItem]

    def counts(self) -> dict[str, int]:
        """Return how many items of each tier are shown."""
        return {
            "facts": len(self.facts),
            "past_facts": len(self.history),
            "episodes": len(self.episodes),
            "rolling": int(self.summary is not None),
            "working": len(self.working),
            "used": len(self.receipt.used) if self.receipt else 0,
            "held": len(self.conflicts),
        }


def panel(conversation: Conversation, message_id: UUID | None = None) -> Panel:
    """Collect the panel.

    Args:
        conversation: Whose panel.
        message_id: The answer to explain; the newest one, when None.
    """
    customer_id = conversation.customer_id
    limits = working.Limits.of(memory_settings.current())
    # What the next answer would read: loaded now, if it is not there.
    recent_turns(conversation, limits)
    history = Fact.objects.filter(customer_id=customer_id, valid_to__isnull=False)
    current = list(facts.current_facts().filter(customer_id=customer_id))
    return Panel(
        receipt=_receipt(conversation, message_id),
        facts=current,
        history=list(
            history.prefetch_related("evidence").order_by("-valid_to")[:_HISTORY_SHOWN]
        ),
        episodes=list(summaries.current_episodes().filter(customer_id=customer_id)),
        summary=summaries.latest_rolling(customer_id, conversation.id),
        working=[
            item
            for item in working.items(conversation.tenant_id, customer_id)
            if item.conversation_id == conversation.id
        ],
        conflicts=facts.about(current),
    )


def spans(customer_id: UUID, message_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Return, by message, the words that facts about this customer rest on."""
    found: dict[UUID, list[str]] = {}
    rows = Evidence.objects.filter(
        customer_id=customer_id, message_id__in=list(message_ids)
    )
    for row in rows:
        if row.message_id:
            found.setdefault(row.message_id, []).append(row.span)
    return found


def _receipt(conversation: Conversation, message_id: UUID | None) -> Receipt | None:
    answers = Message.objects.filter(
        conversation=conversation, author=Message.Author.ASSISTANT
    ).exclude(context=None)
    newest = answers.order_by("-seq").first()
    answer = answers.filter(pk=message_id).first() if message_id else newest
    if answer is None or answer.context is None:
        return None
    context = answer.context
    return Receipt(
        message_id=answer.pk,
        answered_at=answer.sent_at,
        is_newest=newest is not None and answer.pk == newest.pk,
        budget=_budget(context["ledger"]),
        used=tuple(_used(conversation, context)),
        fact_ids=frozenset(UUID(fact_id) for fact_id in context["facts"]),
    )


def _budget(ledger: Mapping[str, Any]) -> Budget:
    budget = ledger["budget"]
    parts, at = [], 0
    for key, tier, label in _TIERS:
        tokens = ledger[key]
        parts.append(Part(tier, label, tokens, at / budget, tokens / budget))
        at += tokens
    dropped = sum(ledger["left_out"].values())
    left_out = f"{dropped} left out" if dropped else "nothing left out"
    # Contexts of before these were counted have neither.
    if shortened := ledger.get("shortened"):
        left_out += f", {shortened} shortened"
    if ledger.get("over"):
        left_out += ", the newest message is over the budget by itself"
    return Budget(ledger["total"], budget, left_out, tuple(parts))


def _used(conversation: Conversation, context: Mapping[str, Any]) -> Iterable[Used]:
    for tool in context.get("tools", ()):
        why = "Looked up before, kept in this conversation"
        yield Used("working", tool["name"], why if tool["cached"] else "Looked up now")
    texts = _Texts(conversation, context)
    for found in context["recalled"]:
        source = UUID(found["source"])
        if text := texts.of(found["kind"], source):
            yield Used(
                tier=_TIER_OF_KIND[found["kind"]],
                text=text,
                why=found["reason"],
                score=f"{found['score']:.3f}",
                message_id=texts.evidence.get(source),
            )
    for fact_id in map(UUID, context["facts"]):
        if text := texts.of("fact", fact_id):
            yield Used(
                tier="facts",
                text=text,
                why="Known about this customer",
                message_id=texts.evidence.get(fact_id),
            )


class _Texts:
    """The texts behind a context's ids. What was erased since is not found."""

    def __init__(self, conversation: Conversation, context: Mapping[str, Any]) -> None:
        ids = {"fact": [*context["facts"]], "summary": [], "message": []}
        for found in context["recalled"]:
            ids[found["kind"]].append(found["source"])
        of_customer = {"customer_id": conversation.customer_id}
        remembered = Fact.objects.filter(pk__in=ids["fact"], **of_customer)
        episodes = Summary.objects.filter(pk__in=ids["summary"], **of_customer)
        messages = Message.objects.filter(pk__in=ids["message"], **of_customer)
        self._texts = {
            "fact": dict(remembered.values_list("pk", "text")),
            "summary": dict(episodes.values_list("pk", "text")),
            "message": {pk: f"“{t}”" for pk, t in messages.values_list("pk", "text")},
        }
        spans_here = Evidence.objects.filter(
            fact_id__in=ids["fact"], conversation_id=conversation.id
        )
        here = messages.filter(conversation=conversation)
        self.evidence: dict[UUID, UUID] = {
            **{e.fact_id: e.message_id for e in spans_here if e.message_id},
            **dict(here.values_list("pk", "pk")),
        }

    def of(self, kind: str, source_id: UUID) -> str:
        """Return the text; empty when there is none any more."""
        text: str = self._texts[kind].get(source_id, "")
        return text
