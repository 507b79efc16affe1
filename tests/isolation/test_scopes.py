"""What a scope leaves behind on its connection, however it ended: nothing."""

from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.scope import (
    NO_SCOPE,
    current_scope,
    customer_scope,
    identity_scope,
    tenant_scope,
)
from tests.isolation.owners import Owner, owned_models
from tests.isolation.test_models import copied, refused, sql
from tests.isolation.world import World, keep_unchanged, settings_now, superuser


def ended(owner: Owner) -> None:
    with customer_scope(owner.tenant.id, owner.customer.pk):
        assert sql("select 1 from accounts_customer")


def rolled_back(owner: Owner) -> None:
    with tenant_scope(owner.tenant.id):
        transaction.set_rollback(True)


def broken_by_an_exception(owner: Owner) -> None:
    with suppress(ZeroDivisionError), tenant_scope(owner.tenant.id):
        raise ZeroDivisionError


def broken_by_an_interrupt(owner: Owner) -> None:
    with suppress(KeyboardInterrupt), tenant_scope(owner.tenant.id):
        raise KeyboardInterrupt


def broken_by_the_database(owner: Owner) -> None:
    with suppress(DatabaseError), tenant_scope(owner.tenant.id):
        sql("select 1 / 0")


def nested(owner: Owner) -> None:
    with tenant_scope(owner.tenant.id), identity_scope():
        pass
    with (
        tenant_scope(owner.tenant.id),
        customer_scope(owner.tenant.id, owner.customer.pk),
    ):
        pass


def nested_and_broken(owner: Owner) -> None:
    with (
        tenant_scope(owner.tenant.id),
        suppress(ZeroDivisionError),
        customer_scope(owner.tenant.id, owner.customer.pk),
    ):
        raise ZeroDivisionError


def for_finding_out_who_it_is(owner: Owner) -> None:
    with identity_scope():
        assert sql("select 1 from accounts_user where id = %s", owner.users["admin"].pk)


ENDINGS: list[Callable[[Owner], None]] = [
    ended,
    rolled_back,
    broken_by_an_exception,
    broken_by_an_interrupt,
    broken_by_the_database,
    nested,
    nested_and_broken,
    for_finding_out_who_it_is,
]
every_ending = pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)


def nothing_is_open(owner: Owner) -> None:
    """Nobody's row can be read, and none of hers written, in any table."""
    assert current_scope() == NO_SCOPE
    assert settings_now() == ("", "", "")
    for model in owned_models():
        assert sql(f"select count(*) from {model._meta.db_table}") == [(0,)], model
        assert refused(*copied(model, owner)), model


@every_ending
def test_after_a_scope_its_connection_is_as_before(
    world: World, end: Callable[[Owner], None]
) -> None:
    with keep_unchanged(world.victim):
        end(world.victim)
        nothing_is_open(world.victim)


@every_ending
def test_after_a_scope_inside_a_transaction_nothing_is_open(
    world: World, end: Callable[[Owner], None]
) -> None:
    """There a scope is a savepoint, and releasing one restores no setting."""
    with keep_unchanged(world.victim), transaction.atomic():
        end(world.victim)
        nothing_is_open(world.victim)


@every_ending
def test_after_a_scope_inside_of_another_the_outer_one_is_back(
    world: World, end: Callable[[Owner], None]
) -> None:
    own = world.own
    with tenant_scope(own.tenant.id):
        before = settings_now(), current_scope()
        end(world.victim)
        assert (settings_now(), current_scope()) == before
        for model in owned_models():
            texts = sql(f"select r::text from {model._meta.db_table} r")
            assert world.victim.mark not in str(texts)


@every_ending
def test_another_thread_gets_a_connection_without_a_scope(
    world: World, end: Callable[[Owner], None]
) -> None:
    """The pool hands on the very connection that the scope was open on."""
    found: list[tuple[str, ...]] = []

    def look() -> None:
        found.append(settings_now())
        connection.close()

    end(world.victim)
    connection.close()
    threads = [Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert found == [("", "", "")] * 3


@pytest.mark.parametrize("opened", ["tenant", "customer", "identity"])
def test_a_scope_lives_in_its_transaction_alone(world: World, opened: str) -> None:
    """Every setting is transaction-local: a rollback behind Django's back ends it."""
    owner = world.victim
    scope = {
        "tenant": tenant_scope(owner.tenant.id),
        "customer": customer_scope(owner.tenant.id, owner.customer.pk),
        "identity": identity_scope(),
    }[opened]
    with suppress(DatabaseError), scope:
        assert settings_now() != ("", "", "")
        connection.connection.rollback()
        assert settings_now() == ("", "", "")


def test_nobodys_connection_keeps_a_transaction_open(world: World) -> None:
    for end in ENDINGS:
        end(world.victim)
    idle = superuser().execute(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and state like 'idle in transaction%'"
    )
    assert idle.fetchone() == (0,)
