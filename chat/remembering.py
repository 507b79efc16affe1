"""From conversations to memory: which messages go, and that they go exactly once.

Each function reads in one scope, works without any, and writes in another one that
checks, under the locks of customer and conversation, that what it read still stands.
"""

import logging
from uuid import UUID

from accounts import audit
from accounts.models import User
from accounts.scope import customer_scope
from chat import due, push, unwanted
from chat.history import said, turns
from chat.models import Conversation, Message
from chat.services import lock
from chat.spans import next_span
from memory import (
    consolidation,
    disclosure,
    embeddings,
    facts,
    forgetting,
    forgotten,
    summaries,
)
from memory import settings as memory_settings
from memory.llm import metering
from memory.llm.config import Job
from memory.llm.errors import LLMError
from memory.llm.types import EmbeddingModelInfo
from memory.models import MemorySettings, Summary
from memory.working import turn_tokens

logger = logging.getLogger(__name__)

# Plans that are made at once, when something was forgotten while one was made.
_PLANS_A_TRY = 3
_SUMMARY_JOBS: tuple[Job, ...] = ("consolidate", "judge")
_CONSOLIDATION_JOBS: tuple[Job, ...] = (*_SUMMARY_JOBS, "embed")


def consolidate(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> bool:
    """Bring the next window of what is new in a conversation into memory.

    What is left after it is sent on its way at once. A failure is recorded and tried
    again later; the last one leaves the conversation to people.

    Returns:
        Whether something was remembered: False when there was nothing to do, when
        somebody else was faster, and when it failed.
    """
    model = embeddings.in_use(tenant_id, customer_id)
    with customer_scope(tenant_id, customer_id):
        run = _begin(conversation_id, model)
    if run is None:
        return False
    try:
        done = _tried(tenant_id, run)
    except (LLMError, consolidation.MemoryChangedError) as error:
        logger.warning("A consolidation failed: %s", type(error).__name__)
        reason = consolidation.reason_for(error)
    except Exception as error:
        logger.exception("A consolidation failed")
        reason = consolidation.reason_for(error)
    else:
        if done:
            push.memory_changed(tenant_id, conversation_id)
        return done
    with customer_scope(tenant_id, customer_id):
        _record_failure(run, reason)
    return False


def consolidate_all(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> bool:
    """Bring all that is new in a conversation into memory, window by window.

    Returns:
        Whether something was remembered.
    """
    done = False
    while consolidate(tenant_id, customer_id, conversation_id):
        done = True
    return done


def try_again(*, conversation_id: UUID, user: User) -> bool:
    """Send a conversation to memory that was given up, and say who asked for it.

    Returns:
        Whether it was given up.
    """
    conversation = lock(conversation_id)
    if not due.is_given_up(conversation):
        return False
    conversation.consolidate_tries = 0
    due.send_now(conversation, due.Trigger.RETRY)
    conversation.save()
    audit.record(
        actor=user.actor,
        action="conversation.consolidate_again",
        subject_type="conversation",
        subject_id=conversation.id,
        customer_id=conversation.customer_id,
    )
    return True


def give_up_cut_off() -> None:
    """Give up what the desk in scope began as often as it may, cut off each time."""
    for conversation in due.cut_off():
        consolidation.record_cut_off(
            customer_id=conversation.customer_id,
            conversation_id=conversation.id,
            trigger=conversation.consolidate_trigger,
            from_seq=conversation.consolidated_seq,
            to_seq=conversation.last_message_seq,
            attempt=conversation.consolidate_tries,
        )
        due.put_off(conversation)
        conversation.save()


def _begin(
    conversation_id: UUID, model: EmbeddingModelInfo
) -> consolidation.Run | None:
    """Count a try and read what it is about; None when there is nothing to do.

    A try counts before it is over: one that kills its process each time would be tried
    for ever otherwise.
    """
    conversation = _locked(conversation_id)
    if conversation is None:
        return None
    span = next_span(conversation, model=model)
    if span is None:
        due.nothing_to_do(conversation)
        conversation.save()
        return None
    if not due.has_tries_left(conversation):
        # Given up, or the last try is under way.
        return None
    trigger = conversation.consolidate_trigger or due.Trigger.IDLE
    conversation.consolidate_tries += 1
    due.claim(conversation, trigger)
    conversation.save()
    _record_sent(span)
    return consolidation.Run(span, trigger, conversation.consolidate_tries)


def _tried(tenant_id: UUID, run: consolidation.Run) -> bool:
    """Plan and apply, and plan anew when something was forgotten meanwhile.

    Raises:
        MemoryChangedError: That happened each time.
    """
    customer_id, conversation_id = run.span.customer_id, run.span.conversation_id
    with metering.metered() as run.meter:
        for _ in range(_PLANS_A_TRY):
            plan = consolidation.plan(run.span)
            with customer_scope(tenant_id, customer_id):
                # The customer before the conversation: all lock them in this order.
                if not facts.lock_customer(customer_id):
                    return False
                conversation = _locked(conversation_id)
                if conversation is None:
                    return False
                if conversation.consolidated_seq != run.span.after_seq:
                    # What somebody else consolidated meanwhile is not applied again.
                    consolidation.record_overtaken(run)
                    return False
                if forgetting.epoch(customer_id) == run.span.epoch:
                    _apply(conversation, run, plan)
                    return True
                span = next_span(conversation, model=run.span.model)
                if span is None:
                    return False
                run.span = span
                _record_sent(span)
    raise consolidation.MemoryChangedError


def _apply(
    conversation: Conversation, run: consolidation.Run, plan: consolidation.Plan
) -> None:
    """Write a plan into all tiers, and what is left of the conversation into a plan."""
    remembered = consolidation.apply(plan)
    conversation.consolidated_seq = run.span.to_seq
    rest = list(said(conversation.id).filter(seq__gt=run.span.to_seq))
    closed = conversation.status == Conversation.Status.CLOSED
    due.done(conversation, rest=rest, go_on=closed or run.span.more)
    conversation.save()
    unwanted.send_missed(run.span)
    consolidation.record_done(run, plan, remembered)


def _record_failure(run: consolidation.Run, reason: str) -> None:
    """Record a failed try and plan the next, unless somebody else was faster."""
    if not facts.lock_customer(run.span.customer_id):
        return
    conversation = _locked(run.span.conversation_id)
    if conversation is None:
        return
    if conversation.consolidated_seq != run.span.after_seq:
        consolidation.record_overtaken(run)
        return
    again = due.put_off(conversation)
    conversation.save()
    consolidation.record_failed(run, reason=reason, given_up=not again)


def roll_up(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> bool:
    """Summarise the older half of what no rolling summary covers, when it is long.

    A desk that only forgets what leaves the buffer has no rolling summaries.
    """
    with customer_scope(tenant_id, customer_id):
        desk = memory_settings.current()
        if desk.window == MemorySettings.Window.FORGET:
            return False
        prior = summaries.latest_rolling(customer_id, conversation_id)
        done = prior.to_seq if prior else 0
        messages = list(said(conversation_id))
        epoch, gone = forgetting.epoch(customer_id), forgotten.marks(customer_id)
    open_messages = [message for message in messages if message.seq > done]
    older = open_messages[: len(open_messages) // 2]
    if not older or not _is_long(open_messages, desk):
        return False
    with customer_scope(tenant_id, customer_id):
        disclosure.record_sent(
            *_SUMMARY_JOBS,
            customer_id=customer_id,
            purpose="rolling summary",
            conversation_id=conversation_id,
            summary=prior.id if prior else None,
            from_seq=older[0].seq,
            to_seq=older[-1].seq,
        )
    # The prior summary went into this one, and its messages with it.
    # A wish points back: it is looked for in all that was said.
    wanted = gone.turns(turns(messages))
    covered = wanted[: messages.index(older[-1]) + 1]
    draft, made_by = consolidation.roll_up(
        covered[-len(older) :], prior=prior.text if prior else "", covered=covered
    )
    with customer_scope(tenant_id, customer_id):
        if not facts.lock_customer(customer_id):
            return False
        if forgetting.epoch(customer_id) != epoch:
            return False
        conversation = _locked(conversation_id)
        latest = summaries.latest_rolling(customer_id, conversation_id)
        if conversation is None or (latest.to_seq if latest else 0) != done:
            return False
        summaries.store(
            customer_id=customer_id,
            conversation_id=conversation_id,
            kind=Summary.Kind.ROLLING,
            draft=draft,
            turns=covered,
            from_seq=messages[0].seq,
            to_seq=older[-1].seq,
            made_by=made_by,
        )
    push.memory_changed(tenant_id, conversation_id)
    return True


def _record_sent(span: consolidation.Span) -> None:
    """Record what goes to the models that extract and embed, where they are others'."""
    disclosure.record_sent(
        *_CONSOLIDATION_JOBS,
        customer_id=span.customer_id,
        purpose="consolidation",
        conversation_id=span.conversation_id,
        from_seq=span.from_seq,
        to_seq=span.to_seq,
        embedded_by=span.model,
    )


def _locked(conversation_id: UUID) -> Conversation | None:
    try:
        return lock(conversation_id)
    except Conversation.DoesNotExist:
        # Erased meanwhile: there is nothing to remember any more.
        return None


def _is_long(messages: list[Message], desk: MemorySettings) -> bool:
    """Say whether messages are more than the desk's buffer takes."""
    if len(messages) > desk.buffer_messages:
        return True
    return sum(map(turn_tokens, turns(messages))) > desk.buffer_tokens
