"""How long each kind of memory is kept, and how fast it ages.

The preview of a rule and the prune that follows it ask the same question of the
database (`overdue`), so that what was announced is what is deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import (
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import audit
from accounts.models import CustomerModel, User
from accounts.scope import require_tenant
from memory.models import (
    Consolidation,
    Embedding,
    Evidence,
    Fact,
    PrivacyRequest,
    PrivacySubject,
    RetentionRule,
    ReviewItem,
    Summary,
)

# What a preview shows of each kind.
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of memory.

    Attributes:
        title: For people.
        model: Where its rows are.
        rows: Which of them are of this kind and end by age at all.
        since: From when their time counts, as people read it.
        keep_days: How long they are kept where the desk says nothing; None for ever.
        half_life_days: In how many days they count half; None where nothing is
            recalled of them.
    """

    name: str
    title: str
    model: type[CustomerModel]
    rows: Q
    since: str
    keep_days: int | None = None
    half_life_days: int | None = None

    @property
    def always_ends(self) -> bool:
        """Whether it may not be kept for ever: its time is written into its rows."""
        return self.model is Embedding


def _facts(kind: Fact.Kind, title: str, keep: int | None, half_life: int) -> Kind:
    rows = Q(kind=kind, pinned=False)
    return Kind(kind, title, Fact, rows, "last said or used", keep, half_life)


