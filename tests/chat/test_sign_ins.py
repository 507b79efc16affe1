"""Console sockets end with their sign-in, also when nothing tells them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import InterfaceError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import sign_ins as pushes
from accounts import staff
from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import services
from chat.consumers import sign_ins
from chat.consumers.sign_ins import SignIn, Watch, ended_among
from tests.accounts.people import PASSWORD, sign_in, with_password
from tests.chat.line import Line, Server
from tests.clients import signed_in
from tests.conftest import make_conversation, make_user

pytestmark = pytest.mark.usefixtures("live_db")

PUSHED_S = 2.0
ENDED_S = 5.0


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock(), Server() as server:
        yield server


@pytest.fixture
def server(live_db: None, running: Server) -> Server:
    return running


def console(server: Server, browser: Client) -> AbstractContextManager[Line]:
    return server.open("/ws/console/", cookie=browser.cookies["sessionid"].value)


def seconds_until_closed(line: Line) -> float:
    """Wait without a word; whatever arrives but the end is wrong."""
    began = time.monotonic()
    assert line.closed_with() == 4401
    return time.monotonic() - began


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's, who came in by her password."""
    browser = Client()
    sign_in(browser, with_password(alice))
    return browser


@pytest.fixture
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks unless something was pushed."""

    async def never(self: Watch) -> None:
        """Leave the sockets alone."""

    monkeypatch.setattr(Watch, "_poll", never)


# --- The acts themselves, which push -------------------------------------------------


def log_out(browser: Client, alice: User, ada: User) -> None:
    browser.post("/accounts/logout/")


def change_password(browser: Client, alice: User, ada: User) -> None:
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    new = "another long password"
    given = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", given).status_code == 302


def suspend(browser: Client, alice: User, ada: User) -> None:
    signed_in(ada).post(f"/settings/users/{alice.pk}/suspend/", {"reason": "left"})


def change_role(browser: Client, alice: User, ada: User) -> None:
    given = {"reason": "moves", "role": "compliance"}
    signed_in(ada).post(f"/settings/users/{alice.pk}/role/", given)


ACTS = [log_out, change_password, suspend, change_role]
Act = Callable[[Client, User, User], None]


@pytest.mark.usefixtures("no_poll")
@pytest.mark.parametrize("act", ACTS)
def test_an_idle_console_ends_at_once_and_a_colleagues_stays(
    server: Server, browser: Client, alice: User, bob: User, ada: User, act: Act
) -> None:
    with console(server, browser) as hers, console(server, signed_in(bob)) as his:
        for line in (hers, his):
            line.heal()
        act(browser, alice, ada)
        assert seconds_until_closed(hers) < PUSHED_S
        his.heal()


def test_idle_consoles_end_within_seconds_when_no_push_arrives(
    server: Server, desk: Tenant, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> Any:
        raise OSError("The layer is away.")

    monkeypatch.setattr(pushes, "get_channel_layer", lost)
    with ExitStack() as consoles, ThreadPoolExecutor() as waiting:
        ends: list[Future[float]] = []
        for act in (*ACTS, expire):
            user = with_password(make_user(desk, act.__name__))
            browser = Client()
            sign_in(browser, user)
            line = consoles.enter_context(console(server, browser))
            line.heal()
            act(browser, user, ada)
            ends.append(waiting.submit(seconds_until_closed, line))
        assert max(end.result() for end in ends) < ENDED_S


def expire(browser: Client, user: User, ada: User) -> None:
    Session.objects.filter(pk=browser.cookies["sessionid"].value).update(
        expire_date="2020-01-01T00:00Z"
    )


# --- Nothing more arrives ------------------------------------------------------------


@pytest.mark.usefixtures("no_poll")
def test_the_inbox_says_nothing_to_a_login_that_has_ended(
    server: Server, browser: Client, alice: User, bob: User, elena: Customer
) -> None:
    with console(server, browser) as hers, console(server, signed_in(bob)) as his:
        for line in (hers, his):
            line.heal()
        # No push tells of this one, and the poll has not looked yet.
        with identity_scope():
            User.objects.filter(pk=alice.pk).update(is_active=False)
        make_conversation(elena, "My new address")
        assert his.until("inbox")
        assert seconds_until_closed(hers) < PUSHED_S


def test_the_inbox_still_speaks_to_everybody_else(
    server: Server, browser: Client, bob: User, charlie: User, elena: Customer
) -> None:
    consoles = [console(server, browser), console(server, signed_in(bob))]
    with consoles[0] as hers, consoles[1] as his:
        for line in (hers, his):
            line.heal()
        conversation = make_conversation(elena, "Hello")
        for line in (hers, his):
            assert line.until("inbox")["conversation"] == str(conversation.id)
        with tenant_scope(elena.tenant_id):
            services.receive(conversation_id=conversation.id, text="Again")
        assert his.until("inbox")["conversation"] == str(conversation.id)


def test_a_database_that_does_not_answer_ends_nobody(
    server: Server, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sign_ins.ended_among
    failures: list[Any] = []

    def failing(found: Any) -> Any:
        if len(failures) < 1:
            failures.append(found)
            raise InterfaceError("gone for a moment")
        return real(found)

    monkeypatch.setattr(sign_ins, "ended_among", failing)
    monkeypatch.setattr(sign_ins, "POLL_S", (0.2, 0.3))
    with console(server, browser) as line:
        deadline = time.monotonic() + ENDED_S
        while not failures:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        line.heal()
        with identity_scope():
            User.objects.filter(pk=alice.pk).update(is_active=False)
        assert seconds_until_closed(line) < PUSHED_S


# --- What a look costs ---------------------------------------------------------------


def test_a_thousand_sign_ins_are_looked_up_by_one_query(
    alice: User, bob: User, carla: User
) -> None:
    users = [alice, bob, carla]
    found = []
    for number in range(1_000):
        user = users[number % 3]
        Session.objects.create(
            session_key=f"key{number}", expire_date="2099-01-01T00:00Z"
        )
        session = type("S", (), {"session_key": f"key{number}"})
        found.append(SignIn.of(session, user))
    Session.objects.filter(session_key="key0").delete()
    with tenant_scope(bob.tenant_id):
        staff.suspend(user_id=bob.pk, by=make_user(bob.tenant, "Ida"), reason="left")
    with CaptureQueriesContext(connection) as queries:
        ended = ended_among(found)
    frame = ("set_config", "BEGIN", "COMMIT")
    asked = [q for q in queries if not any(word in q["sql"] for word in frame)]
    assert len(asked) == 1
    # The one who logged out, the one who was suspended, the one who never chats.
    assert ended == {found[0]} | {s for s in found if s.user_id != alice.pk}
