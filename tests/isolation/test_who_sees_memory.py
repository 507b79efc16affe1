"""Whose memory a role sees within its own desk: every page, and each is tried.

An agent sees that of the customers whom she works with, compliance that of a person
with an unfinished request. Whatever else they ask for, no word of it is shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from accounts.models import User
from memory.models import PrivacyRequest
from tests.isolation import world as worlds
from tests.isolation.conftest import Watch
from tests.isolation.owners import Owner, about_customers, owned_models
from tests.isolation.routes import Route, ask, routes, words
from tests.isolation.test_pages import asked, every_route
from tests.isolation.world import World, keep_unchanged

# Where a row stands for what is remembered; all that the app keeps about customers.
MEMORY = [
    model
    for model in owned_models()
    if about_customers(model) and model._meta.app_label == "memory"
]
# Pages of memory themselves: somebody whose memory is not hers to see does not exist.
OF_MEMORY = [
    route
    for route in routes()
    if route.names and route.address.startswith(("customers/", "api/", "review/"))
]


def remembered(owner: Owner) -> set[str]:
    """Every marked text in the tiers of memory, with what working memory holds."""
    found = {f"{owner.mark}result"}
    for model in MEMORY:
        rows = worlds.superuser().execute(
            f"select to_jsonb(r)::text from {model._meta.db_table} r"
            " where customer_id = %s",
            [owner.customer.pk],
        )
        for (text,) in rows.fetchall():
            found |= set(re.findall(rf"{owner.mark}\d+", text))
    return found


@contextmanager
def left_alone(owner: Owner) -> Iterator[None]:
    """Let no agent work with this customer while the block runs."""
    admin, hers = worlds.superuser(), [owner.customer.pk]
    agent = owner.users[User.Role.AGENT].pk
    states = {
        "chat_conversation": (
            "agent_id = null, status = 'closed'",
            "agent_id = %s, status = 'open'",
        ),
        "chat_message": ("agent_id = null", "agent_id = %s"),
    }
    for table, (gone, _) in states.items():
        admin.execute(f"update {table} set {gone} where customer_id = %s", hers)
    try:
        yield
    finally:
        for table, (_, back) in states.items():
            admin.execute(
                f"update {table} set {back} where customer_id = %s", [agent, *hers]
            )


@contextmanager
def without_open_request(owner: Owner) -> Iterator[None]:
    """Let every request about this customer be over while the block runs."""
    admin = worlds.superuser()
    about = "select p.request_id from memory_privacysubject p where p.customer_ref = %s"
    before = admin.execute(
        f"select id, state from memory_privacyrequest where id in ({about})",
        [owner.customer.pk],
    ).fetchall()
    state = "update memory_privacyrequest set state = %s where id = %s"
    assert before
    for request, _ in before:
        admin.execute(state, [PrivacyRequest.State.DONE, request])
    try:
        yield
    finally:
        for request, old in before:
            admin.execute(state, [old, request])


@every_route
def test_an_agent_is_shown_no_memory_of_whom_she_does_not_work_with(
    world: World, watch: Watch, route: Route
) -> None:
    alone, agent = world.neighbour, User.Role.AGENT
    kept = remembered(alone)
    with left_alone(alone):
        for htmx in (False, True):
            url = route.of(alone)
            answer = asked(watch, world, agent, "GET", url, htmx=htmx)
            assert not {text for text in kept if text in answer.all_text}
        if route in OF_MEMORY:
            with keep_unchanged(alone, whole_tenant=False):
                sent = words(alone, route)
                done = asked(watch, world, agent, "POST", url, sent=sent, htmx=True)
            assert done.status in {403, 404, 405}


@pytest.mark.parametrize("route", OF_MEMORY, ids=lambda r: f"/{r.address}")
def test_whom_an_agent_does_not_work_with_does_not_exist_for_her(
    world: World, watch: Watch, route: Route
) -> None:
    alone, agent = world.neighbour, User.Role.AGENT
    with left_alone(alone):
        for method in ("GET", "POST"):
            to_her, to_nobody = (
                asked(
                    watch, world, agent, method, route.of(who), sent=words(who, route)
                )
                for who in (alone, None)
            )
            assert to_her == to_nobody


@every_route
def test_compliance_is_shown_no_memory_without_an_unfinished_request(
    world: World, watch: Watch, route: Route
) -> None:
    about, role = world.own, User.Role.COMPLIANCE
    kept = remembered(about)
    with without_open_request(about):
        for method, htmx in (("GET", False), ("GET", True), ("POST", False)):
            sent = words(about, route) if method == "POST" else None
            if method == "POST" and not route.names:
                continue
            answer = asked(
                watch, world, role, method, route.of(about), sent=sent, htmx=htmx
            )
            assert not {text for text in kept if text in answer.all_text}


def test_those_who_may_are_shown_it(world: World) -> None:
    """Without this, the tests above could pass on pages that show nothing at all."""
    own = world.own
    pages = {
        User.Role.AGENT: "customers/<uuid:customer_id>/",
        User.Role.ADMIN: "customers/<uuid:customer_id>/",
        User.Role.COMPLIANCE: (
            "privacy/requests/<uuid:request_id>/customers/<uuid:customer_id>/"
        ),
    }
    by_address = {route.address: route for route in routes()}
    for role, address in pages.items():
        answer = ask(world.client(role), "GET", by_address[address].of(own))
        shown = {text for text in remembered(own) if text in answer.all_text}
        assert answer.status == 200
        assert len(shown) > 3, f"{role} is shown {shown}"
