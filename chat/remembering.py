"""From conversations to memory: which messages go, and that they go exactly once.

Each function reads in one scope, works without any, and writes in another one that
checks, under the conversation's lock, that nobody was faster.
"""

from uuid import UUID

from accounts.scope import customer_scope
from chat import push
from chat.history import said, turns
from chat.models import Conversation, Message
from chat.services import lock
from memory import (
    consolidation,
    disclosure,
    facts,
    forgetting,
    forgotten,
    summaries,
)
from memory.llm.config import Job
from memory.llm.tokens import count_tokens
from memory.models import Summary
from memory.working import BUFFER_MESSAGES

_CONSOLIDATION_JOBS: tuple[Job, ...] = ("consolidate", "embed")


def consolidate(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> bool:
    """Consolidate what is new in a conversation; False when there was nothing to do."""
    with customer_scope(tenant_id, customer_id):
        span = _span(conversation_id)
        if span is None:
            return False
        epoch = forgetting.epoch(customer_id)
        _record_sent(span)
    plan = consolidation.plan(span)
    with customer_scope(tenant_id, customer_id):
        # The customer before the conversation: the order in which all lock them.
        if not facts.lock_customer(customer_id):
            return False
        if forgetting.epoch(customer_id) != epoch:
            # Something was forgotten that this has read: it is read again.
            return False
        conversation = _locked(conversation_id)
        # What somebody else consolidated meanwhile is not applied again; the schedule
        # comes back for the rest.
        if conversation is None or conversation.consolidated_seq != span.after_seq:
            return False
        consolidation.apply(plan)
        conversation.consolidated_seq = span.to_seq
        conversation.save(update_fields=["consolidated_seq"])
    push.memory_changed(tenant_id, conversation_id)
    return True


def roll_up(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> bool:
    """Summarise the older half of what no rolling summary covers, when it is long."""
    with customer_scope(tenant_id, customer_id):
        prior = summaries.latest_rolling(customer_id, conversation_id)
        covered = prior.to_seq if prior else 0
        messages = list(said(conversation_id))
        epoch, gone = forgetting.epoch(customer_id), forgotten.marks(customer_id)
    open_messages = [message for message in messages if message.seq > covered]
    older = open_messages[: len(open_messages) // 2]
    if not older or not _is_long(open_messages):
        return False
    with customer_scope(tenant_id, customer_id):
        disclosure.record_sent(
            "consolidate",
            customer_id=customer_id,
            purpose="rolling summary",
            conversation_id=conversation_id,
            summary=prior.id if prior else None,
            from_seq=older[0].seq,
            to_seq=older[-1].seq,
        )
    draft, made_by = consolidation.roll_up(
        gone.turns(turns(older)), prior=prior.text if prior else ""
    )
    with customer_scope(tenant_id, customer_id):
        if not facts.lock_customer(customer_id):
            return False
        if forgetting.epoch(customer_id) != epoch:
            return False
        conversation = _locked(conversation_id)
        latest = summaries.latest_rolling(customer_id, conversation_id)
        if conversation is None or (latest.to_seq if latest else 0) != covered:
            return False
        summaries.store(
            customer_id=customer_id,
            conversation_id=conversation_id,
            kind=Summary.Kind.ROLLING,
            draft=draft,
            # The prior summary went into this one, and its messages with it.
            turns=turns(
                message for message in messages if message.seq <= older[-1].seq
            ),
            from_seq=messages[0].seq,
            to_seq=older[-1].seq,
            made_by=made_by,
        )
    push.memory_changed(tenant_id, conversation_id)
    return True


def _record_sent(span: consolidation.Span) -> None:
    """Record what goes to the models that extract and embed, where they are others'."""
    for job in _CONSOLIDATION_JOBS:
        disclosure.record_sent(
            job,
            customer_id=span.customer_id,
            purpose="consolidation",
            conversation_id=span.conversation_id,
            from_seq=span.from_seq,
            to_seq=span.to_seq,
        )


def _span(conversation_id: UUID) -> consolidation.Span | None:
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None:
        return None
    messages = list(said(conversation_id))
    fresh_from = next(
        (
            place
            for place, message in enumerate(messages)
            if message.seq > conversation.consolidated_seq
        ),
        None,
    )
    if fresh_from is None:
        return None
    return consolidation.Span(
        customer_id=conversation.customer_id,
        conversation_id=conversation_id,
        turns=tuple(forgotten.marks(conversation.customer_id).turns(turns(messages))),
        fresh_from=fresh_from,
        after_seq=conversation.consolidated_seq,
        from_seq=messages[0].seq,
        to_seq=messages[-1].seq,
    )


def _locked(conversation_id: UUID) -> Conversation | None:
    try:
        return lock(conversation_id)
    except Conversation.DoesNotExist:
        # Erased meanwhile: there is nothing to remember any more.
        return None


def _is_long(messages: list[Message]) -> bool:
    if len(messages) > BUFFER_MESSAGES:
        return True
    tokens = sum(count_tokens(message.text) for message in messages)
    return tokens > summaries.ROLL_UP_TOKENS
