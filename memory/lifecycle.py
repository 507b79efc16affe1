"""What ends by itself: memories whose time is over."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Customer
from accounts.scope import require_tenant
from memory import embeddings, retention, working
from memory.models import Embedding, Fact, Summary

# Rows of a kind in one transaction: short enough for others to wait for it.
BATCH_ROWS: Final = 500


@transaction.atomic
def prune() -> dict[str, int]:
    """Delete a batch of what is over in the tenant in scope; pinned facts stay.

    What a deleted fact had superseded stays history: its time being over does not make
    the older one true again.

    Returns:
        How many rows went, by kind; empty when nothing is over any more.
    """
    now = timezone.now()
    gone: Counter[str] = Counter()
    for name, rule in retention.rules().items():
        kind = retention.KINDS[name]
        gone[name] += _delete(retention.overdue(kind, rule.keep_days, now))
    ended = Q(expires_at__lte=now) & ~Q(customer_id__in=retention.asked_for())
    gone["ended"] += _delete(Fact.objects.filter(ended, pinned=False))
    gone["ended"] += _delete(
        Embedding.objects.filter(ended).exclude(
            source_kind__in=[Embedding.SourceKind.FACT, Embedding.SourceKind.MESSAGE]
        )
    )
    counts = {name: count for name, count in gone.items() if count}
    if counts:
        audit.record(
            actor="system",
            action="memory.pruned",
            subject_type="tenant",
            subject_id=require_tenant(),
            detail=counts,
        )
    return counts


def _delete(rows: QuerySet[Any]) -> int:
    """Delete a batch of rows with what the index holds of them; returns how many.

    What belongs to a customer whom somebody works on is left for the next batch.
    """
    whose: dict[UUID, UUID] = dict(rows.values_list("id", "customer_id")[:BATCH_ROWS])
    free = set(_locked(whose.values()))
    ids = [row_id for row_id, customer_id in whose.items() if customer_id in free]
    if not ids:
        return 0
    if rows.model in (Fact, Summary):
        embeddings.remove(ids)
    rows.model.objects.filter(id__in=ids).delete()
    for customer_id in free:
        transaction.on_commit(
            partial(working.forget_bundles, require_tenant(), customer_id)
        )
    return len(ids)


def _locked(customer_ids: Iterable[UUID]) -> Iterable[UUID]:
    rows = Customer.objects.filter(id__in=set(customer_ids)).order_by("id")
    free = rows.select_for_update(no_key=True, skip_locked=True)
    return free.values_list("id", flat=True)
