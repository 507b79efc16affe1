"""What the desk shows of its customers: the list, and one customer's four tiers.

Every query here counts or reads a whole page at once: the number of queries depends
neither on how many customers there are nor on how much is known about one.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Customer
from memory import facts, working
from memory.models import Embedding, Fact, Summary
from memory.timeline import Timeline, draw

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Record:
    """One customer with everything that the four tiers hold about her.

    Attributes:
        current: The facts that hold now, the most important first.
        history: The facts that held once, the latest first.
        summaries: The newest version of each conversation's summaries.
        entries: One page of the vector index.
        dimensions: How long the vectors on that page are.
    """

    customer: Customer
    working: list[working.WorkingItem]
    current: list[Fact]
    history: list[Fact]
    summaries: list[Summary]
    entries: Page[Embedding]
    timeline: Timeline | None

    @property
    def episodes(self) -> list[Summary]:
        """The summaries of whole conversations."""
        return [s for s in self.summaries if s.kind == Summary.Kind.EPISODE]

    @property
    def seen(self) -> dict[str, int]:
        """How much of it a reader is shown, for the audit log."""
        return {
            "facts": len(self.current) + len(self.history),
            "summaries": len(self.summaries),
            "entries": len(self.entries),
            "working": len(self.working),
        }

    @property
    def working_tokens(self) -> int:
        """What all of working memory counts in a prompt."""
        return sum(item.tokens for item in self.working)

    @property
    def pinned(self) -> int:
        """How many of the current facts are pinned."""
        return sum(fact.pinned for fact in self.current)

    @property
    def dimensions(self) -> list[int]:
        """The different lengths of the vectors on this page of the index."""
        return sorted({entry.model.dimensions for entry in self.entries})


def customers(rows: QuerySet[Customer], search: str = "") -> QuerySet[Customer]:
    """Return customers with `facts` and `episodes` counted, the last seen first.

    Args:
        rows: The customers to choose from.
        search: Part of a name, an e-mail address or an external id; empty for all.
    """
    rows = directory(rows, search)
    episodes = Summary.objects.filter(kind=Summary.Kind.EPISODE)
    current = facts.current_facts().prefetch_related(None)
    return rows.annotate(
        facts=_counted(current, "id"),
        episodes=_counted(episodes, "conversation_id"),
    )


def directory(rows: QuerySet[Customer], search: str = "") -> QuerySet[Customer]:
    """Return those whose name, address or external id has a text, last seen first."""
    for word in search.replace("\0", " ").split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(email__icontains=word)
            | Q(external_id__icontains=word)
        )
    return rows.order_by(F("last_seen_at").desc(nulls_last=True), "-id")


def record(customer: Customer, *, page: str | int = 1) -> Record:
    """Return what is kept about a customer, with one page of her vector index."""
    current = list(facts.current_facts().filter(customer_id=customer.id))
    history = list(_history(customer.id))
    summaries = list(_newest_summaries(customer.id))
    return Record(
        customer=customer,
        working=working.items(customer.tenant_id, customer.id),
        current=current,
        history=history,
        summaries=summaries,
        entries=Paginator(_entries(customer.id), PAGE_ROWS).get_page(page),
        timeline=draw(
            facts=[*current, *history],
            episodes=[s for s in summaries if s.kind == Summary.Kind.EPISODE],
            now=timezone.now(),
        ),
    )


def _history(customer_id: UUID) -> QuerySet[Fact]:
    rows: QuerySet[Fact] = Fact.objects.filter(customer_id=customer_id)
    over = Q(valid_to__isnull=False) | Q(expires_at__lte=timezone.now())
    return (
        rows.filter(over)
        .select_related("superseded_by")
        .prefetch_related("evidence")
        .order_by(F("valid_to").desc(nulls_first=True), "key")
    )


def _newest_summaries(customer_id: UUID) -> QuerySet[Summary]:
    newest = (
        Summary.objects.filter(customer_id=customer_id)
        .order_by("conversation_id", "kind", "-version")
        .distinct("conversation_id", "kind")
        .values("id")
    )
    rows: QuerySet[Summary] = Summary.objects.filter(id__in=newest)
    return rows.order_by("-ended_at", "kind")


def _entries(customer_id: UUID) -> QuerySet[Embedding]:
    rows: QuerySet[Embedding] = Embedding.objects.filter(customer_id=customer_id)
    # While the desk changes its model, an entry has vectors of two: it is shown once.
    once = rows.order_by("source_id", "chunk", "-model__active", "id")
    once = once.distinct("source_id", "chunk")
    return (
        rows.filter(id__in=once.values("id"))
        .select_related("model")
        .defer("vector", "keywords")
        .order_by("-occurred_at", "source_id", "chunk")
    )


def _counted(rows: QuerySet[Fact] | QuerySet[Summary], field: str) -> Coalesce:
    per_customer = (
        rows.filter(customer_id=OuterRef("pk"))
        .order_by()
        .values("customer_id")
        .annotate(counted=Count(field, distinct=True))
        .values("counted")
    )
    return Coalesce(Subquery(per_customer), 0)
