"""What one's own pages show, find and take: nothing of anybody else's."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.clients import signed_in
from tests.isolation import victims
from tests.isolation.conftest import Watch
from tests.isolation.owners import about_customers
from tests.isolation.routes import Route, ask, named, parameters, routes, words
from tests.isolation.test_pages import (
    ROLES,
    SHUT,
    WALLS,
    asked,
    broke,
    every_route,
    every_wall,
    marks,
)
from tests.isolation.world import World, keep_unchanged

NO_SUCH_METHOD = 405
_SEE_MOST = (User.Role.ADMIN, User.Role.COMPLIANCE)
LISTS = [route for route in routes() if not route.names and not route.public]


@every_wall
@every_route
def test_ones_own_page_shows_nobody_else(
    world: World, watch: Watch, route: Route, wall: str
) -> None:
    """Not even where a row of hers names somebody else's, as no key forbids."""
    one_customers = any(about_customers(named(name)[0]) for name in route.names)
    with WALLS[wall]():
        # Where an address names nobody, it is the same for all of them.
        owners = world.others_than(world.victim) if route.names else [world.own]
        # Theirs name somebody else, which only matters while one wall is gone.
        if route.names and wall != "both walls":
            owners = [world.poisoned, world.crossed]
        for owner in owners:
            url = route.of(owner)
            # With one wall gone the walls are tried, and not who may open the page.
            for role in ROLES if wall == "both walls" else _SEE_MOST:
                for htmx in (False, True) if role else (False,):
                    answer = asked(watch, world, role, "GET", url, htmx=htmx)
                    foreign = [world.victim]
                    if one_customers and (
                        (htmx and route.address not in victims.WHOLE)
                        or route.address not in victims.ABOUT_ALL
                    ):
                        foreign = world.others_than(owner)
                    assert not marks(answer, foreign), f"{role}, htmx {htmx}: {url}"
                    assert not broke(route, answer)
                    if answer.status == NO_SUCH_METHOD:
                        return


def _timeless(body: str) -> str:
    """Return a page without how long ago things were: a minute may end in between."""
    return re.sub(r"(<time[^>]*>)[^<]*</time>", r"\1", body)


@every_wall
@pytest.mark.parametrize("route", LISTS, ids=lambda r: f"/{r.address}")
def test_no_search_filter_order_or_page_finds_somebody_elses(
    world: World, watch: Watch, route: Route, wall: str
) -> None:
    victim = world.victim
    hers, nobodys = words(victim), words(None)
    with keep_unchanged(victim), WALLS[wall]():
        # One wall alone is tried with who may see most.
        roles = (User.Role.ADMIN, User.Role.COMPLIANCE)
        for role in roles if wall == "both walls" else roles[:1]:
            plain = asked(watch, world, role, "GET", f"/{route.address}")
            if plain.status in SHUT:
                continue
            for name in parameters(route.app):
                for key in ("q", "email") if wall == "both walls" else ("q",):
                    found, missing = (
                        asked(watch, world, role, "GET", f"/{route.address}?{name}={w}")
                        for w in (hers[key], nobodys[key])
                    )
                    assert found.status == missing.status
                    assert victim.mark not in found.all_text, name
                    if not route.drawn:
                        same = _timeless(found.body) == _timeless(missing.body)
                        assert same, f"?{name}= tells her apart"


@every_wall
@pytest.mark.parametrize("role", [User.Role.ADMIN, User.Role.COMPLIANCE])
def test_the_audit_log_knows_no_customer_of_another_desk(
    world: World, watch: Watch, role: str, wall: str
) -> None:
    """Whom nobody here is called lists nothing, so the two answers can be compared."""
    victim = world.victim.customer
    with WALLS[wall]():
        for hers in (victim.name, victim.email, victim.external_id):
            found, missing = (
                asked(watch, world, role, "GET", f"/audit/?customer={word}")
                for word in (hers, "nobody-there")
            )
            assert found.status == 200
            assert found == missing
        by_id = asked(watch, world, role, "GET", f"/audit/?customer={victim.pk}")
        assert world.victim.mark not in by_id.all_text


@every_route
def test_no_write_is_taken_from_another_site(
    world: World, watch: Watch, route: Route
) -> None:
    url = route.of(world.own)
    watch.sent.append(url)
    clients: dict[str, Client] = {
        role: signed_in(world.own.users[role], enforce_csrf_checks=True)
        for role in User.Role.values
    }
    sent = words(world.own, route)
    with keep_unchanged(world.own):
        for role, client in clients.items():
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = ask(client, method, url, sent=sent, is_api=route.is_api)
                if route.address != "healthz":
                    assert answer.status in {403, 404, 405}, f"{role} {method}"
