"""Export and erasure: everything that is kept about one customer, wherever it is.

What counts as hers is not a list that somebody maintains: every model derived from
`CustomerModel` belongs to it, and so does every Redis key under the customer's prefix.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accounts import audit
from accounts.models import Customer, CustomerModel, User
from accounts.scope import require_tenant
from memory import working
from memory.models import ErasureReceipt

WORKING = "redis_keys"
# What the stores are called for people, in the order in which people read them; one
# that is not named here comes last, under its model's own plural.
TITLES = {
    "accounts.customer": "Profile",
    "memory.fact": "Facts, with history",
    "memory.evidence": "Evidence of the facts",
    "memory.summary": "Summaries",
    "memory.embedding": "Vector index",
    "memory.reviewitem": "Held for review",
    WORKING: "Working memory",
    "chat.conversation": "Conversations",
    "chat.message": "Messages",
    "chat.event": "Conversation log",
}
_ERASURE_TRIES = 5
# Derived from the texts beside them, and nothing that a person could read.
_DERIVED = frozenset({"vector", "keywords"})


@dataclass(frozen=True, slots=True)
class Category:
    """One table's rows about a customer, ready to be written out.

    Attributes:
        name: File name of the category, such as `memory_facts`.
        title: For people.
        rows: The fields of each row, in the order of their ids (oldest first).
    """

    name: str
    title: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Store:
    """How much of one store is about a customer.

    Attributes:
        title: For people.
        rows: How many rows or keys; None when the store does not answer.
    """

    title: str
    rows: int | None


def short_ref(customer_id: UUID) -> str:
    """Return the end of a customer's id: enough to tell two apart on a page."""
    return customer_id.hex[-8:]


def title(store: str) -> str:
    """Return what a store is called for people, by its label such as `memory.fact`."""
    try:
        return (
            TITLES.get(store)
            or str(apps.get_model(store)._meta.verbose_name_plural).capitalize()
        )
    except (LookupError, ValueError):
        # A receipt outlives the tables that it counts.
        return store


def kept(customers: Collection[Customer]) -> list[Store]:
    """Count what is kept about customers, store by store, all of them together."""
    ids = [customer.id for customer in customers]
    found: dict[str, int | None] = {
        "accounts.customer": len(ids),
        WORKING: _count_keys(ids),
    }
    for model in customer_models():
        rows = model.objects.filter(customer_id__in=ids).count()
        found[model._meta.label_lower] = rows
    return _stores(found)


def erased(receipt: ErasureReceipt) -> list[Store]:
    """Return what a receipt says was erased, store by store."""
    return _stores(receipt.counts)


def _stores(counts: Mapping[str, int | None]) -> list[Store]:
    return [Store(title(name), counts[name]) for name in sorted(counts, key=_place)]


def customer_models() -> list[type[CustomerModel]]:
    """Return every model with rows about customers, children before parents."""
    found = [model for model in apps.get_models() if issubclass(model, CustomerModel)]
    return sorted(found, key=_depth, reverse=True)


def export_customer(*, customer: Customer, user: User, reason: str = "") -> bytes:
    """Return a ZIP of all that is kept about a customer.

    It holds `README.html` for people, `data/<category>.json` for machines and
    `manifest.json` with size, rows and SHA-256 of each file.
    """
    categories = list(_categories(customer))
    exported_at = timezone.now()
    files = {
        "README.html": render_to_string(
            "memory/export.html",
            {
                "customer": customer,
                "categories": categories,
                "exported_at": exported_at,
            },
        ).encode()
    }
    for category in categories:
        text = json.dumps(category.rows, ensure_ascii=False, indent=2)
        files[f"data/{category.name}.json"] = text.encode()
    rows = {f"data/{c.name}.json": len(c.rows) for c in categories}
    manifest = {
        "customer": str(customer.id),
        "exported_at": exported_at.isoformat(),
        "left_out": {
            "vectors and keywords of the index": "Derived from the texts beside them.",
        },
        "files": [
            {
                "name": name,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": rows.get(name),
            }
            for name, content in files.items()
        ],
    }
    files["manifest.json"] = json.dumps(manifest, indent=2).encode()
    audit.record(
        actor=user.actor,
        action="customer.export",
        subject_type="customer",
        subject_id=customer.id,
        customer_id=customer.id,
        reason=reason,
        detail={"rows": sum(rows.values())},
    )
    return _zip(files)


