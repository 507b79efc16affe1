"""What the inbox shows: conversations by view, counts, and a conversation's log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from accounts.policies import Act
from chat import policies
from chat.models import Conversation, Event, Message
from chat.panel import spans

View = Literal["all", "mine", "assistant", "closed"]
Lock = Literal["", "assistant", "colleague", "closed"]
LABELS: Final[dict[View, str]] = {
    "all": "All",
    "mine": "Mine",
    "assistant": "Assistant",
    "closed": "Closed",
}
ROWS_PER_PAGE: Final = 40
# Log entries on one page of a thread; older ones come on request.
LOG_ENTRIES: Final = 120


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the inbox and how many conversations are in it."""

    key: View
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a thread: a message, or a change of owner or status.

    Attributes:
        event: What happened.
        message: What was written, unless it is a change.
        spans: The words in it that became facts.
    """

    event: Event
    message: Message | None
    spans: Sequence[str] = ()


def view_named(name: str | None) -> View:
    """Return the view of that name; all open conversations when there is none."""
    return next((view for view in LABELS if view == name), "all")


def conversations(view: View, user: User) -> QuerySet[Conversation]:
    """Return the conversations of a view, the latest message first."""
    rows = policies.conversations.rows(user, Act.READ, among=any_conversations())
    return rows.filter(_condition(view, user))


def any_conversations() -> QuerySet[Conversation]:
    """Return the desk's conversations with all that a row shows."""
    newest = Message.objects.filter(
        conversation=OuterRef("pk"), is_note=False
    ).order_by("-seq")
    rows: QuerySet[Conversation] = Conversation.objects.all()
    return (
        rows.select_related("customer", "agent")
        .annotate(
            last_author=Subquery(newest.values("author")[:1]),
            last_author_name=Subquery(newest.values("author_name")[:1]),
        )
        .order_by("-last_message_at", "-pk")
    )


def tabs(user: User) -> list[Tab]:
    """Return every view with its count."""
    counts = policies.conversations.rows(user, Act.READ).aggregate(
        **{view: Count("pk", filter=_condition(view, user)) for view in LABELS}
    )
    return [Tab(view, label, counts[view]) for view, label in LABELS.items()]


def entries(
    conversation: Conversation, *, before: int | None = None, marked: bool = True
) -> tuple[list[Entry], int | None]:
    """Return the newest lines of a thread, oldest first.

    Args:
        conversation: Whose thread.
        before: Only lines older than this `seq`.
        marked: Whether to mark the words that became facts: they are memory too.

    Returns:
        The lines, and the `seq` to ask for older ones with; None when there are none.
    """
    events = Event.objects.filter(conversation=conversation).exclude(
        kind=Event.Kind.MESSAGE_UPDATED
    )
    if before is not None:
        events = events.filter(seq__lt=before)
    page = list(events.order_by("-seq")[: LOG_ENTRIES + 1])
    older = page[LOG_ENTRIES - 1].seq if len(page) > LOG_ENTRIES else None
    shown = page[:LOG_ENTRIES][::-1]
    return list(_lines(conversation, shown, marked=marked)), older


def lock_for(conversation: Conversation, user: User) -> Lock:
    """Return why this user cannot reply right now; empty when she can."""
    if conversation.status == Conversation.Status.CLOSED:
        return "closed"
    if conversation.owner == Conversation.Owner.ASSISTANT:
        return "assistant"
    if conversation.agent_id not in {None, user.pk}:
        return "colleague"
    return ""


def _condition(view: View, user: User) -> Q:
    if view == "closed":
        return Q(status=Conversation.Status.CLOSED)
    still_open = Q(status=Conversation.Status.OPEN)
    if view == "mine":
        return still_open & Q(agent=user)
    if view == "assistant":
        return still_open & Q(owner=Conversation.Owner.ASSISTANT)
    return still_open


def _lines(
    conversation: Conversation, events: Sequence[Event], *, marked: bool
) -> Iterator[Entry]:
    wanted = [event.message_id for event in events if event.message_id]
    # No key holds what an event names to its own conversation: the query does.
    rows = Message.objects.filter(
        conversation=conversation, pk__in=wanted
    ).select_related("tenant")
    messages = {message.pk: message for message in rows}
    evidence = spans(conversation.customer_id, wanted) if marked else {}
    for event in events:
        if event.kind == Event.Kind.STATE:
            yield Entry(event, None)
        # A message that was erased leaves its event behind, with nothing to show.
        elif event.message_id in messages:
            message = messages[event.message_id]
            yield Entry(event, message, evidence.get(message.pk, ()))
