"""Mutants of the database, out of its own catalogue: every policy and every key.

Run by `make prove-isolation`, not with the other tests: it alters the tables. Each test
here passes when the matrix goes red for its mutant.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError
from django.db.models import Model

from accounts.rls import _IDENTITY, RowLevelSecurity, SameScopeKey
from tests.isolation import test_models as matrix
from tests.isolation import victims
from tests.isolation import world as worlds
from tests.isolation.owners import about_customers, label, owned_models
from tests.isolation.world import World


@dataclass(frozen=True)
class Mutant:
    """One thing taken away from one table.

    Attributes:
        name: What is taken away.
        apply: SQL that does so, with `{policy}`, `{using}`, `{check}` and `{key}` to
            be filled from the catalogue.
        revert: SQL that puts it back.
        key: Name of the constraint that it is about, if it is about one.
    """

    name: str
    model: type[Model]
    apply: str
    revert: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.name} of {label(self.model)}"


_ALTER = 'alter policy "{policy}" on {table} using ({using}) with check ({check})'
_CREATE = 'create policy "{policy}" on {table} using ({using}) with check ({check})'


def _altered(using: str, check: str) -> str:
    return _ALTER.replace("{using}", using).replace("{check}", check)


def mutants() -> Iterator[Mutant]:
    """Every mutant of every table."""
    for model in owned_models():
        yield from _of_policy(model)
        if label(model) in victims.APPEND_ONLY:
            yield from _of_the_log(model)
        for constraint in model._meta.constraints:
            if isinstance(constraint, SameScopeKey):
                yield Mutant(
                    f"key {constraint.name}",
                    model,
                    'alter table {table} drop constraint "{key}"',
                    'alter table {table} add constraint "{key}" {definition}',
                    key=constraint.name,
                )
    for model in matrix.EMPTY:
        yield from _of_an_empty_table(model)


def _of_policy(model: type[Model]) -> Iterator[Mutant]:
    table = "alter table {table}"
    yield Mutant("policy", model, 'drop policy "{policy}" on {table}', _CREATE)
    yield Mutant("row security", model, f"{table} disable row level security",
                 f"{table} enable row level security")  # fmt: skip
    yield Mutant("force", model, f"{table} no force row level security",
                 f"{table} force row level security")  # fmt: skip
    yield Mutant("condition to read", model, _altered("true", "{check}"), _ALTER)
    yield Mutant("condition to write", model, _altered("{using}", "true"), _ALTER)
    yield Mutant(
        "a second policy that adds to the first", model,
        'create policy "{policy}_too" on {table} using (true)',
        'drop policy "{policy}_too" on {table}',
    )  # fmt: skip
    if not matrix.shown_while_signing_in(model):
        seen = f"({{using}}) or {_IDENTITY}"
        yield Mutant("blindness of sign-in", model, _altered(seen, seen), _ALTER)
    for constraint in model._meta.constraints:
        if about_customers(model) and isinstance(constraint, RowLevelSecurity):
            wide = RowLevelSecurity(name="x", tenant=constraint.tenant).predicate()
            yield Mutant("customer", model, _altered(wide, wide), _ALTER)
            yield Mutant("customer when read", model, _altered(wide, "{check}"), _ALTER)
            yield Mutant(
                "customer when written", model, _altered("{using}", wide), _ALTER
            )


def _of_the_log(model: type[Model]) -> Iterator[Mutant]:
    """What keeps a log as it is: the rights that nobody has, and the triggers."""
    for right in ("update", "delete", "truncate"):
        yield Mutant(f"no right to {right}", model,
                     f"grant {right} on {{table}} to recollect_app",
                     f"revoke {right} on {{table}} from recollect_app")  # fmt: skip
    for trigger in victims.APPEND_ONLY[label(model)]:
        yield Mutant(f"trigger {trigger}", model,
                     f"alter table {{table}} disable trigger {trigger}",
                     f"alter table {{table}} enable trigger {trigger}")  # fmt: skip


def _of_an_empty_table(model: type[Model]) -> Iterator[Mutant]:
    # Without its policy it would be as shut as with it.
    alter = "alter table {table} {} row level security"
    off, on = (alter.replace("{}", word) for word in ("disable", "enable"))
    yield Mutant("row security", model, off, on)
    yield Mutant("condition to read", model, _altered("true", "{check}"), _ALTER)
    yield Mutant("condition to write", model, _altered("{using}", "true"), _ALTER)


MUTANTS = list(mutants())


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Alter the table while the block runs."""
    admin = worlds.superuser()
    table = mutant.model._meta.db_table
    policy = admin.execute(
        "select polname, pg_get_expr(polqual, polrelid),"
        " pg_get_expr(polwithcheck, polrelid) from pg_policy"
        " where polrelid = %s::regclass",
        [table],
    ).fetchone()
    definition = admin.execute(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = %s",
        [mutant.key],
    ).fetchone()
    assert policy is not None
    names = {
        "table": table,
        "policy": policy[0],
        "using": policy[1],
        "check": policy[2],
        "key": mutant.key,
        "definition": definition[0] if definition else "",
    }
    admin.execute(mutant.apply.format(**names))
    try:
        yield
    finally:
        admin.execute("reset role")
        admin.execute(mutant.revert.format(**names))


_OF_EMPTY_TABLES = {"test_a_table_that_stays_empty_shows_and_takes_no_row"}


def checks(world: World, model: type[Model]) -> Iterator[Callable[[], Any]]:
    """Every test of the matrix about this model, ready to run."""
    for name, check in inspect.getmembers(matrix, inspect.isfunction):
        parameters = inspect.signature(check).parameters
        if not name.startswith("test_") or "model" not in parameters:
            continue
        if (model in matrix.EMPTY) != (name in _OF_EMPTY_TABLES):
            continue
        if "relation" in parameters:
            for owner, relation in matrix.RELATIONS:
                if owner is model:
                    yield _ready(check, world, model, relation)
        else:
            yield _ready(check, world, model, None)


def _ready(
    check: Callable[..., Any], world: World, model: type[Model], relation: Any
) -> Callable[[], Any]:
    known = {"world": world, "standing": world, "model": model, "relation": relation}

    def run() -> None:
        wanted = inspect.signature(check).parameters
        given = {name: known[name] for name in wanted if name in known}
        if "as_owner" in wanted:
            with matrix.owners_role() as owner:
                check(**given, as_owner=owner)
        else:
            check(**given)

    return run


def is_red(check: Callable[[], Any]) -> bool:
    """Whether a test of the matrix fails."""
    try:
        check()
    except pytest.skip.Exception:
        return False
    except (AssertionError, DatabaseError, psycopg.Error, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_matrix_goes_red(world: World, mutant: Mutant) -> None:
    ready = list(checks(world, mutant.model))
    assert ready
    with applied(mutant):
        assert any(is_red(check) for check in ready), "survived"


@pytest.mark.parametrize("model", [*owned_models(), *matrix.EMPTY], ids=label)
def test_the_matrix_is_green_without_a_mutant(world: World, model: type[Model]) -> None:
    assert not [check for check in checks(world, model) if is_red(check)]
