"""Searches the audit log, and answers who saw a customer's memory and when.

Every query follows an index and ends after a page, so a log of a million events is as
quick as one of a hundred. Names are looked up when a page is shown and stored nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet

from accounts.audit import READ
from accounts.models import AuditEvent, AuditReason, Customer, User
from accounts.params import as_uuid
from accounts.scope import require_tenant

PAGE_ROWS = 50
ASSISTANT = "assistant"
# So many customers of one name are offered to choose from.
MAX_CHOICES = 20

# One step along the index for each value: `distinct` would read every event.
_VALUES = """
with recursive step(value) as (
    (select {column} from accounts_auditevent where tenant_id = %(tenant)s
      order by {column} limit 1)
    union all
    (select (select e.{column} from accounts_auditevent e
              where e.tenant_id = %(tenant)s and e.{column} > step.value
              order by e.{column} limit 1)
       from step where step.value is not null)
) select value from step where value is not null
"""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; empty parts are not.

    Attributes:
        actor: Such as `user:<id>`; `assistant` is every model.
        action: Such as `memory.read`.
        customer_ref: Whom it is about.
        since: The first moment.
        until: The moment after the last.
    """

    actor: str = ""
    action: str = ""
    customer_ref: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is shown."""

    event: AuditEvent
    actor: str
    customer: str
    reason: str

    @property
    def details(self) -> str:
        """The details in a line: ids by their ends, lists by their length."""
        return ", ".join(
            f"{key.replace('_', ' ')} {_short(value)}"
            for key, value in sorted(self.event.detail.items())
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first.

    Attributes:
        older: `seq` to ask for what came before; None at the end.
    """

    entries: list[Entry]
    older: int | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who saw a customer's memory, or touched what is kept about her.

    Attributes:
        actor: As in the log.
        name: For people.
        reads: How often memory was shown to them.
        acts: What else they did that was about her.
    """

    actor: str
    name: str
    reads: int
    acts: int
    first: datetime
    last: datetime


def events(search: Search) -> QuerySet[AuditEvent]:
    """Return the events that match, newest first."""
    rows: QuerySet[AuditEvent] = AuditEvent.objects.order_by("-at", "-seq")
    if search.actor:
        rows = rows.filter(_by(search.actor))
    if search.action:
        rows = rows.filter(action=search.action)
    if search.customer_ref is not None:
        rows = rows.filter(customer_ref=search.customer_ref)
    if search.since is not None:
        rows = rows.filter(at__gte=search.since)
    if search.until is not None:
        rows = rows.filter(at__lt=search.until)
    return rows


def page(search: Search, *, before: int | None = None) -> Page:
    """Return one page of the events that match.

    Args:
        search: What is looked for.
        before: Only events older than the one of this `seq`.
    """
    rows = events(search)
    if before is not None:
        rows = rows.filter(seq__lt=before)
        # Time never runs backwards along the log, and the indexes are by time.
        edge = AuditEvent.objects.filter(seq=before).values_list("at", flat=True)
        if (at := edge.first()) is not None:
            rows = rows.filter(at__lte=at)
    found = list(rows[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    older = shown[-1].seq if len(found) > PAGE_ROWS else None
    return Page(list(_entries(shown)), older)


def viewers(
    customer_ref: UUID, *, since: datetime | None, until: datetime | None
) -> list[Viewer]:
    """Answer who saw a customer, and who did anything about her, in a span of time."""
    rows = (
        events(Search(customer_ref=customer_ref, since=since, until=until))
        .order_by("actor")
        .values("actor")
        .annotate(
            reads=Count("id", filter=Q(action=READ)),
            acts=Count("id", filter=~Q(action=READ)),
            first=Min("at"),
            last=Max("at"),
        )
    )
    found = sorted(rows, key=lambda row: row["first"])
    names = staff_names(row["actor"] for row in found)
    return [Viewer(name=actor_name(row["actor"], names), **row) for row in found]


def actions() -> list[str]:
    """Return every action that the log of the tenant in scope holds, sorted."""
    return _values("action")


def matching_customers(text: str) -> list[Customer]:
    """Return the customers that a text may mean: by id, else by name or address."""
    ref = as_uuid(text)
    if ref is not None:
        return list(Customer.objects.filter(id=ref))
    exact = Customer.objects.filter(external_id=text)
    like = Customer.objects.filter(Q(name__icontains=text) | Q(email__iexact=text))
    return list(exact) or list(like.order_by("name", "id")[:MAX_CHOICES])


def staff_names(actors: Iterable[str]) -> dict[str, str]:
    """Return the names of the staff among some actors, by actor."""
    found = (as_uuid(actor.removeprefix("user:")) for actor in actors)
    ids = {user_id for user_id in found if user_id is not None}
    return {user.actor: str(user) for user in User.objects.filter(id__in=ids)}


def actor_name(actor: str, names: dict[str, str]) -> str:
    """Say for people who an actor is."""
    kind, _, which = actor.partition(":")
    if kind == "user":
        return names.get(actor, f"Former user {which[-8:]}")
    return f"{kind.capitalize()} ({which})" if which else kind.capitalize()


def erased_name(ref: UUID) -> str:
    """Say for people who somebody was of whom nothing but the id is left."""
    return f"Erased {ref.hex[-8:]}"


def _short(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"({len(value)})"
    ref = as_uuid(str(value))
    return ref.hex[-8:] if ref else str(value)


def _values(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_VALUES.format(column=column), {"tenant": require_tenant()})
        return sorted(value for (value,) in cursor.fetchall())


def _by(actor: str) -> Q:
    if actor != ASSISTANT:
        return Q(actor=actor)
    # By their full names: a pattern cannot use an index through row-level security.
    models = (name for name in _values("actor") if name.startswith(f"{ASSISTANT}:"))
    return Q(actor__in=[ASSISTANT, *models])


def _entries(rows: Sequence[AuditEvent]) -> Iterable[Entry]:
    names = staff_names(row.actor for row in rows)
    refs = {row.customer_ref for row in rows if row.customer_ref}
    customers = {c.id: c.display_name for c in Customer.objects.filter(id__in=refs)}
    committed = [row.id for row in rows if row.reason_commitment]
    reasons = dict(
        AuditReason.objects.filter(event_id__in=committed).values_list(
            "event_id", "text"
        )
    )
    for row in rows:
        ref = row.customer_ref
        about = customers.get(ref, erased_name(ref)) if ref else ""
        gone = "Erased with the customer" if row.reason_commitment else ""
        yield Entry(
            event=row,
            actor=actor_name(row.actor, names),
            customer=about,
            reason=reasons.get(row.id, gone),
        )
