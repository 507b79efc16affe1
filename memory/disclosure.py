"""Records what models are shown of a customer's memory, before it is on its way."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from accounts import audit
from memory.llm import gateway
from memory.llm.config import Job
from memory.llm.types import EmbeddingModelInfo

if TYPE_CHECKING:
    # A context is made of what recall finds, and recall records what it discloses.
    from memory.context import Context


def record_reply(
    *,
    customer_id: UUID,
    conversation_id: UUID,
    message_id: UUID,
    context: "Context",
    call: int,
) -> None:
    """Record which memories the model that writes a reply is about to be shown.

    The embedded model counts, too: it decides what a customer is told.

    Args:
        customer_id: Whose memories.
        conversation_id: Where the reply goes.
        message_id: The reply.
        context: What is sent.
        call: The how manieth call this is for the reply; tools need several.
    """
    recalled: dict[str, list[UUID]] = {}
    for memory in context.recalled:
        recalled.setdefault(f"recalled_{memory.kind}", []).append(memory.source_id)
    audit.memory_read(
        actor=_actor(gateway.model_name("reply")),
        customer_id=customer_id,
        purpose="reply",
        conversation_id=conversation_id,
        seen={
            "message": message_id,
            "call": call,
            "facts": [fact.id for fact in context.facts],
            **recalled,
            "summary_tokens": context.ledger.summary,
            "buffer_tokens": context.ledger.buffer,
        },
    )


def record_sent(
    *jobs: Job,
    customer_id: UUID,
    purpose: str,
    conversation_id: UUID | None = None,
    embedded_by: EmbeddingModelInfo | None = None,
    **seen: Any,
) -> None:
    """Record what connected models are about to be sent for jobs behind the scenes.

    A model that does several of them is recorded once. With none connected for a job
    nothing is sent, and nothing recorded.

    Args:
        *jobs: For what.
        customer_id: Whose memory.
        purpose: What for.
        conversation_id: Of which conversation.
        embedded_by: For embeddings, the desk's own model.
        **seen: Ids or counts of what is sent.
    """
    names = dict.fromkeys(_model_of(job, embedded_by) for job in jobs)
    for name in names:
        if name != gateway.EMBEDDED:
            audit.memory_read(
                actor=_actor(name),
                customer_id=customer_id,
                purpose=purpose,
                conversation_id=conversation_id,
                seen=seen,
            )


def _model_of(job: Job, embedded_by: EmbeddingModelInfo | None) -> str:
    if job != "embed" or embedded_by is None:
        return gateway.model_name(job)
    embedded = gateway.is_embedded(embedded_by.name)
    return gateway.EMBEDDED if embedded else embedded_by.name


def _actor(model: str) -> str:
    # The log takes names of this length.
    return f"assistant:{model}"[:100]
