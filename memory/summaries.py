"""Tier 3, summaries: rolling (of a running conversation) and episodes (of a whole)."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Max, QuerySet

from accounts.scope import require_tenant
from memory import embeddings
from memory.llm.analysis import analyse
from memory.llm.summary import summarise
from memory.llm.tokens import count_tokens
from memory.models import Embedding, Summary
from memory.refusals import masked_turns
from memory.types import SummaryDraft, Turn

# An episode says in at most so many tokens what a conversation was about; a rolling
# summary may carry more, since it stands in for messages (mission, F4).
EPISODE_TOKENS = 200
ROLLING_TOKENS = 400
# A running conversation is rolled up when its messages that no summary covers pass this
# (mission, F4), or when they no longer fit the buffer.
ROLL_UP_TOKENS = 4_000


def labelled(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return turns as (speaker, text) pairs."""
    labels = {"customer": "Customer", "agent": "Agent", "assistant": "Assistant"}
    return [(labels.get(turn.author, "Desk"), turn.text) for turn in turns]


def draft_embedded(
    turns: Sequence[Turn], *, prior: str = "", max_tokens: int = EPISODE_TOKENS
) -> SummaryDraft:
    """Summarise without a language model: the sentences that carry the conversation."""
    pairs = labelled(masked_turns(turns))
    analysis = analyse(pairs)
    return SummaryDraft(
        text=summarise(pairs, prior=prior, max_tokens=max_tokens),
        topics=tuple(analysis.topics),
        entities=tuple(analysis.entities),
        sentiment=analysis.sentiment,
        pending_actions=tuple(analysis.pending_actions),
    )


def latest_rolling(customer_id: UUID, conversation_id: UUID) -> Summary | None:
    """Return the newest rolling summary of a customer's conversation."""
    return (
        Summary.objects.filter(
            customer_id=customer_id,
            conversation_id=conversation_id,
            kind=Summary.Kind.ROLLING,
        )
        .order_by("-version")
        .first()
    )


def current_episodes() -> QuerySet[Summary]:
    """Return the newest version of each episode, the latest conversation first."""
    newest = (
        Summary.objects.filter(kind=Summary.Kind.EPISODE)
        .order_by("conversation_id", "-version")
        .distinct("conversation_id")
        .values("id")
    )
    rows: QuerySet[Summary] = Summary.objects.filter(id__in=newest)
    return rows.order_by("-ended_at")


def store(
    *,
    customer_id: UUID,
    conversation_id: UUID,
    kind: str,
    draft: SummaryDraft,
    turns: Sequence[Turn],
    from_seq: int,
    to_seq: int,
    made_by: str,
) -> Summary:
    """Store a conversation's next summary; the version before leaves the index.

    Args:
        customer_id: Whose conversation it is.
        conversation_id: Which conversation.
        kind: Rolling or episode.
        draft: The summary.
        turns: The messages it covers.
        from_seq: `seq` of the first of them.
        to_seq: `seq` of the last of them.
        made_by: The model that wrote it.
    """
    versions = Summary.objects.filter(conversation_id=conversation_id, kind=kind)
    last = versions.aggregate(last=Max("version"))["last"] or 0
    embeddings.remove(list(versions.values_list("id", flat=True)))
    return Summary.objects.create(
        tenant_id=require_tenant(),
        customer_id=customer_id,
        conversation_id=conversation_id,
        kind=kind,
        version=last + 1,
        text=draft.text,
        tokens=count_tokens(draft.text),
        from_seq=from_seq,
        to_seq=to_seq,
        message_ids=[turn.id for turn in turns],
        topics=[topic[:120] for topic in draft.topics],
        entities=[entity[:120] for entity in draft.entities],
        sentiment=draft.sentiment,
        pending_actions=[action[:300] for action in draft.pending_actions],
        started_at=turns[0].sent_at,
        ended_at=turns[-1].sent_at,
        made_by=made_by,
    )


def entry(summary: Summary) -> embeddings.Entry:
    """Return the summary's index entry."""
    return embeddings.Entry(
        source_kind=Embedding.SourceKind.SUMMARY,
        source_id=summary.id,
        text=summary.text,
        occurred_at=summary.ended_at,
        message_ids=tuple(summary.message_ids),
        conversation_id=summary.conversation_id,
        importance=0.5,
    )


def erase(summary: Summary) -> None:
    """Erase one summary and its vector."""
    embeddings.remove([summary.id])
    summary.delete()
