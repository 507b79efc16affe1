"""Every frame of both sockets with a victim's ids, and every group's name."""

import importlib
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db.models import Q
from pytest_django import DjangoDbBlocker
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts import sign_ins
from accounts.models import Tenant, User
from accounts.scope import tenant_scope
from chat import identity, policies, push, services
from chat.consumers.socket import Socket
from chat.routing import websocket_urlpatterns
from memory.llm import gateway
from memory.llm.types import Done, ReplyRequest, StreamPart, TextDelta, Usage
from tests import environment as env
from tests.chat.line import Line, Server, settle
from tests.isolation import victims
from tests.isolation.owners import OURS, Owner, ask_for
from tests.isolation.test_pages import WALLS, every_wall
from tests.isolation.world import World, keep_unchanged

CONSUMERS: dict[str, type[Socket]] = {
    pattern.callback.consumer_class.__name__: pattern.callback.consumer_class
    for pattern in websocket_urlpatterns
}
MESSAGES = [(name, kind) for name, c in CONSUMERS.items() for kind in c.kinds]


def our_groups() -> dict[str, Any]:
    """Name → function, of every group of the channel layer that our sources name."""
    found = {}
    for app in sorted(OURS):
        for file in sorted(Path(env.ROOT / app).rglob("*.py")):
            at = ".".join(file.relative_to(env.ROOT).with_suffix("").parts)
            for name in re.findall(
                r"^def (\w+_group)\(", file.read_text(), re.MULTILINE
            ):
                found[name] = getattr(importlib.import_module(at), name)
    return found


GROUPS = our_groups()
PATHS = [str(pattern.pattern) for pattern in websocket_urlpatterns]
# Told apart by lot or by time; an id is what the asker sent herself.
_LOT = ("client_id", "visitor", "id", "seq", "sent_at")


@pytest.fixture(scope="module")
def running(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Server]:
    with django_db_blocker.unblock(), Server() as server:
        yield server


@pytest.fixture
def server(
    standing: World, running: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The application, with an assistant that says one word."""

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        yield TextDelta("Yes.")
        yield Done(Usage("scripted", 1, 1, 0.0, 1.0))

    monkeypatch.setattr(gateway, "stream_reply", parts)
    yield running
    settle()


def fields(consumer: type[Socket]) -> set[str]:
    """The fields of its frames, out of what the consumer's own source reads."""
    source = "".join(
        inspect.getsource(c) for c in consumer.__mro__ if issubclass(c, Socket)
    )
    found = set(re.findall(r'frames\.\w+\(frame, "(\w+)"', source))
    found |= set(re.findall(r'frame(?:\.get\(|\[)"(\w+)"', source)) - {"type"}
    # These two read a field of their own name.
    found |= {n for n in ("text", "seq") if f"frames.{n}(frame)" in source}
    return {"after" if name == "seq" else name for name in found}


def frame(consumer: str, kind: str, owner: Owner | None) -> dict[str, Any]:
    """A frame with every field that there is, filled with one owner's ids."""
    filled: dict[str, Any] = {"type": kind}
    for name in fields(CONSUMERS[consumer]):
        if name not in victims.FRAME_FIELDS:
            raise ask_for(f"frame field {name!r}: say what fills it (FRAME_FIELDS)")
        if owner is not None:
            filled[name] = victims.FRAME_FIELDS[name](owner)
    if owner is None:
        filled |= {"conversation": str(uuid4()), "client_id": str(uuid4())}
        filled |= {"text": "Planted", "after": 0, "note": True}
    return filled


def comparable(value: Any, own: Any) -> Any:
    """A frame without what the asker sent herself, and what is drawn by lot."""
    if isinstance(value, dict):
        return {k: comparable(v, own) for k, v in value.items() if k not in _LOT}
    if isinstance(value, list):
        return [comparable(v, own) for v in value]
    return value if value not in own else "#"


def answers(line: Line, sent: dict[str, Any]) -> list[Any]:
    """All that comes back for one frame."""
    line.send(**sent)
    found = [f for f in line.heal() if f["type"] != "inbox"]
    settle()
    found += [f for f in line.heal() if f["type"] != "inbox"]
    return [comparable(f, [v for v in sent.values() if v]) for f in found]


def cookie(world: World, role: str) -> str:
    return world.client(role).cookies["sessionid"].value


# --- Who gets to a socket at all ------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", "http://localhost.evil.example"]
)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_somebody_else_opens_no_socket(
    world: World, server: Server, path: str, origin: str
) -> None:
    """Whatever cookie the browser sends along."""
    slug = world.own.tenant.slug
    url = f"/{path}".replace("<slug:tenant_slug>", slug)
    session = cookie(world, User.Role.AGENT)
    with (
        pytest.raises(InvalidStatus) as refused,
        server.open(url, cookie=session, origin=origin),
    ):
        pass
    assert refused.value.response.status_code == 403
    with server.open(url, cookie=session) as line:
        assert line.heal() is not None


