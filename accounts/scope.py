"""The scope: which tenant and customer a piece of work may touch.

This is the only module that sets the scope in PostgreSQL. A scope opens a transaction,
sets it transaction-locally (a session-level setting would survive in a pooled
connection) and restores what was there before when it ends. Row-level security
(`accounts.rls`) reads the same settings, so a query outside a scope sees no row, and
the managers in `accounts.models` refuse to make such a query at all.

Async code uses one synchronous function per unit of work with the scope inside it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction


class ScopeRequiredError(RuntimeError):
    """A tenant's rows were asked for with no scope open."""


class ScopeWidenedError(RuntimeError):
    """Work for one customer tried to reach for somebody else's rows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the running work may touch.

    Attributes:
        tenant_id: The tenant whose rows are visible, or None.
        customer_id: The one customer whose rows are visible; None means all customers
            of the tenant.
        identity: True while finding out who is there (sign-in, session, listing the
            tenants for scheduled work): tenants and users of all tenants are visible,
            nothing about any customer is.
    """

    tenant_id: UUID | None = None
    customer_id: UUID | None = None
    identity: bool = False


NO_SCOPE = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=NO_SCOPE)


def current_scope() -> Scope:
    """Return the scope that is open now; `NO_SCOPE` when there is none."""
    return _scope.get()


def require_tenant() -> UUID:
    """Return the tenant in scope.

    Raises:
        ScopeRequiredError: No tenant is in scope.
    """
    tenant_id = current_scope().tenant_id
    if tenant_id is None:
        raise ScopeRequiredError(
            "No tenant in scope: wrap this work in tenant_scope() or customer_scope()."
        )
    return tenant_id


@contextmanager
def tenant_scope(tenant_id: UUID) -> Iterator[None]:
    """Let the block touch the rows of one tenant, in one transaction.

    Raises:
        ScopeWidenedError: The scope of one of its customers is open.
    """
    with _open(Scope(tenant_id=tenant_id)):
        yield


@contextmanager
def customer_scope(tenant_id: UUID, customer_id: UUID) -> Iterator[None]:
    """Let the block touch the rows of one customer only, in one transaction.

    The assistant's turn runs in here, so that not even a bug can show it somebody
    else's memory: no wider scope can be opened inside.
    """
    with _open(Scope(tenant_id=tenant_id, customer_id=customer_id)):
        yield


def scope_for(
    tenant_id: UUID, customer_id: UUID | None = None
) -> AbstractContextManager[None]:
    """Return the customer's scope where one is known, and the tenant's otherwise."""
    if customer_id is None:
        return tenant_scope(tenant_id)
    return customer_scope(tenant_id, customer_id)


@contextmanager
def identity_scope() -> Iterator[None]:
    """Let the block find users and tenants, and nothing about any customer."""
    with _open(Scope(identity=True)):
        yield


@contextmanager
def _open(scope: Scope) -> Iterator[None]:
    before = current_scope()
    if before.customer_id is not None and not _stays_within(scope, before):
        raise ScopeWidenedError("A customer's scope cannot be left from inside of it.")
    with transaction.atomic():
        _set(scope)
        token = _scope.set(scope)
        try:
            yield
        finally:
            _scope.reset(token)
    # A rollback restores the settings by itself, and so does the end of the outermost
    # transaction; only a released savepoint leaves them behind.
    if connection.in_atomic_block:
        _set(before)


def _stays_within(scope: Scope, narrow: Scope) -> bool:
    # Finding out who is there shows nothing about any customer.
    return scope == narrow or scope.identity


def _set(scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('app.tenant_id', %s, true),"
            " set_config('app.customer_id', %s, true),"
            " set_config('app.identity', %s, true)",
            [
                str(scope.tenant_id or ""),
                str(scope.customer_id or ""),
                "on" if scope.identity else "",
            ],
        )
