"""What the assistant gets for a question: its words, and what is known."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Tenant
from chat.history import recent_turns
from chat.models import Conversation
from memory import context as contexts
from memory import quarantine, recall, uses, working
from memory import settings as memory_settings
from memory.context import Context
from memory.extraction import discrete
from memory.known import known
from memory.llm import gateway
from memory.llm.types import MemoryItem
from memory.models import MemorySettings
from memory.recall import Recalled, intents
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


def build_context(
    tenant: Tenant,
    conversation: Conversation,
    query: recall.Query,
    *,
    buffer: Buffer,
    desk: MemorySettings,
) -> Context:
    """Pack what the model gets for this question, by the tenant's plan and settings."""
    if tenant.plan == Tenant.Plan.FREE:
        return contexts.pack(
            desk=tenant.name,
            budget_tokens=tenant.context_tokens,
            buffer=buffer.turns,
            cut=len(buffer.cut),
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
        recalled = recall.recall(
            query,
            customer_id=conversation.customer_id,
            limit=RECALL_LIMIT,
            known=[said.id for said in open_turns],
        )
    best = recalled[: uses.COUNTED]
    uses.count(tenant.id, (m.source_id for m in best if m.kind == "fact"))
    if only_forgets:
        recalled = [
            memory for memory in recalled if _is_elsewhere(memory, conversation)
        ]
    return contexts.pack(
        desk=tenant.name,
        budget_tokens=tenant.context_tokens,
        buffer=open_turns,
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


def _is_elsewhere(memory: Recalled, conversation: Conversation) -> bool:
    """Say whether a memory is no part of what this conversation has forgotten.

    A fact that was told in it is one about the customer, and stays.
    """
    return memory.kind == "fact" or memory.conversation_id != conversation.id