# --- The agent's socket ---------------------------------------------------------------

CONSOLE = [kind for name, kind in MESSAGES if CONSUMERS[name].console]
WIDGET = [kind for name, kind in MESSAGES if not CONSUMERS[name].console]


@pytest.mark.parametrize("role", [User.Role.AGENT, User.Role.ADMIN])
@pytest.mark.parametrize("kind", CONSOLE)
def test_a_strangers_console_is_told_that_there_is_no_such_thing(
    world: World, server: Server, kind: str, role: str
) -> None:
    with keep_unchanged(world.victim):
        found = []
        for owner in (world.victim, None):
            with server.open("/ws/console/", cookie=cookie(world, role)) as line:
                found.append(answers(line, frame("ConsoleSocket", kind, owner)))
    assert found[0] == found[1]
    assert world.victim.mark not in str(found)
    if kind != "ping":
        assert found[0], "nothing was answered"
        assert {f["type"] for f in found[0]} == {"error"}


def test_a_console_shows_in_a_conversation_only_what_is_its_customers(
    world: World, server: Server
) -> None:
    """Also where one of its events names somebody else's message, as no key forbids."""
    for owner in world.others_than(world.victim):
        conversation = str(owner.named("conversation").pk)
        with server.open("/ws/console/", cookie=cookie(world, User.Role.ADMIN)) as line:
            shown = line.ask(type="open", conversation=conversation)
        assert shown["type"] == "ready"
        assert owner.mark in str(shown)
        for other in world.others_than(owner):
            assert other.mark not in str(shown)


