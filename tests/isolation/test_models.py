"""Every model against every scope that is not its row's own, each wall by itself.

The policies are asked in plain SQL as the app's own role. The managers are asked over
a connection that no policy binds, so that they alone keep a row from being found.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from psycopg.conninfo import conninfo_to_dict

from accounts.models import Customer, Tenant
from accounts.rls import RowLevelSecurity, SameScopeKey
from accounts.scope import (
    ScopeRequiredError,
    customer_scope,
    identity_scope,
    tenant_scope,
)
from tests import environment as env
from tests.isolation import victims
from tests.isolation import world as worlds
from tests.isolation.owners import (
    Owner,
    about_customers,
    has_scoped_manager,
    is_shared,
    label,
    loose_references,
    owned_models,
    relations,
)
from tests.isolation.world import World, keep_unchanged

MODELS = owned_models()
every_model = pytest.mark.parametrize("model", MODELS, ids=label)

# What PostgreSQL may answer to an attack: a policy, grant, key or trigger said no.
REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.RaiseException,
)


def shown_while_signing_in(model: type[Model]) -> bool:
    """What identity_scope() shows: by its own policy, or as it hangs on a user."""
    policies = [c for c in model._meta.constraints if isinstance(c, RowLevelSecurity)]
    if policies:
        return any(policy.identity for policy in policies)
    return any(
        shown_while_signing_in(f.related_model)
        for f in relations(model)
        if f.related_model is not model
    )


def attacks(
    world: World, model: type[Model]
) -> Iterator[tuple[str, Owner, Callable[[], AbstractContextManager[Any]]]]:
    """Name, whose row it is, and the scope from which somebody reaches for it."""
    own, neighbour, victim = world.own, world.neighbour, world.victim
    ours, hers = own.tenant.id, own.customer.pk
    yield "another tenant's", victim, lambda: tenant_scope(ours)
    yield "another tenant's customer's", victim, lambda: customer_scope(ours, hers)
    yield "none", victim, nullcontext
    yield "a stale", victim, lambda: stale(victim)
    if about_customers(model):
        yield "another customer's", neighbour, lambda: customer_scope(ours, hers)
    if not shown_while_signing_in(model):
        yield "the identity", victim, identity_scope


@contextmanager
def stale(owner: Owner) -> Iterator[None]:
    """No scope, on a connection where the row's own was open until just now."""
    with tenant_scope(owner.tenant.id), connection.cursor() as cursor:
        cursor.execute("select 1")
    yield


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def refused(statement: str, *values: Any, key: str = "all") -> bool:
    """Whether PostgreSQL refuses a statement, or finds no row for it.

    Args:
        statement: The attack; it is rolled back in any case.
        values: What it is given.
        key: The one key that has to refuse it, beside the policies.
    """
    try:
        with transaction.atomic():
            changed = sql(statement, *values)
            sql(f"set constraints {key} immediate")
            transaction.set_rollback(True)
    except DatabaseError as error:
        if isinstance(error.__cause__, REFUSALS):
            return True
        raise
    return changed == [(0,)]


# --- The policies ---------------------------------------------------------------------


@every_model
def test_no_other_scope_reads_a_row(world: World, model: type[Model]) -> None:
    table = model._meta.db_table
    for name, owner, scope in attacks(world, model):
        row = owner.row(model)
        with scope():
            found = sql(f"select r::text from {table} r where id = %s", row.pk)
            texts = sql(f"select r::text from {table} r")
            (counted,) = sql(f"select count(*), max(id::text) from {table}")
        assert found == [], f"read from {name} scope"
        assert owner.mark not in str(texts), f"read from {name} scope"
        assert counted[0] == len(texts)
        assert counted[1] is None or counted[1] != str(row.pk)
    with tenant_scope(world.victim.tenant.id):
        row = world.victim.row(model)
        assert sql(f"select 1 from {table} where id = %s", row.pk), "nobody sees it"


@every_model
def test_no_other_scope_writes_a_row_for_its_owner(
    world: World, model: type[Model]
) -> None:
    table = model._meta.db_table
    for name, owner, scope in attacks(world, model):
        copy = copied(model, owner)
        with keep_unchanged(owner), scope():
            assert refused(*copy), f"{table} took a row from {name} scope"


def copied(model: type[Model], owner: Owner) -> tuple[str, str]:
    """A statement that adds a copy of the owner's row, as she would write it."""
    table = model._meta.db_table
    row = (
        worlds.superuser()
        .execute(
            f"select (to_jsonb(r) || %s::jsonb)::text from {table} r where id = %s",
            [new_id(model), owner.row(model).pk],
        )
        .fetchone()
    )
    assert row is not None
    return (
        f"insert into {table} select (jsonb_populate_record(null::{table}, %s)).*",
        row[0],
    )