# Sources: messages 168 h and episodes 90 days (mission, F12); facts stay. What a
# customer is ages slower than what she wrote, and what she is about to do fastest.
KINDS: Final = {
    kind.name: kind
    for kind in (
        _facts(Fact.Kind.FACT, "Facts", None, 365),
        _facts(Fact.Kind.PREFERENCE, "Preferences", None, 365),
        _facts(Fact.Kind.EVENT, "Events", None, 180),
        _facts(Fact.Kind.INTENT, "Intents", 90, 30),
        _facts(Fact.Kind.ISSUE, "Issues", 365, 90),
        Kind(
            "episode",
            "Summaries of conversations",
            Summary,
            Q(kind=Summary.Kind.EPISODE),
            "written",
            90,
            180,
        ),
        Kind(
            "rolling",
            "Summaries of what was said so far",
            Summary,
            Q(kind=Summary.Kind.ROLLING),
            "written",
            90,
        ),
        Kind(
            "message",
            "Messages in the index",
            Embedding,
            Q(source_kind=Embedding.SourceKind.MESSAGE),
            "indexed",
            7,
            90,
        ),
        Kind(
            "review",
            "Decided reviews",
            ReviewItem,
            ~Q(state=ReviewItem.State.WAITING),
            "decided",
            365,
        ),
        Kind(
            "run",
            "Log of remembering",
            Consolidation,
            # What was given up waits for people.
            ~Q(state=Consolidation.State.GIVEN_UP),
            "finished",
            30,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How long, and how fast: None keeps for ever, and None does not age."""

    keep_days: int | None
    half_life_days: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would delete, without a word of it.

    Attributes:
        rows: How many.
        customers: Of how many customers.
        oldest: Since when the oldest is there; None when there is nothing.
        examples: Some of them: the end of the customer's id, and since when.
    """

    kind: Kind
    rows: int
    customers: int
    oldest: datetime | None
    examples: tuple[tuple[str, datetime], ...]


def rules() -> dict[str, Rule]:
    """Return the desk's rule for every kind, in the order of `KINDS`."""
    own = {row.kind: row for row in RetentionRule.objects.all()}
    return {
        name: Rule(own[name].keep_days, own[name].half_life_days)
        if name in own
        else Rule(kind.keep_days, kind.half_life_days)
        for name, kind in KINDS.items()
    }


def message_ttl() -> timedelta:
    """Return how long the desk keeps messages in the index."""
    return timedelta(days=_message_days())


def overdue(kind: Kind, keep_days: int | None, at: datetime) -> QuerySet[Any]:
    """Return the rows whose time is over, each with `since`, the oldest first.

    Nothing of a customer's is overdue while a privacy request of hers is unfinished:
    what she asked for must be there when somebody answers.
    """
    rows: QuerySet[Any] = kind.model.objects.filter(kind.rows)
    rows = rows.exclude(customer_id__in=asked_for()).annotate(since=_since(kind))
    if keep_days is None:
        return rows.none()
    over = rows.filter(since__lte=at - timedelta(days=keep_days))
    return over.order_by("since", "id")


def previews(proposed: Mapping[str, Rule]) -> list[Preview]:
    """Say what these rules would delete at the next prune, kind by kind."""
    at = timezone.now()
    return [_preview(KINDS[name], rule, at) for name, rule in proposed.items()]


@transaction.atomic
def change(*, user: User, proposed: Mapping[str, Rule], reason: str) -> list[str]:
    """Set the desk's rules; they take effect at the next prune.

    Args:
        user: The admin.
        proposed: The rule of each kind that is to have one.
        reason: Why, in her own words.

    Returns:
        The kinds whose rule is another now.
    """
    before = rules()
    changed = [name for name, rule in proposed.items() if before[name] != rule]
    for name in changed:
        RetentionRule.objects.update_or_create(
            tenant_id=require_tenant(),
            kind=name,
            defaults={
                "keep_days": proposed[name].keep_days,
                "half_life_days": proposed[name].half_life_days,
                "changed_at": timezone.now(),
            },
        )
    if "message" in changed:
        _move_messages(before["message"], proposed["message"])
    if changed:
        audit.record(
            actor=user.actor,
            action="retention.changed",
            subject_type="tenant",
            subject_id=require_tenant(),
            reason=reason,
            detail={f"{name}_days": proposed[name].keep_days for name in changed},
        )
    return changed


def asked_for() -> QuerySet[PrivacySubject, Any]:
    """Return the ids of customers with an unfinished privacy request."""
    unfinished = Q(request__state__in=PrivacyRequest.UNFINISHED)
    found: QuerySet[PrivacySubject, Any] = PrivacySubject.objects.filter(unfinished)
    return found.values("customer_ref")


def _since(kind: Kind) -> Combinable:
    """Return from when a row's time counts; being used counts as being said anew."""
    if kind.model is Fact:
        said = Evidence.objects.filter(fact=OuterRef("pk")).order_by("-said_at")
        return Greatest("recorded_at", "used_at", Subquery(said.values("said_at")[:1]))
    if kind.model is Embedding:
        # An entry knows when it ends, so that recall asks nothing else.
        indexed = F("expires_at") - message_ttl()
        return ExpressionWrapper(indexed, output_field=DateTimeField())
    at = {Summary: "created_at", ReviewItem: "decided_at", Consolidation: "finished_at"}
    return F(at[kind.model])


def _preview(kind: Kind, rule: Rule, at: datetime) -> Preview:
    rows = overdue(kind, rule.keep_days, at)
    count = rows.aggregate(
        rows=Count("id"), customers=Count("customer_id", distinct=True)
    )
    first = list(rows.values_list("customer_id", "since")[:_EXAMPLES])
    return Preview(
        kind=kind,
        rows=count["rows"],
        customers=count["customers"],
        oldest=first[0][1] if first else None,
        examples=tuple((customer.hex[-8:], since) for customer, since in first),
    )


def _move_messages(before: Rule, after: Rule) -> None:
    """Let what is in the index already end by the new rule, too."""
    by = timedelta(days=_days(after) - _days(before))
    Embedding.objects.filter(KINDS["message"].rows).update(
        expires_at=F("expires_at") + by
    )


def _message_days() -> int:
    own = RetentionRule.objects.filter(kind="message").first()
    return _days(Rule(own.keep_days if own else None, None))


def _days(rule: Rule) -> int:
    """Return for how many days messages stay; they never stay for ever."""
    return rule.keep_days or KINDS["message"].keep_days or 0