@pytest.mark.parametrize("who", [User.Role.COMPLIANCE, "", "nonsense"])
@pytest.mark.parametrize("kind", CONSOLE)
def test_whoever_may_not_chat_gets_no_console(
    world: World,
    server: Server,
    kind: str,
    who: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined: list[str] = []

    async def join(_: Socket, group: str) -> None:
        joined.append(group)

    monkeypatch.setattr(Socket, "join", join)
    session = cookie(world, who) if who == User.Role.COMPLIANCE else who
    with (
        keep_unchanged(world.own, world.victim),
        server.open("/ws/console/", cookie=session) as line,
    ):
        with suppress(ConnectionClosed):
            line.send(**frame("ConsoleSocket", kind, world.own))
        assert line.closed_with() == 4401
    # Not for a moment: no push would have reached her.
    assert joined == []


@pytest.mark.parametrize("kind", ["open", "send"])
def test_a_console_gets_to_no_conversation_past_the_policy(
    world: World, server: Server, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies.conversations, "_condition", lambda *_: Q(pk__in=[]))
    with (
        keep_unchanged(world.own),
        server.open("/ws/console/", cookie=cookie(world, User.Role.AGENT)) as line,
    ):
        found = answers(line, frame("ConsoleSocket", kind, world.own))
    assert [f["type"] for f in found] == ["error"]


# --- The customer's socket ------------------------------------------------------------


@pytest.mark.parametrize("whose", ["victim", "neighbour"])
@pytest.mark.parametrize("kind", WIDGET)
def test_another_customers_widget_shows_and_takes_nothing_of_hers(
    world: World, server: Server, kind: str, whose: str
) -> None:
    """She is who her own token says; every id in her frames is somebody else's."""
    owner, asker = getattr(world, whose), world.poisoned
    own = victims.FRAME_FIELDS["token"](asker)
    sent = frame("WidgetSocket", kind, owner) | {"token": own}
    with (
        keep_unchanged(owner, whole_tenant=owner is world.victim),
        server.widget(asker.tenant.slug) as line,
    ):
        greeting = line.hello(token=own, conversation=sent["conversation"])
        found = [greeting, *answers(line, sent)]
    for other in world.others_than(asker):
        assert other.mark not in str(found)
    assert str(owner.named("conversation").pk) not in str(found)


@pytest.mark.parametrize("kind", [k for k in WIDGET if k != "hello"])
def test_an_unknown_visitor_is_served_nothing_before_she_is_greeted(
    world: World, server: Server, kind: str
) -> None:
    with (
        keep_unchanged(world.victim),
        server.widget(world.victim.tenant.slug) as line,
    ):
        sent = frame("WidgetSocket", kind, world.victim)
        line.send(**sent)
        answered = line.next()
    assert answered["type"] in {"error", "pong"}
    assert world.victim.mark not in str(answered)


def test_another_tenants_token_opens_no_widget(world: World, server: Server) -> None:
    victim = world.victim
    forged = identity.sign_customer(world.own.tenant, victim.customer.external_id)
    with keep_unchanged(victim), server.widget(victim.tenant.slug) as line:
        line.send(type="hello", token=forged)
        assert line.closed_with() == 4403


@pytest.mark.parametrize("shared", ["name", "secret"])
def test_a_token_needs_both_the_desks_secret_and_its_name(
    world: World, server: Server, shared: str
) -> None:
    """Two desks of one company may share a secret; a token still names one of them."""
    victim = world.victim
    signer = Tenant(slug="elsewhere", widget_secret="another secret, as long as these")
    if shared == "name":
        signer.slug = victim.tenant.slug
    else:
        signer.widget_secret = victim.tenant.widget_secret
    token = identity.sign_customer(signer, victim.customer.external_id)
    with keep_unchanged(victim), server.widget(victim.tenant.slug) as line:
        line.send(type="hello", token=token)
        assert line.closed_with() == 4403


@pytest.mark.parametrize("whose", ["own", "victim"])
def test_a_visitors_token_brings_nobody_back_who_is_known_or_elsewhere(
    world: World, server: Server, whose: str
) -> None:
    """Neither a verified customer, nor a visitor of another tenant."""
    owner: Owner = getattr(world, whose)
    desk = world.own.tenant
    visitor = identity.sign_visitor(owner.customer)
    with keep_unchanged(world.victim), server.widget(desk.slug) as line:
        ready = line.hello(
            visitor=visitor, conversation=str(owner.named("conversation").pk)
        )
    assert ready["conversation"] is None
    assert ready["customer_name"] == ""
    assert owner.mark not in str(ready["events"])


@every_wall
def test_a_stranger_of_another_tenant_is_a_stranger_here(
    world: World, wall: str
) -> None:
    """Not even a visitor that was never verified comes back at another desk."""
    stranger = identity.identify(world.victim.tenant)
    token = identity.sign_visitor(stranger)
    with WALLS[wall]():
        assert identity.identify(world.victim.tenant, visitor=token) == stranger
        assert identity.identify(world.own.tenant, visitor=token) != stranger


# --- Groups and pushes ----------------------------------------------------------------


@pytest.mark.parametrize("name", GROUPS)
def test_a_groups_name_holds_its_tenant(world: World, name: str) -> None:
    parameters = inspect.signature(GROUPS[name]).parameters
    assert next(iter(parameters)) == "tenant_id"
    same = [uuid4() for _ in list(parameters)[1:]]
    ours, theirs = (
        GROUPS[name](owner.tenant.id, *same) for owner in (world.own, world.victim)
    )
    assert ours != theirs
    assert ours.startswith(f"t.{world.own.tenant.id.hex}.")
    # What the channel layer takes for a name.
    assert re.fullmatch(r"[a-zA-Z0-9._-]{1,99}", ours)


def test_a_push_never_arrives_at_another_tenants_sockets(
    world: World, server: Server
) -> None:
    """Everything that is pushed about the victim, while a stranger listens."""
    victim, own = world.victim, world.own
    conversation = victim.named("conversation")
    with (
        server.open("/ws/console/", cookie=cookie(world, User.Role.AGENT)) as line,
        server.widget(own.tenant.slug) as widget,
    ):
        widget.hello(token=victims.FRAME_FIELDS["token"](own))
        line.ask(type="open", conversation=str(own.named("conversation").pk))
        line.heal()
        widget.heal()
        with tenant_scope(victim.tenant.id):
            services.receive(conversation_id=conversation.pk, text="Secret")
        push.memory_changed(victim.tenant.id, conversation.pk)
        # The same conversation's id under the wrong tenant is another group.
        push.memory_changed(victim.tenant.id, own.named("conversation").pk)
        # Somebody else's sign-in, even if she had the same id as this console's user.
        sign_ins.changed(User(pk=own.users["agent"].pk, tenant_id=victim.tenant.id))
        async_to_sync(push.reply_grew)(
            victim.tenant.id, conversation.pk, uuid4(), "Secret"
        )
        assert line.heal() == []
        assert widget.heal() == []
        line.waiting = []
        push.memory_changed(own.tenant.id, own.named("conversation").pk)
        # Whatever had gone the wrong way would have come before this.
        line.until("memory")
        assert line.waiting == []
