"""How remembering goes: what waits, what was given up, and the last tries."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.policies import Act
from chat import due, policies
from chat.models import Conversation
from memory.models import Consolidation
from memory.policies import consolidations

# Of each list: enough to see how it goes, without a page of pages.
NEXT_SHOWN: Final = 10
GIVEN_UP_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Try:
    """One try with its conversation, None when that is gone."""

    run: Consolidation
    conversation: Conversation | None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What the page shows.

    Attributes:
        waiting: How many conversations are planned.
        late: How many of them are due by now.
        next: The first of them.
        given_up: What people have to look at, each with its last try.
    """

    waiting: int
    late: int
    next: list[Conversation]
    given_up: list[Try]


def upkeep(user: User) -> Upkeep:
    """Collect how it goes at the user's desk."""
    planned = _conversations(user).filter(consolidate_at__isnull=False)
    return Upkeep(
        waiting=planned.count(),
        late=planned.filter(consolidate_at__lte=timezone.now()).count(),
        next=list(planned.order_by("consolidate_at")[:NEXT_SHOWN]),
        given_up=_given_up(user),
    )


def runs(user: User) -> QuerySet[Consolidation]:
    """Return the tries of the user's desk, the latest first."""
    return consolidations.rows(user, Act.READ)


def with_conversations(user: User, tried: Iterable[Consolidation]) -> list[Try]:
    """Return tries with their conversations."""
    found = list(tried)
    rows = _conversations(user).in_bulk([run.conversation_id for run in found])
    return [Try(run, rows.get(run.conversation_id)) for run in found]


def why_given_up(conversation: Conversation) -> str:
    """Return why a conversation was given up, for people; empty when it was not."""
    if not due.is_given_up(conversation):
        return ""
    last = (
        _failed(Consolidation.objects.all())
        .filter(conversation_id=conversation.id)
        .first()
    )
    return last.reason if last else ""


def _given_up(user: User) -> list[Try]:
    still = _conversations(user).filter(
        consolidate_at=None,
        consolidate_tries__gte=due.MAX_TRIES,
        consolidated_seq__lt=F("last_message_seq"),
    )
    failed = _failed(runs(user)).filter(conversation_id__in=still.values("id"))
    # Of a conversation the last one counts.
    newest: dict[UUID, Consolidation] = {}
    for run in failed[:GIVEN_UP_SHOWN]:
        newest.setdefault(run.conversation_id, run)
    return with_conversations(user, newest.values())


def _failed(rows: QuerySet[Consolidation]) -> QuerySet[Consolidation]:
    return rows.filter(state=Consolidation.State.GIVEN_UP)


def _conversations(user: User) -> QuerySet[Conversation]:
    return policies.conversations.rows(
        user, Act.READ, among=Conversation.objects.select_related("customer")
    )
