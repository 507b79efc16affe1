"""Brings every secret in the database under the first key, tenant by tenant."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Model

from accounts import secrets
from accounts.fields import EncryptedTextField, Sealed
from accounts.models import Tenant
from accounts.scope import identity_scope, tenant_scope


def rotate_secrets() -> dict[str, Counter[str]]:
    """Encrypt every secret again that is not under the first key: safe to repeat.

    A tenant's secrets change in one transaction; an interrupted run is continued by
    the next.

    Returns:
        By column, how many secrets there are (`secrets`) and how many of them were
        encrypted again (`rotated`).

    Raises:
        SecretUnreadableError: No key reads one of them; that tenant is left as it was.
    """
    counts: dict[str, Counter[str]] = {}
    with identity_scope():
        tenant_ids = list(Tenant.objects.order_by("pk").values_list("pk", flat=True))
    for tenant_id in tenant_ids:
        with tenant_scope(tenant_id):
            for model, column in _places():
                counted = counts.setdefault(f"{model._meta.label}.{column}", Counter())
                counted.update(_rotate_column(model, column))
    return counts


def _places() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field.name
    # Keys and seeds inside of JSON: allauth's column, which `StaffMfaAdapter` encrypts.
    yield Authenticator, "data"


def _rotate_column(model: type[Model], column: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    rows: models.QuerySet[Any] = model._meta.default_manager.all()  # type: ignore[union-attr]  # each has one
    locked = rows.order_by("pk").select_for_update(of=("self",))
    for pk, value in locked.values_list("pk", column):
        found: Counter[str] = Counter()
        new = _rotated(value, found)
        if found["rotated"]:
            rows.filter(pk=pk).update(**{column: new})
        counted.update(found)
    return counted


def _rotated(value: Any, counted: Counter[str]) -> Any:
    """Rotate a ciphertext, or each one within a JSON value."""
    if isinstance(value, dict):
        return {name: _rotated(inner, counted) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rotated(inner, counted) for inner in value]
    if not isinstance(value, Sealed) and not secrets.looks_encrypted(value):
        return value
    new = secrets.rotate(value)
    counted["secrets"] += 1
    counted["rotated"] += new != value
    return Sealed(new)


def encrypt_column(*, table: str, column: str, tenant_column: str) -> int:
    """Encrypt what a column holds in plain text, for a migration.

    The owner of a table is bound by its policy like everybody, and sees no row without
    a scope: the tenants are gone through one by one. Nothing may be left afterwards.

    Returns:
        How many values were encrypted.

    Raises:
        RuntimeError: A row was out of reach.
    """
    done = 0
    with transaction.atomic(), connection.cursor() as cursor:
        with identity_scope():
            cursor.execute("select id from accounts_tenant order by id")
            tenant_ids: list[UUID] = [row[0] for row in cursor.fetchall()]
        for tenant_id in tenant_ids:
            with tenant_scope(tenant_id):
                cursor.execute(
                    f"select id, {column} from {table}"  # noqa: S608 - names from our migrations
                    f" where {tenant_column} = %s and {column} <> ''",
                    [tenant_id],
                )
                for row_id, text in cursor.fetchall():
                    if secrets.looks_encrypted(text):
                        continue
                    cursor.execute(
                        f"update {table} set {column} = %s where id = %s",  # noqa: S608 - as above
                        [secrets.encrypt(text), row_id],
                    )
                    done += cursor.rowcount
        _assert_none_left(cursor, table, column)
    return done


def _assert_none_left(cursor: Any, table: str, column: str) -> None:
    """Count past the policy: only the owner can, and only inside this transaction."""
    cursor.execute(f"alter table {table} no force row level security")
    cursor.execute(
        f"select count(*) from {table} where {column} <> ''"  # noqa: S608 - as above
        f" and {column} not like %s",
        [f"{secrets.TOKEN_START}%"],
    )
    (left,) = cursor.fetchone()
    cursor.execute(f"alter table {table} force row level security")
    if left:
        raise RuntimeError(f"{left} values of {table}.{column} were out of reach.")
