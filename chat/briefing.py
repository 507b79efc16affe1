"""What the assistant gets for a question: its words, and what is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Tenant
from chat import transcripts
from chat.history import recent_turns
from chat.models import Conversation
from memory import context as contexts
from memory import quarantine, recall, uses, working
from memory import settings as memory_settings
from memory.context import Context
from memory.extraction import discrete
from memory.known import KnownFact, KnownSummary, known
from memory.llm import gateway
from memory.llm.types import MemoryItem
from memory.models import MemorySettings
from memory.recall import Recalled, intents, reranking
from memory.types import Turn
from memory.working import Buffer

RECALL_LIMIT = 12


def question(conversation_id: UUID) -> str:
    """Return what the customer asked since the last answer, as one text."""
    conversation = Conversation.objects.get(pk=conversation_id)
    asked: list[str] = []
    limits = working.Limits.of(memory_settings.current())
    for said in reversed(recent_turns(conversation, limits).turns):
        if said.author != "customer":
            break
        asked.append(said.text)
    return "\n".join(reversed(asked))


def told_just_now(heard: Sequence[Turn]) -> list[MemoryItem]:
    """Return what the customer told in these turns, newest first.

    A language model reads it in the messages; the embedded assistant needs it as facts,
    and consolidation has not seen it yet.
    """
    if gateway.connected():
        return []
    sent_at = {turn.id: turn.sent_at for turn in heard}
    return [
        MemoryItem(
            kind=candidate.kind,
            key=candidate.key,
            text=candidate.text,
            value=candidate.value,
            said_at=sent_at[candidate.message_id].isoformat(),
        )
        for candidate in reversed(discrete.extract(heard))
        if candidate.polarity == "assert"
        and not candidate.doubt
        and not quarantine.reason_to_hold(candidate)
    ]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a context is packed from, once the scope that it was read in is closed.

    Attributes:
        question: What it is for.
        heard: The buffer.
        open_turns: What of the buffer no summary covers.
        cut: How many turns the buffer had to leave out.
        recalled: More than is packed, where a model is to choose among them.
    """

    tenant: Tenant
    conversation_id: UUID
    question: str
    heard: Sequence[Turn]
    open_turns: Sequence[Turn]
    cut: int
    summary: KnownSummary | None = None
    facts: Sequence[KnownFact] = ()
    recalled: Sequence[Recalled] = ()
    verified: bool = False


def gather(
    tenant: Tenant,
    conversation: Conversation,
    query: recall.Query,
    *,
    buffer: Buffer,
    desk: MemorySettings,
) -> Gathered:
    """Read what the model may get for this question, by plan and settings.

    Runs in the customer's scope, last of all: what a model that ranks is about to be
    shown is recorded.
    """
    if tenant.plan == Tenant.Plan.FREE:
        turns = buffer.turns
        return Gathered(
            tenant, conversation.id, query.text, turns, turns, cut=len(buffer.cut)
        )
    told = known(
        conversation.customer_id, conversation.id, limits=working.Limits.of(desk)
    )
    only_forgets = desk.window == MemorySettings.Window.FORGET
    summary = None if only_forgets else told.summary
    covered = set(summary.message_ids) if summary else set()
    open_turns = [said for said in buffer.turns if said.id not in covered]
    recalled: list[Recalled] = []
    if not intents.skips_recall(query.text, query.intent, _last_said(buffer.turns)):
        known_already = [said.id for said in open_turns]
        recalled = recall.recall(
            query,
            customer_id=conversation.customer_id,
            limit=reranking.wanted(RECALL_LIMIT),
            known=known_already,
        )
        recalled = transcripts.look_again(
            query,
            recalled,
            customer_id=conversation.customer_id,
            known=known_already,
        )
    if only_forgets:
        recalled = [
            memory for memory in recalled if is_elsewhere(memory, conversation.id)
        ]
    reranking.record(
        recalled, customer_id=conversation.customer_id, conversation_id=conversation.id
    )
    return Gathered(
        tenant=tenant,
        conversation_id=conversation.id,
        question=query.text,
        heard=buffer.turns,
        open_turns=open_turns,
        cut=len(set(buffer.cut) - covered),
        summary=summary,
        facts=told.facts,
        recalled=recalled,
        verified=conversation.customer.verified,
    )


def _last_said(turns: Sequence[Turn]) -> str:
    """Return what the desk said last, which "ok" may be the answer to."""
    ours = (said.text for said in reversed(turns) if said.author != "customer")
    return next(ours, "")


def packed(gathered: Gathered) -> Context:
    """Pack what was gathered; outside of any scope, because a model may rank it."""
    tenant = gathered.tenant
    recalled = reranking.reranked(gathered.question, gathered.recalled)[:RECALL_LIMIT]
    best = recalled[: uses.COUNTED]
    uses.count(tenant.id, (m.source_id for m in best if m.kind == "fact"))
    return contexts.pack(
        desk=tenant.name,
        marked_for=gathered.conversation_id,
        budget_tokens=tenant.context_tokens,
        buffer=gathered.open_turns,
        cut=gathered.cut,
        summary=gathered.summary,
        facts=gathered.facts,
        recalled=recalled,
        verified=gathered.verified,
    )


def shown(context: Context, heard: Sequence[Turn]) -> frozenset[UUID]:
    """Return what of messages and recalled memories stands in a context already."""
    said = {turn.id for turn in heard if working.as_message(turn) in context.messages}
    return frozenset(said | {memory.id for memory in context.recalled})


def is_elsewhere(memory: Recalled, conversation_id: UUID) -> bool:
    """Say whether a memory is no part of what a conversation has forgotten.

    A fact that was told in it is one about the customer, and stays.
    """
    return memory.kind == "fact" or memory.conversation_id != conversation_id