def new_id(model: type[Model]) -> str:
    is_uuid = model._meta.pk.get_internal_type() == "UUIDField"
    return f'{{"id": "{uuid4()}"}}' if is_uuid else '{"id": 999999}'


@every_model
def test_no_other_scope_changes_or_deletes_a_row(
    world: World, model: type[Model]
) -> None:
    table, column = model._meta.db_table, model._meta.concrete_fields[-1].column
    for name, owner, scope in attacks(world, model):
        row = owner.row(model)
        with keep_unchanged(owner), scope():
            change = f'update {table} set "{column}" = "{column}" where id = %s'
            assert refused(change, row.pk), f"{table} changed from {name} scope"
            delete = f"delete from {table} where id = %s"
            assert refused(delete, row.pk), f"{table} deleted from {name} scope"
            assert refused(f"truncate {table} cascade"), f"{table} was emptied"


@every_model
def test_a_row_cannot_be_given_away(world: World, model: type[Model]) -> None:
    """Moved to another tenant or customer, together with what it points at."""
    table, own = model._meta.db_table, world.own
    ours, hers = own.tenant.id, own.customer.pk
    moves = [(world.victim, tenant_scope(ours))]
    if about_customers(model):
        moves.append((world.neighbour, customer_scope(ours, hers)))
    for to, scope in moves:
        # All columns of the scope at once, so that no key refuses what a policy should.
        columns = {
            f.column: to.row(f.related_model).pk
            for f in relations(model)
            if f.related_model is not model
        }
        if not columns or (model is Customer and to is world.neighbour):
            columns = {"id": uuid4()}
        sets = ", ".join(f"{name} = %s" for name in columns)
        with keep_unchanged(to), scope:
            statement = f"update {table} set {sets} where id = %s"
            assert refused(statement, *columns.values(), own.row(model).pk)


# --- The keys -------------------------------------------------------------------------

RELATIONS = [(model, f) for model in MODELS for f in relations(model)]


@pytest.mark.parametrize(
    ("model", "relation"), RELATIONS, ids=[f"{label(m)}.{f.name}" for m, f in RELATIONS]
)
def test_a_row_cannot_point_at_somebody_elses(
    world: World, model: type[Model], relation: Any
) -> None:
    table, own = model._meta.db_table, world.own
    targets = [world.victim]
    if about_customers(relation.related_model) and about_customers(model):
        targets.append(world.neighbour)
    statement = f"update {table} set {relation.column} = %s where id = %s"
    # By itself: another key of the row may stand in for it today and be gone tomorrow.
    keys = [
        f'"{constraint.name}"'
        for constraint in model._meta.constraints
        if isinstance(constraint, SameScopeKey) and constraint.field == relation.name
    ]
    for owner in targets:
        foreign = owner.row(relation.related_model).pk
        scope = tenant_scope(own.tenant.id)
        if owner is world.neighbour and relation.related_model is Customer:
            # The desk may say that it was somebody else; work for one customer may not.
            scope = customer_scope(own.tenant.id, own.customer.pk)
        with keep_unchanged(owner), scope:
            assert refused(
                statement, foreign, own.row(model).pk, key=keys[0] if keys else "all"
            ), owner.mark


@pytest.mark.parametrize("reference", sorted(loose_references()))
def test_what_no_key_enforces_is_planted_in_the_matrix(
    world: World, reference: str
) -> None:
    """The pages, tasks and exports are asked about rows that point at the victim's."""
    name, _, column = reference.rpartition(".")
    model = next(m for m in MODELS if label(m) == name)
    if is_shared(model):
        return
    target = world.victim.row(loose_references()[reference]).pk
    planted = (
        worlds.superuser()
        .execute(
            f"select {column}::text from {model._meta.db_table} where id = %s",
            [world.poisoned.row(model).pk],
        )
        .fetchone()
    )
    assert planted is not None
    assert str(target) in str(planted[0])


EMPTY = [apps.get_model(name) for name in victims.EMPTY]


@pytest.mark.parametrize("model", EMPTY, ids=label)
def test_a_table_that_stays_empty_shows_and_takes_no_row(
    world: World, model: type[Model]
) -> None:
    table = model._meta.db_table
    columns = [f for f in model._meta.concrete_fields if not f.primary_key]
    names = ", ".join(f'"{f.column}"' for f in columns)
    texts = ("{}" if f.get_internal_type() == "JSONField" else "x" for f in columns)
    planted = ", ".join(f"'{text}'" for text in texts)
    statement = f"insert into {table} ({names}) values ({planted})"
    worlds.superuser().execute(statement)
    try:
        for _, _, scope in [*attacks(world, model), ("", world.own, identity_scope)]:
            with scope():
                assert sql(f"select count(*) from {table}") == [(0,)]
                assert refused(statement)
    finally:
        worlds.superuser().execute(f"delete from {table}")


