"""Every page and endpoint, asked by whom it is not for.

The answer is exactly that of something that does not exist, nothing of the victim is in
it, and nothing of hers has changed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from accounts.models import User
from tests.isolation import victims
from tests.isolation import world as worlds
from tests.isolation.conftest import Watch
from tests.isolation.owners import Owner
from tests.isolation.routes import (
    METHODS,
    Answer,
    Route,
    ask,
    forms,
    routes,
    words,
)
from tests.isolation.world import World, keep_unchanged

ROLES = (*User.Role.values, "")
# The answers that let nobody in: there is no such thing, method, power or sign-in.
SHUT = frozenset({301, 302, 400, 401, 403, 404, 405, 415})
AWAY = 503
WALLS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "both walls": nullcontext,
    "the filters alone": worlds.without_policies,
    "the policies alone": worlds.without_managers,
}

every_route = pytest.mark.parametrize("route", routes(), ids=lambda r: f"/{r.address}")
every_wall = pytest.mark.parametrize("wall", WALLS)
NAMING = [route for route in routes() if route.names]


def asked(
    watch: Watch, world: World, role: str, method: str, url: str, **how: Any
) -> Answer:
    watch.sent.append(url)
    return ask(world.client(role), method, url, **how)


def ways(role: str) -> Iterator[tuple[str, bool]]:
    for method in METHODS:
        often = method in {"GET", "POST"}
        # What takes a method at all does so before it asks who somebody is.
        if often or role in {User.Role.ADMIN, ""}:
            yield method, False
        if role and often:
            yield method, True


def test_every_field_of_a_form_is_filled() -> None:
    """Otherwise a form would be refused before it is asked for anybody."""
    known = set(words(None))
    missing = {
        f"{name}.{field}"
        for name, form in forms().items()
        for field in form.base_fields
        if field not in known
    }
    assert not missing, "say in tests/isolation/victims.py (FORM) what it is sent"


def broke(route: Route, answer: Answer) -> bool:
    """Whether a page failed, where it does not just say that another server is away."""
    away = route.address in victims.ASKS_OTHERS and answer.status == AWAY
    return answer.status >= 500 and not away


def marks(answer: Answer, owners: list[Owner]) -> list[str]:
    return [owner.mark for owner in owners if owner.mark in answer.all_text]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "anonymous")
@every_route
def test_what_is_another_tenants_does_not_exist(
    world: World, watch: Watch, route: Route, role: str
) -> None:
    victim = world.victim
    hers, nobodys = words(victim, route), words(None, route)
    known = (*hers.values(), *nobodys.values())
    with keep_unchanged(victim):
        # What a form before this left to be told is told once, by any page or its own.
        for url in ("/nowhere/", route.of(None)):
            asked(watch, world, role, "GET", url)
        for method, htmx in ways(role):
            how = {"is_api": route.is_api, "htmx": htmx, "known": known}
            to_her = asked(
                watch, world, role, method, route.of(victim), sent=hers, **how
            )
            to_nobody = asked(
                watch, world, role, method, route.of(None), sent=nobodys, **how
            )
            if not route.public:
                alike = to_her == to_nobody
                if route.drawn:
                    alike = to_her.status == to_nobody.status
                assert alike, f"{method}: told apart by {to_her.unlike(to_nobody)}"
                # To ask which methods a page has is not to ask for anybody's row.
                if route.names and method != "OPTIONS":
                    assert to_her.status in SHUT, f"{method} got through"
            if "tenant_slug" not in route.names:
                assert victim.mark not in to_her.all_text, method
            assert not broke(route, to_her)
            if role == "" and not route.public:
                assert to_her.status in {302, 401, 403, 405}, f"{method} let anybody in"


@every_wall
@pytest.mark.parametrize("route", NAMING, ids=lambda r: f"/{r.address}")
def test_each_wall_alone_keeps_another_tenants_things(
    world: World, watch: Watch, route: Route, wall: str
) -> None:
    if route.public:
        pytest.skip("public: open to everybody, by design")
    victim = world.victim
    with keep_unchanged(victim), WALLS[wall]():
        for role in User.Role.values:
            for method in ("GET", "POST"):
                how = {"sent": words(victim, route), "is_api": route.is_api}
                answer = asked(watch, world, role, method, route.of(victim), **how)
                assert answer.status in {403, 404, 405}, f"{role} {method} got through"
                assert victim.mark not in answer.all_text


MIXED = [
    (route, name) for route in NAMING if len(route.names) > 1 for name in route.names
]


@every_wall
@pytest.mark.parametrize(
    ("route", "name"), MIXED, ids=[f"/{r.address} {n}" for r, n in MIXED]
)
def test_one_foreign_id_among_ones_own_leads_nowhere(
    world: World, watch: Watch, route: Route, name: str, wall: str
) -> None:
    """A colleague's customer counts as foreign beside one's own customer's id."""
    own: dict[str, Owner | None] = dict.fromkeys(route.names, world.own)
    with (
        keep_unchanged(world.victim),
        keep_unchanged(world.neighbour, whole_tenant=False),
        WALLS[wall](),
    ):
        for owner in (world.victim, world.neighbour):
            url = route.url(own | {name: owner})
            for role in User.Role.values:
                for method, htmx in (("GET", False), ("GET", True), ("POST", False)):
                    sent = words(owner, route)
                    how = {"sent": sent, "is_api": route.is_api, "htmx": htmx}
                    answer = asked(watch, world, role, method, url, **how)
                    assert answer.status in {403, 404, 405}, f"{role} {method}"
                    assert not marks(answer, [owner])
