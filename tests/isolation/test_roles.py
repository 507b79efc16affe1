"""What no role of the own tenant gains, and what the scopes of requests are."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts import scope as scopes
from accounts.middleware import IdentityScopeMiddleware
from accounts.models import User
from accounts.policies import Power, may
from accounts.scope import NO_SCOPE, Scope, current_scope
from memory.recall import statement
from tests.isolation.conftest import Watch
from tests.isolation.routes import Route, ask, routes, words
from tests.isolation.test_tasks import TASKS, ids, value
from tests.isolation.world import World, keep_unchanged

# Source: the desk's three roles; agents erase nothing and set nothing, compliance reads
# and answers requests, administrators do not handle requests by the law.
NEVER = {
    User.Role.AGENT: {
        Power.READ_ALL_MEMORY,
        Power.APPROVE_ERASURE,
        Power.ERASE_MEMORY,
        Power.REVIEW_MEMORY,
        Power.PRIVACY,
        Power.READ_AUDIT,
        Power.MANAGE_USERS,
        Power.MANAGE_DESK,
    },
    User.Role.ADMIN: {Power.PRIVACY},
    User.Role.COMPLIANCE: {
        Power.CHAT,
        Power.READ_MEMORY,
        Power.READ_ALL_MEMORY,
        Power.CORRECT_MEMORY,
        Power.ERASE_MEMORY,
        Power.REVIEW_MEMORY,
        Power.MANAGE_USERS,
        Power.MANAGE_DESK,
    },
}


@pytest.mark.parametrize("role", User.Role.values)
def test_a_role_lacks_the_powers_of_the_others(role: str) -> None:
    user = User(role=role, is_active=True)
    assert not {power for power in NEVER[User.Role(role)] if may(user, power)}


@pytest.mark.parametrize("role", [*User.Role.values, "", "owner"])
def test_whoever_is_suspended_or_of_no_role_may_nothing(role: str) -> None:
    known = role in User.Role.values
    user = User(role=role, is_active=not known)
    assert not any(may(user, power) for power in Power)


NAMING = [route for route in routes() if route.names and not route.public]


@pytest.mark.parametrize("route", NAMING, ids=lambda r: f"/{r.address}")
def test_some_role_is_told_that_it_does_not_exist_the_others_that_they_may_not(
    world: World, watch: Watch, route: Route
) -> None:
    """A page that only ever forbids would say, by that, that there is something."""
    watch.sent.append(url := route.of(world.victim))
    found = {
        role: {
            ask(world.client(role), m, url, sent=words(world.victim, route)).status
            for m in ("GET", "POST")
        }
        for role in User.Role.values
    }
    assert any(404 in statuses for statuses in found.values()), found
    for statuses in found.values():
        assert statuses <= {403, 404, 405}


@pytest.mark.parametrize("route", NAMING, ids=lambda r: f"/{r.address}")
def test_a_role_without_the_power_learns_and_changes_nothing_of_its_own_desk(
    world: World, watch: Watch, route: Route
) -> None:
    """Her own tenant's rows and those that do not exist are forbidden alike."""
    for role in User.Role.values:
        client = world.client(role)
        for method in ("GET", "POST"):
            nobodys = ask(client, method, route.of(None), sent=words(None, route))
            if nobodys.status != 403:
                continue
            watch.sent.append(url := route.of(world.neighbour))
            with keep_unchanged(world.own):
                hers = ask(client, method, url, sent=words(world.neighbour, route))
            assert hers == nobodys
            assert world.neighbour.mark not in hers.all_text


# --- In which scope work is done ------------------------------------------------------


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Scope]:
    """Every scope that is opened meanwhile, with what was recalled outside of one."""
    seen: list[Scope] = []
    set_in_database = scopes._set

    def spy(scope: Scope) -> None:
        seen.append(scope)
        set_in_database(scope)

    monkeypatch.setattr(scopes, "_set", spy)
    return seen


CUSTOMERS_TASKS = [name for name in TASKS if "customer_id" in ids(name)]


@pytest.mark.parametrize("name", CUSTOMERS_TASKS)
def test_work_for_one_customer_opens_no_wider_scope(
    world: World, opened: list[Scope], name: str
) -> None:
    own = world.own
    TASKS[name].run(**{a: value(name, a, own) for a in ids(name)})
    hers = Scope(own.tenant.id, own.customer.pk)
    assert hers in opened
    assert not {s for s in opened if s != hers and not s.identity and s != NO_SCOPE}


def test_the_api_works_in_the_customers_own_scope(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Scope] = []

    def spy(*_: Any, **__: Any) -> list[Any]:
        seen.append(current_scope())
        return []

    monkeypatch.setattr("memory.recall.finding.recall", spy)
    sent = {"customer": world.own.customer.external_id, "query": "anything"}
    client = world.client(User.Role.AGENT)
    ask(client, "POST", "/api/v1/recall/", sent=sent, is_api=True)
    assert seen == [Scope(world.own.tenant.id, world.own.customer.pk)]


def test_only_the_sign_in_pages_are_served_in_an_identity_scope(world: World) -> None:
    seen: dict[str, Scope] = {}

    def answer(request: Any) -> HttpResponse:
        seen[request.path] = current_scope()
        return HttpResponse()

    served = IdentityScopeMiddleware(answer)
    for path in (
        "/",
        "/accountsx/",
        "/inbox/",
        "/api/v1/accounts/",
        "/accounts/login/",
    ):
        served(RequestFactory().get(path))
    assert [path for path, scope in seen.items() if scope.identity] == [
        "/accounts/login/"
    ]


def test_recall_names_both_parts_of_the_scope_itself() -> None:
    """Its one statement is written by hand, so no manager filters it."""
    where = " ".join(statement.statement(4).split())
    scoped = "e.tenant_id = %(tenant)s::uuid and e.customer_id = %(customer)s::uuid"
    assert scoped in where