def erase_customer(
    *, customer: Customer, user: User, reason: str = "", approved_by: User | None = None
) -> ErasureReceipt:
    """Erase a customer from all tiers, messages and caches, and look again afterwards.

    The customer's row goes too, and every row about a customer points at it: a late
    job finds nobody to write about.

    Args:
        customer: Whom.
        user: Who erases her.
        reason: Why; it must not name her, since the receipt keeps it.
        approved_by: Who else agreed to it.

    Raises:
        redis.RedisError: Redis is away; nothing was erased.
        Customer.DoesNotExist: Somebody else has erased her meanwhile.
    """
    for _ in range(_ERASURE_TRIES - 1):
        try:
            return _erase(customer, user, reason, approved_by)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            # Somebody who wrote to her conversation waited for her row meanwhile, and
            # PostgreSQL chose the erasure to give way; the writer is through by now.
    return _erase(customer, user, reason, approved_by)


@transaction.atomic
def _erase(
    customer: Customer, user: User, reason: str, approved_by: User | None
) -> ErasureReceipt:
    tenant_id, customer_id = customer.tenant_id, customer.id
    Customer.objects.select_for_update().get(pk=customer_id)
    counts = {WORKING: working.erase_customer(tenant_id, customer_id)}
    for model in customer_models():
        counts[model._meta.label_lower] = _delete_rows(model, customer_id)
    counts["accounts.customer"] = Customer.objects.filter(pk=customer_id).delete()[0]
    # A page that was being rendered may have filled the cache again meanwhile.
    counts[WORKING] += working.erase_customer(tenant_id, customer_id)
    receipt: ErasureReceipt = ErasureReceipt.objects.create(
        tenant_id=tenant_id,
        customer_ref=customer_id,
        requested_by=user.actor,
        approved_by=approved_by.actor if approved_by else "",
        reason=reason,
        counts=counts,
        remaining=remaining(customer_id),
    )
    audit.record(
        actor=user.actor,
        action="customer.erase",
        subject_type="customer",
        subject_id=customer_id,
        customer_id=customer_id,
        reason=reason,
        detail={
            "receipt": receipt.id,
            "rows": sum(counts.values()),
            "approved_by": receipt.approved_by or None,
        },
    )
    return receipt


def remaining(customer_id: UUID) -> int:
    """Count what is left of a customer, in PostgreSQL and in Redis.

    This looks at every table with a column named for a customer in the database's own
    catalogue, and at every key and every list of sessions in Redis: not at the lists
    that erasure worked through.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    found = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'public' and (column_name = 'customer_id'"
            "   or (table_name, column_name) = ('accounts_customer', 'id'))"
        )
        for names in cursor.fetchall():
            table, column = map(connection.ops.quote_name, names)
            cursor.execute(
                f"select count(*) from {table} where {column} = %s",  # noqa: S608 - names out of the catalogue, quoted
                [customer_id],
            )
            found += cursor.fetchone()[0]
    return found + working.traces(customer_id)


def _categories(customer: Customer) -> Iterator[Category]:
    stores: dict[str, type[CustomerModel] | None] = {"accounts.customer": None}
    stores |= {model._meta.label_lower: model for model in customer_models()}
    for name in sorted([*stores, WORKING], key=_place):
        if name == WORKING:
            items = working.items(customer.tenant_id, customer.id)
            rows = [{"kind": item.kind, "text": item.text} for item in items]
            yield Category("working_memory", title(WORKING), rows)
        elif (model := stores[name]) is None:
            yield _category(Customer, [customer])
        else:
            found = model.objects.filter(customer_id=customer.id).order_by("id")
            yield _category(model, list(found))


def _category(model: type[Any], rows: list[Any]) -> Category:
    fields = [f for f in model._meta.fields if f.name not in {"tenant", *_DERIVED}]
    values = [{f.name: f.value_from_object(row) for f in fields} for row in rows]
    plain = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    label = model._meta.label_lower
    return Category(label.replace(".", "_"), title(label), plain)


def _place(store: str) -> int:
    names = list(TITLES)
    return names.index(store) if store in TITLES else len(names)


def _count_keys(customer_ids: Collection[UUID]) -> int | None:
    tenant_id = require_tenant()
    try:
        return working.count(tenant_id, customer_ids)
    except redis.RedisError:
        return None


def _delete_rows(model: type[CustomerModel], customer_id: UUID) -> int:
    # Straight in SQL: no cascade decides for itself what goes, and the count is exact.
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"delete from {table} where tenant_id = %s and customer_id = %s",  # noqa: S608 - the name of a model's own table
            [require_tenant(), customer_id],
        )
        return int(cursor.rowcount)


def _depth(model: type[CustomerModel]) -> int:
    """How many customer models stand above this one."""
    parents = {
        field.related_model
        for field in model._meta.fields
        if field.related_model is not None
        and field.related_model is not model
        and issubclass(field.related_model, CustomerModel)
    }
    return 1 + max((_depth(parent) for parent in parents), default=0)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
