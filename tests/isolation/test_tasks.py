"""Every Celery task with ids that do not belong together."""

import importlib
import inspect
from itertools import product
from pkgutil import iter_modules
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app

from tests.isolation import world as worlds
from tests.isolation.owners import OURS, Owner
from tests.isolation.routes import value_of
from tests.isolation.world import World


def our_tasks() -> dict[str, Any]:
    """Name → task, of all that a worker of ours takes."""
    for app in OURS:
        package = importlib.import_module(app)
        if "tasks" in {module.name for module in iter_modules(package.__path__)}:
            importlib.import_module(f"{app}.tasks")
    return {
        name: task
        for name, task in sorted(current_app.tasks.items())
        if name.split(".")[0] in OURS
    }


TASKS = our_tasks()
every_task = pytest.mark.parametrize("name", TASKS)


def ids(name: str) -> list[str]:
    return list(inspect.signature(TASKS[name].run).parameters)


def value(name: str, argument: str, owner: Owner | None) -> str:
    return str(value_of(argument, owner, at=name) if owner else uuid4())


@every_task
def test_ids_that_do_not_belong_together_change_nothing(
    world: World, name: str
) -> None:
    """Swapped tenant, swapped customer, both, and what does not exist."""
    arguments = ids(name)
    who = (world.own, world.neighbour, world.victim, None)
    before = everything(world)
    for owners in product(who, repeat=len(arguments)):
        if arguments and one_persons(arguments, owners):
            continue
        given = {
            argument: value(name, argument, owner)
            for argument, owner in zip(arguments, owners, strict=True)
        }
        # A task that raises would be delivered again, and again.
        TASKS[name].run(**given)
    assert everything(world) == before


def one_persons(arguments: list[str], owners: tuple[Owner | None, ...]) -> bool:
    """Whether all ids are of one customer: that is the task's own work."""
    others = {
        owner.mark if owner else ""
        for argument, owner in zip(arguments, owners, strict=True)
        if argument != "tenant_id"
    }
    tenants = {
        owner.tenant.pk if owner else None
        for argument, owner in zip(arguments, owners, strict=True)
    }
    return len(others) <= 1 and len(tenants) == 1 and None not in tenants


def everything(world: World) -> list[Any]:
    """Rows and keys of both tenants: that nothing is created shows, too."""
    return [
        (worlds.rows_of(owner, whole_tenant=True), worlds.redis_of(owner))
        for owner in (world.own, world.victim)
    ]


@every_task
def test_a_task_takes_ids_and_says_which_tenants_they_are(name: str) -> None:
    """Whoever puts a payload together cannot leave the tenant to guesswork."""
    arguments = ids(name)
    assert not arguments or arguments[0] == "tenant_id"
    assert all(argument.endswith("_id") for argument in arguments)
