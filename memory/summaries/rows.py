"""The stored summaries: their versions, scores and index entries."""

from collections.abc import Sequence
from functools import partial
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.scope import require_tenant
from memory import embeddings, working
from memory.llm.tokens import count_tokens
from memory.models import Embedding, Summary
from memory.types import Score, Sentiment, SummaryDraft, Turn


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
    judged = draft.score
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
        quality=judged.quality if judged else None,
        missing=list(judged.missing) if judged else [],
        sampled=list(judged.sampled) if judged else [],
        judged_by=judged.judged_by[:80] if judged else "",
        tries=judged.tries if judged else 1,
    )


def draft_of(summary: Summary) -> SummaryDraft:
    """Return a stored summary as the draft that it was, with its score."""
    score = None
    if summary.quality is not None:
        score = Score(
            quality=summary.quality,
            missing=tuple(summary.missing),
            sampled=tuple(summary.sampled),
            judged_by=summary.judged_by,
            tries=summary.tries,
        )
    return SummaryDraft(
        text=summary.text,
        topics=tuple(summary.topics),
        entities=tuple(summary.entities),
        sentiment=cast("Sentiment", summary.sentiment),
        pending_actions=tuple(summary.pending_actions),
        score=score,
    )


def is_newest(summary: Summary) -> bool:
    """Return whether a summary is still there, and no newer version of it is."""
    versions = Summary.objects.filter(
        conversation_id=summary.conversation_id, kind=summary.kind
    )
    newest = versions.order_by("-version").first()
    return newest is not None and newest.pk == summary.pk


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
    transaction.on_commit(
        partial(working.forget_bundles, summary.tenant_id, summary.customer_id)
    )
