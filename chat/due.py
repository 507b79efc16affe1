"""When a conversation is due to be brought into memory: what plans it, and when.

The plan is three columns of the conversation's row, changed under its lock; the
schedule takes what is due from there (`take`). So nothing that is planned gets lost,
whatever becomes of Redis or of a worker. Nothing here touches other rows.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.queue import enqueue
from chat.models import Conversation, Message
from memory import settings
from memory.llm.tokens import count_tokens
from memory.models import Consolidation

Trigger = Consolidation.Trigger

# After the last message of a burst, and at most so long after its first. Source: the
# product's reference design (mission, F4).
DEBOUNCE = timedelta(seconds=30)
DEBOUNCE_AT_MOST = timedelta(minutes=5)
IDLE_AFTER = timedelta(minutes=30)
# Longer than a task may take (`CELERY_TASK_TIME_LIMIT`): what was taken and is still
# planned by then was left behind by a worker that died, or by a queue that was lost.
CLAIM = timedelta(seconds=90)
# Between two tries. After the last of them people have to look.
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5))
MAX_TRIES = len(RETRY_AFTER) + 1
_PAGE = 50
# What further messages put off; whatever else is planned stands.
_PUT_OFF = ("", Trigger.IDLE, Trigger.TOKENS, Trigger.MESSAGES)


def said(conversation: Conversation, message: Message) -> None:
    """Count what was said aloud in a locked conversation, and plan for it."""
    count(conversation, [message])
    if is_given_up(conversation):
        # With the new words it may go well.
        conversation.consolidate_tries = 0
    elif conversation.consolidate_tries:
        # A try is under way, or waits its time: it takes these along.
        return
    plan(conversation)


def count(conversation: Conversation, messages: Iterable[Message]) -> None:
    """Count messages that memory has not seen."""
    for message in messages:
        conversation.unseen_messages += 1
        conversation.unseen_tokens += count_tokens(message.text)


def plan(conversation: Conversation) -> None:
    """Plan for what memory has not seen: soon if that is much, else when it is idle."""
    if conversation.consolidate_trigger not in _PUT_OFF:
        return
    now = timezone.now()
    conversation.consolidate_trigger = _threshold_passed(conversation)
    if conversation.consolidate_trigger == Trigger.IDLE:
        conversation.consolidate_at = now + IDLE_AFTER
        return
    since = conversation.consolidate_since or now
    conversation.consolidate_since = since
    conversation.consolidate_at = min(now + DEBOUNCE, since + DEBOUNCE_AT_MOST)


def _threshold_passed(conversation: Conversation) -> Trigger:
    wanted = settings.current()
    if conversation.unseen_tokens >= wanted.trigger_tokens:
        return Trigger.TOKENS
    if conversation.unseen_messages >= wanted.trigger_messages:
        return Trigger.MESSAGES
    return Trigger.IDLE


def closed(conversation: Conversation) -> None:
    """Send what memory has not seen of a locked, closed conversation there at once."""
    unseen = conversation.last_message_seq > conversation.consolidated_seq
    if unseen and not is_given_up(conversation):
        send_now(conversation, Trigger.CLOSE)


def imported(
    conversation: Conversation, messages: Iterable[Message], *, over: bool
) -> None:
    """Count what was imported into a locked conversation, and plan for it.

    Args:
        conversation: The caller saves it.
        messages: What was said aloud in it.
        over: Whether nothing more will be said.
    """
    count(conversation, messages)
    conversation.consolidate_tries = 0
    if over:
        conversation.consolidate_trigger = Trigger.IMPORT
        conversation.consolidate_at = timezone.now()
    else:
        conversation.consolidate_trigger = Trigger.IDLE
        conversation.consolidate_at = conversation.last_message_at + IDLE_AFTER


def send_now(conversation: Conversation, trigger: Trigger) -> None:
    """Send a locked conversation to memory after the commit; the caller saves it."""
    claim(conversation, trigger)
    enqueue(
        "chat.tasks.consolidate_conversation",
        tenant_id=conversation.tenant_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
    )


def claim(conversation: Conversation, trigger: str) -> None:
    """Keep the schedule from a locked conversation while somebody works on it."""
    conversation.consolidate_trigger = trigger
    conversation.consolidate_at = timezone.now() + CLAIM


def take() -> list[tuple[UUID, UUID]]:
    """Return customer and id of conversations of the desk in scope that are due.

    Whoever takes them works on them: they are due again only after `CLAIM`.
    """
    now = timezone.now()
    due = (
        Conversation.objects.select_for_update(skip_locked=True)
        .filter(consolidate_at__lte=now, consolidate_tries__lt=MAX_TRIES)
        .order_by("consolidate_at")[:_PAGE]
    )
    taken = [(row.customer_id, row.id) for row in due]
    Conversation.objects.filter(pk__in=[pk for _, pk in taken]).update(
        consolidate_at=now + CLAIM
    )
    return taken


def cut_off() -> list[Conversation]:
    """Return, locked, what the desk in scope has no tries left for and none under way.

    A try that ends says so; these were killed.
    """
    rows = Conversation.objects.select_for_update(skip_locked=True).filter(
        consolidate_at__lte=timezone.now(), consolidate_tries__gte=MAX_TRIES
    )
    return list(rows[:_PAGE])


def plan_unplanned() -> int:
    """Plan what memory has not seen and no plan covers, as from before there were any.

    Returns:
        How many conversations of the desk in scope that was.
    """
    return Conversation.objects.filter(
        consolidate_at=None,
        consolidate_tries__lt=MAX_TRIES,
        consolidated_seq__lt=F("last_message_seq"),
    ).update(consolidate_at=timezone.now(), consolidate_trigger=Trigger.IDLE)


def put_off(conversation: Conversation) -> bool:
    """Plan the next try of a locked conversation; False when there is none left."""
    if not has_tries_left(conversation):
        conversation.consolidate_at = None
        conversation.consolidate_trigger = ""
        return False
    wait = RETRY_AFTER[conversation.consolidate_tries - 1]
    conversation.consolidate_at = timezone.now() + wait
    return True


def has_tries_left(conversation: Conversation) -> bool:
    """Say whether a conversation may be tried once more."""
    return bool(conversation.consolidate_tries < MAX_TRIES)


def is_given_up(conversation: Conversation) -> bool:
    """Say whether a conversation failed as often as it may."""
    return not has_tries_left(conversation) and conversation.consolidate_at is None


def nothing_to_do(conversation: Conversation) -> None:
    """Take back the plan for a locked conversation; the caller saves it.

    While a reply is written, what follows waits for it, and so does the plan.
    """
    if conversation.turn_id is None:
        done(conversation, rest=(), go_on=False)
    elif conversation.consolidate_at is not None:
        claim(conversation, conversation.consolidate_trigger)


def done(conversation: Conversation, *, rest: Iterable[Message], go_on: bool) -> None:
    """Plan anew for a locked conversation that went into memory.

    Args:
        conversation: The caller saves it.
        rest: Its messages that memory has not seen yet.
        go_on: Whether these are to follow at once.
    """
    trigger = Trigger(conversation.consolidate_trigger or Trigger.IDLE)
    conversation.consolidate_tries = 0
    conversation.consolidate_since = conversation.consolidate_at = None
    conversation.consolidate_trigger = ""
    conversation.unseen_messages = conversation.unseen_tokens = 0
    count(conversation, rest)
    if conversation.unseen_messages and go_on:
        send_now(conversation, trigger)
    elif conversation.unseen_messages:
        plan(conversation)
