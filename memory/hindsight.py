"""What memory knew at a moment that is past, and what has become of it since.

Two times count. A fact is *true* from `valid_from` to `valid_to`; it is *known* here
from `recorded_at` until `closed_at`. Recall asks for the first ("where did she live in
May?"); this asks for the second ("what did we believe in May?"). What was erased is
gone from both: of that, nothing but the audit log's word is left.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.audit import search
from accounts.models import AuditEvent
from accounts.params import as_uuid
from memory.models import Fact, Summary

Fate = Literal[
    "holds", "changed", "corrected", "ended", "expired", "retracted", "erased", "gone"
]
_OF_ACTION: Final[dict[str, Fate]] = {
    "fact.retract": "retracted",
    "fact.erase": "erased",
}
# Source: RFC 9562, section 5.7: the first 48 bits of a UUIDv7 are milliseconds.
_UUID7_TIME_SHIFT: Final = 80


@dataclass(frozen=True, slots=True)
class Since:
    """What has become of something that was known.

    Attributes:
        at: When that was recorded here; None where nobody wrote it down.
        value: What holds in its place, if anything does.
    """

    fate: Fate
    at: datetime | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """How many facts that were known at a moment have left no row since."""

    retracted: int = 0
    erased: int = 0

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self.retracted or self.erased)


def facts_known_at(customer_id: UUID, moment: datetime) -> QuerySet[Fact]:
    """Return what was held to be true of a customer, the most important first.

    Ends of before they were recorded by themselves count as recorded when they were.
    """
    over = Coalesce(F("closed_at"), F("valid_to"))
    rows: QuerySet[Fact] = Fact.objects.filter(
        customer_id=customer_id, recorded_at__lte=moment
    ).annotate(over=over)
    return _readable(rows.filter(Q(valid_to=None) | Q(over__gt=moment)), moment)


def facts_learned_after(customer_id: UUID, moment: datetime) -> QuerySet[Fact]:
    """Return what holds of a customer now and was not known at a moment."""
    rows: QuerySet[Fact] = Fact.objects.filter(
        customer_id=customer_id, recorded_at__gt=moment, valid_to=None
    )
    return _readable(rows, timezone.now())


def episodes_known_at(customer_id: UUID, moment: datetime) -> QuerySet[Summary]:
    """Return the newest version of each episode that was there, the latest first."""
    newest = (
        Summary.objects.filter(
            customer_id=customer_id,
            kind=Summary.Kind.EPISODE,
            created_at__lte=moment,
        )
        .order_by("conversation_id", "-version")
        .distinct("conversation_id")
        .values("id")
    )
    rows: QuerySet[Summary] = Summary.objects.filter(id__in=newest)
    return rows.order_by("-ended_at")


def rolling_known_at(conversation_id: UUID, moment: datetime) -> Summary | None:
    """Return the summary that a conversation's older part had at a moment."""
    return (
        Summary.objects.filter(
            conversation_id=conversation_id,
            kind=Summary.Kind.ROLLING,
            created_at__lte=moment,
        )
        .order_by("-version")
        .first()
    )


def since(fact: Fact) -> Since:
    """Return what has become of a fact whose row is there."""
    if fact.valid_to is not None:
        at = fact.closed_at or fact.valid_to
        by = fact.superseded_by
        if by is None:
            return Since("ended", at)
        staff = by.source == Fact.Source.AGENT and by.made_by == "staff"
        return Since("corrected" if staff else "changed", at, by.value)
    expired = fact.expires_at and fact.expires_at <= timezone.now() and not fact.pinned
    return Since("expired", fact.expires_at) if expired else Since("holds")


def since_without_row(
    customer_id: UUID, fact_ids: Collection[UUID]
) -> dict[UUID, Since]:
    """Return what has become of facts that are there no more, by the audit log."""
    told = {}
    for event in _taken_out(customer_id):
        if (fact_id := as_uuid(event.subject_id)) in fact_ids:
            told[fact_id] = Since(_OF_ACTION[event.action], event.at)
    return {fact_id: told.get(fact_id, Since("gone")) for fact_id in fact_ids}


def gone_since(
    customer_id: UUID, moment: datetime, *, besides: Collection[UUID]
) -> Gone:
    """Count what was known at a moment and was taken back or erased after it.

    Args:
        customer_id: About whom.
        moment: The moment.
        besides: Facts that are accounted for already.
    """
    fates = [
        _OF_ACTION[event.action]
        for event in _taken_out(customer_id).filter(at__gt=moment)
        if (fact_id := as_uuid(event.subject_id))
        and fact_id not in besides
        and _made_at_ms(fact_id) <= moment.timestamp() * 1000
    ]
    return Gone(fates.count("retracted"), fates.count("erased"))


def _readable(rows: QuerySet[Fact], moment: datetime) -> QuerySet[Fact]:
    return (
        rows.exclude(expires_at__lte=moment, pinned=False)
        .select_related("superseded_by")
        .prefetch_related("evidence")
        .order_by("-pinned", "-importance", "-valid_from", "id")
    )


def _taken_out(customer_id: UUID) -> QuerySet[AuditEvent]:
    about_her = search.events(search.Search(customer_ref=customer_id))
    return about_her.filter(action__in=_OF_ACTION, subject_type="fact")


def _made_at_ms(row_id: UUID) -> int:
    return row_id.int >> _UUID7_TIME_SHIFT
