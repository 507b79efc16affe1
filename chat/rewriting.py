"""Writes a stored summary once more, from the messages that it covers."""

from dataclasses import dataclass
from uuid import UUID

from accounts.scope import customer_scope
from chat import push
from chat.history import said, turns
from memory import (
    disclosure,
    embeddings,
    facts,
    forgetting,
    forgotten,
    summaries,
)
from memory.extraction.strategies import made_by
from memory.llm import gateway
from memory.llm.config import Job
from memory.llm.types import EmbeddingModelInfo
from memory.models import Summary
from memory.types import Turn

_JOBS: tuple[Job, ...] = ("consolidate", "judge", "embed")


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read before the model wrote."""

    current: Summary
    turns: list[Turn]
    epoch: int | None


def rewrite(tenant_id: UUID, customer_id: UUID, summary_id: UUID) -> bool:
    """Write a summary again and keep the better one; False where the old one stays.

    It is written from her messages without what was forgotten. It stays, too, when it
    is not the newest version any more, and when anything was forgotten meanwhile.
    """
    model = embeddings.in_use(tenant_id, customer_id)
    with customer_scope(tenant_id, customer_id):
        read = _read(customer_id, summary_id)
        if read is None:
            return False
        _record_sent(read.current, model)
    current = read.current
    episode = current.kind == Summary.Kind.EPISODE
    written = summaries.written_again(
        summaries.draft_of(current),
        read.turns,
        max_tokens=summaries.EPISODE_TOKENS if episode else summaries.ROLLING_TOKENS,
    )
    if written is None:
        return False
    vectors = embeddings.embed_texts([written.draft.text], model=model)
    with customer_scope(tenant_id, customer_id):
        if not facts.lock_customer(customer_id):
            return False
        if read != _read(customer_id, summary_id):
            return False
        stored = summaries.store(
            customer_id=customer_id,
            conversation_id=current.conversation_id,
            kind=current.kind,
            draft=written.draft,
            turns=read.turns,
            from_seq=current.from_seq,
            to_seq=current.to_seq,
            made_by=_made_by(current, written),
        )
        if episode:
            embeddings.index(
                customer_id, [summaries.entry(stored)], vectors, model=model
            )
    push.memory_changed(tenant_id, current.conversation_id)
    return True


def _made_by(current: Summary, written: summaries.Written) -> str:
    of = "summary" if current.kind == Summary.Kind.EPISODE else current.kind
    by_model = f"{gateway.model_name('consolidate')}/{summaries.REWRITE_VERSION}"
    return made_by(of, by_model if written.by_model else gateway.EMBEDDED)


def _read(customer_id: UUID, summary_id: UUID) -> _Read | None:
    """Return the summary and its messages; None where it is not written again."""
    current = Summary.objects.filter(pk=summary_id, customer_id=customer_id).first()
    if current is None or not summaries.is_newest(current):
        return None
    messages = list(said(current.conversation_id))
    # A wish points back: it is looked for in all that was said.
    wanted = forgotten.marks(customer_id).turns(turns(messages))
    found = [
        turn
        for message, turn in zip(messages, wanted, strict=True)
        if current.from_seq <= message.seq <= current.to_seq
    ]
    if not found:
        return None
    return _Read(current, found, forgetting.epoch(customer_id))


def _record_sent(current: Summary, model: EmbeddingModelInfo) -> None:
    """Record what goes to the models that write, judge and embed."""
    disclosure.record_sent(
        *_JOBS,
        customer_id=current.customer_id,
        purpose="summary written again",
        conversation_id=current.conversation_id,
        embedded_by=model,
        summary=current.id,
    )
