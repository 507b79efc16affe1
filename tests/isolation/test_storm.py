"""A storm: many tenants at once over four connections, with cancellations.

`make storm` runs it with 200,000 operations; here it is a small one. An operation is
one read or one write; a unit of work does a few of them in one scope.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection, connections, transaction
from psycopg.pq import TransactionStatus
from pytest_django import DjangoDbBlocker

from accounts.models import Customer, Tenant
from accounts.scope import (
    NO_SCOPE,
    current_scope,
    customer_scope,
    identity_scope,
    tenant_scope,
)
from chat.models import Conversation
from tests.conftest import empty_database
from tests.isolation.world import settings_now

OPERATIONS = int(os.environ.get("STORM_OPERATIONS", "2000"))
TENANTS = 20
CUSTOMERS = 3
CONNECTIONS = 4
THREADS = 6
TASKS = 10
CANCELLED_SHARE = 0.05


class CutOff(BaseException):
    """What ends work from outside, as KeyboardInterrupt does: nobody catches it."""


@dataclass
class Desk:
    """A tenant whose every row says whose it is."""

    id: UUID
    tag: str
    customers: dict[UUID, str] = field(default_factory=dict)


@dataclass
class Tally:
    """What was done, and what went wrong; appended to by many threads."""

    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def operations(self) -> int:
        return sum(n for name, n in self.done.items() if name in NAMES)


@pytest.fixture
def desks(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[list[Desk]]:
    """Twenty tenants, over a pool that is far too small for them."""
    pool = connections["default"].settings_dict["OPTIONS"]["pool"]
    plain = dict(pool)
    with django_db_blocker.unblock():
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        pool.update(max_size=CONNECTIONS, timeout=60)
        yield [_desk(number) for number in range(TENANTS)]
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        pool.update(plain)
    empty_database()


def _desk(number: int) -> Desk:
    tag = f"desk{number:02d}"
    with identity_scope():
        tenant = Tenant.objects.create(slug=tag, name=tag)
    desk = Desk(tenant.id, tag)
    with tenant_scope(tenant.id):
        for place in range(CUSTOMERS):
            name = f"{tag}:{place}"
            customer = Customer.objects.create(tenant=tenant, name=name)
            desk.customers[customer.id] = name
            for _ in range(2):
                Conversation.objects.create(
                    tenant=tenant, customer=customer, subject=name, preview=name
                )
    return desk


# --- Operations: each reads or writes, and says what it saw --------------------------


def read_rows(_: str) -> list[str]:
    return list(Conversation.objects.values_list("preview", flat=True))


def read_joined(_: str) -> list[str]:
    rows = Conversation.objects.select_related("customer")
    return [row.customer.name for row in rows]


def read_sql(_: str) -> list[str]:
    """No filter at all: the policy is alone."""
    with connection.cursor() as cursor:
        cursor.execute("select subject from chat_conversation")
        return [subject for (subject,) in cursor.fetchall()]


def write_rows(tag: str) -> list[str]:
    """Every row that can be reached is written, so a foreign one would show later."""
    mine = Conversation.objects.filter(subject__startswith=tag)[:1].get()
    Conversation.objects.filter(pk=mine.pk).update(preview=mine.subject)
    return [mine.subject]


def write_in_a_savepoint(tag: str) -> list[str]:
    with suppress(ZeroDivisionError), transaction.atomic():
        Conversation.objects.update(preview="from nowhere")
        raise ZeroDivisionError
    return read_sql(tag)


def find_out_who_it_is(tag: str) -> list[str]:
    with identity_scope(), connection.cursor() as cursor:
        cursor.execute("select count(*) from chat_conversation")
        assert cursor.fetchone() == (0,), "a conversation showed while signing in"
    return read_sql(tag)


OPERATION = [
    read_rows,
    read_joined,
    read_sql,
    write_rows,
    write_in_a_savepoint,
    find_out_who_it_is,
]
NAMES = frozenset(operation.__name__ for operation in OPERATION)


def cut_off() -> None:
    raise CutOff


def fail() -> None:
    raise ZeroDivisionError


def be_cancelled() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 1")
        cursor.execute("select pg_sleep(1)")


# What PostgreSQL itself ends: a cancelled statement, and one of two that wait for each
# other.
CALLED_OFF = (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected)

ENDINGS: list[Callable[[], None]] = [cut_off, fail, be_cancelled]


def unit(desk: Desk, tally: Tally, lot: random.Random, *, breaks: bool) -> None:
    """One unit of work: a scope, some operations in it, perhaps a violent end."""
    customer, tag = None, desk.tag
    if lot.random() < 0.5:
        customer, tag = lot.choice(list(desk.customers.items()))
    scope = customer_scope(desk.id, customer) if customer else tenant_scope(desk.id)
    try:
        with scope:
            for _ in range(lot.randint(2, 6)):
                operation = lot.choice(OPERATION)
                seen = operation(tag)
                tally.done[operation.__name__] += 1
                if not seen or any(not text.startswith(tag) for text in seen):
                    tally.wrong.append(f"{operation.__name__} for {tag} saw {seen}")
            if breaks:
                ending = lot.choice(ENDINGS)
                tally.done[f"ended: {ending.__name__}"] += 1
                ending()
    except (ZeroDivisionError, CutOff):
        pass
    except DatabaseError as error:
        if not isinstance(error.__cause__, CALLED_OFF):
            tally.wrong.append(f"{tag}: {error!r}")
        tally.done[f"ended: {type(error.__cause__).__name__}"] += 1
    finally:
        after(tally, tag, lot)
        connection.close()


def after(tally: Tally, tag: str, lot: random.Random) -> None:
    """Nothing of the scope is left on the connection that goes back to the pool."""
    if current_scope() != NO_SCOPE:
        tally.wrong.append(f"{tag}: the scope is still open")
    if lot.random() < 0.1:
        if settings_now() != ("", "", ""):
            tally.wrong.append(f"{tag}: the connection keeps {settings_now()}")
        if seen := read_sql(tag):
            tally.wrong.append(f"{tag}: without a scope {seen} was seen")


# --- Who does them --------------------------------------------------------------------


def thread(desks: list[Desk], tally: Tally, seed: int) -> None:
    """Work as a Celery worker or a page does: one unit after the other."""
    lot = random.Random(seed)
    while tally.operations < OPERATIONS and not tally.wrong:
        breaks = lot.random() < CANCELLED_SHARE
        unit(lot.choice(desks), tally, lot, breaks=breaks)


async def socket(desks: list[Desk], tally: Tally, seed: int) -> None:
    """Work as a socket does: units on pool threads, and the task may be cancelled."""
    lot = random.Random(seed)
    while tally.operations < OPERATIONS and not tally.wrong:
        run = sync_to_async(unit, thread_sensitive=False)
        desk, own = lot.choice(desks), random.Random(lot.random())
        work = asyncio.ensure_future(run(desk, tally, own, breaks=False))
        if lot.random() < CANCELLED_SHARE:
            tally.done["cancelled tasks"] += 1
            with suppress(asyncio.CancelledError, TimeoutError):
                if lot.random() < 0.5:
                    await asyncio.sleep(lot.random() / 200)
                    work.cancel()
                    await work
                else:
                    await asyncio.wait_for(work, lot.random() / 200)
        else:
            await work
        if current_scope() != NO_SCOPE:
            tally.wrong.append("a task inherited the scope of its unit")


async def sockets(desks: list[Desk], tally: Tally) -> None:
    await asyncio.gather(*(socket(desks, tally, 1_000 + n) for n in range(TASKS)))


def every_pooled_connection() -> Iterator[Any]:
    # This thread's own goes back, too.
    connection.close()
    pool: Any = connections["default"].pool  # type: ignore[attr-defined]
    held = [pool.getconn() for _ in range(CONNECTIONS)]
    yield from held
    for one in held:
        pool.putconn(one)


def test_a_storm_shows_nobody_elses_row_and_poisons_no_connection(
    desks: list[Desk],
) -> None:
    tally, started = Tally(), time.monotonic()
    with ThreadPoolExecutor(THREADS + 1) as pool:
        jobs = [pool.submit(thread, desks, tally, seed) for seed in range(THREADS)]
        jobs.append(pool.submit(asyncio.run, sockets(desks, tally)))
        for job in jobs:
            job.result()
    took = time.monotonic() - started
    assert tally.wrong == []
    for one in every_pooled_connection():
        assert one.info.transaction_status is TransactionStatus.IDLE
        found = one.execute(
            "select coalesce(current_setting(name, true), '') from unnest(array["
            "'app.tenant_id', 'app.customer_id', 'app.identity']) name"
        ).fetchall()
        assert found == [("",)] * 3
        assert one.execute("select count(*) from chat_conversation").fetchone() == (0,)
        one.rollback()
    for desk in desks:
        with tenant_scope(desk.id):
            rows = list(Conversation.objects.values_list("subject", "preview"))
        assert len(rows) == 2 * CUSTOMERS
        assert all(subject == preview for subject, preview in rows)
    ended = {k: n for k, n in tally.done.items() if k not in NAMES}
    print(  # noqa: T201 - what `make storm` is run for
        f"\n{tally.operations:,} operations of {TENANTS} tenants over {CONNECTIONS}"
        f" connections in {took:.1f} s: {tally.operations / took:,.0f} a second."
        f" Cut short: {ended}"
    )