# --- The log that only grows ----------------------------------------------------------

LOGS = [apps.get_model(name) for name in victims.APPEND_ONLY]


def _changes(model: type[Model]) -> list[str]:
    table = model._meta.db_table
    return [
        f"update {table} set tenant_id = tenant_id",
        f"delete from {table}",
        f"truncate {table} cascade",
    ]


@pytest.mark.parametrize("model", LOGS, ids=label)
def test_no_role_of_ours_may_change_the_log(world: World, model: type[Model]) -> None:
    if label(model) not in victims.APPEND_ONLY:
        return
    rights = [statement.split(maxsplit=1)[0] for statement in _changes(model)]
    with tenant_scope(world.own.tenant.id):
        granted = sql(
            "select r from unnest(%s::text[]) r"
            " where has_table_privilege(current_user, %s, r)",
            rights,
            model._meta.db_table,
        )
    assert granted == []


@pytest.mark.parametrize("model", LOGS, ids=label)
def test_whoever_has_the_right_cannot_change_the_log_either(
    world: World, model: type[Model]
) -> None:
    if label(model) not in victims.APPEND_ONLY:
        return
    admin = worlds.superuser()
    for statement in _changes(model):
        with pytest.raises(psycopg.errors.RaiseException), admin.transaction():
            admin.execute(statement)
            pytest.fail(f"{statement!r} was done")


@pytest.mark.parametrize("model", LOGS, ids=label)
def test_nothing_is_written_into_the_middle_of_the_log(
    world: World, model: type[Model]
) -> None:
    if label(model) not in victims.APPEND_ONLY:
        return
    insert, row = copied(model, world.own)
    ahead = json.dumps(json.loads(row) | {"seq": 10**6})
    with tenant_scope(world.own.tenant.id):
        assert refused(insert, ahead)


# --- The managers ---------------------------------------------------------------------


@every_model
def test_the_managers_alone_find_no_row_of_somebody_else(
    world: World, model: type[Model]
) -> None:
    if not has_scoped_manager(model):
        pytest.skip("one wall: a third party's model, kept by its policy alone")
    rows: Any = model._default_manager
    with worlds.without_policies():
        for name, owner, scope in attacks(world, model):
            if name in {"none", "a stale", "the identity"}:
                with scope(), pytest.raises(ScopeRequiredError):
                    rows.count()
                continue
            with scope():
                assert not rows.filter(pk=owner.row(model).pk).exists(), name
                assert rows.count() == rows.filter(**mine(world, model)).count()
                assert not rows.filter(pk=owner.row(model).pk).delete()[0]


def mine(world: World, model: type[Model]) -> dict[str, Any]:
    tenant = world.own.tenant.id
    return {"pk": tenant} if model is Tenant else {"tenant_id": tenant}


# --- The catalogue, and who owns the tables -------------------------------------------


@contextmanager
def owners_role() -> Iterator[psycopg.Connection[Any]]:
    """The role that owns the tables: without FORCE no policy would bind it."""
    role = conninfo_to_dict(env.ADDRESSES.database_owner_url)["user"]
    owner = worlds.superuser()
    owner.execute(f"set role {role}")
    yield owner
    owner.execute("reset role")


@pytest.fixture
def as_owner(standing: World) -> Iterator[psycopg.Connection[Any]]:
    with owners_role() as owner:
        yield owner


@every_model
def test_the_owner_of_a_table_sees_nothing_without_a_scope(
    standing: World, as_owner: psycopg.Connection[Any], model: type[Model]
) -> None:
    statement = f"select count(*) from {model._meta.db_table}"
    assert as_owner.execute(statement).fetchone() == (0,)
    as_owner.execute("reset role")
    assert as_owner.execute(statement).fetchone() != (0,), "there is nothing to see"


@every_model
def test_a_table_has_one_policy_that_binds_all_who_read_and_write(
    standing: World, model: type[Model]
) -> None:
    """A second policy would be OR-ed to the first; one for a role leaves out others."""
    found = (
        worlds.superuser()
        .execute(
            "select polcmd::text, polpermissive, polroles::text,"
            " polwithcheck is not null, c.relrowsecurity, c.relforcerowsecurity"
            " from pg_policy p join pg_class c on c.oid = p.polrelid"
            " where c.relname = %s",
            [model._meta.db_table],
        )
        .fetchall()
    )
    assert found == [("*", True, "{0}", True, True, True)]
