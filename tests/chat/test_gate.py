"""The gate before the sockets: whose pages get in, and how many at a time."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from pytest_django.fixtures import Settings
from redis.exceptions import ConnectionError as RedisAwayError
from websockets.exceptions import InvalidStatus

from accounts.addresses import client_ip
from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import identity
from chat.consumers import gate
from chat.identity import TooManyVisitorsError, sign_customer
from tests.chat.line import Line, Server, settle
from tests.conftest import make_customer

pytestmark = pytest.mark.usefixtures("live_db")

PATHS = ["/ws/console/", "/ws/widget/linden/"]


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock(), Server() as server:
        yield server


@pytest.fixture
def server(live_db: None, running: Server, desk: Tenant) -> Iterator[Server]:
    yield running
    settle()
    eventually(lambda: not the_gate().places.taken)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The limits in force; change them in place."""
    few = dict(gate.PLACES)
    monkeypatch.setattr(the_gate().places, "limits", few)
    return few


def the_gate() -> gate.Gate:
    from config import asgi

    found = asgi.application.application_mapping["websocket"]
    assert isinstance(found, gate.Gate)
    return found


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def session(user: User) -> str:
    client = Client()
    with identity_scope():
        client.force_login(user)
    return client.cookies["sessionid"].value


def taken(kind: str) -> int:
    places = the_gate().places.taken
    return sum(count for (one, _), count in places.items() if one == kind)


# --- Origins --------------------------------------------------------------------------


def bad_origins(host: str, port: str) -> list[str]:
    return [
        "",
        "null",
        "*",
        "https://evil.example",
        # Another scheme, port, spelling or shape of our own.
        f"https://{host}:{port}",
        f"ws://{host}:{port}",
        f"http://{host}",
        f"http://{host}:1",
        f"http://{host}:{port}0",
        f"http://{host}.:{port}",
        f"HTTP://{host}:{port}",
        f"http://{host}:{port}/",
        f"http://{host}:{port}/path",
        f"http://{host}:{port}#",
        f" http://{host}:{port} x",
        f"http://{host}:{port},http://evil.example",
        f"http://{host}:{port} http://evil.example",
        f"http://user@{host}:{port}",
        f"http://{host}:{port}@evil.example",
        f"//{host}:{port}",
        f"{host}:{port}",
        # Neighbours of our name.
        f"http://{host}.evil.example:{port}",
        f"http://evil.{host}:{port}",
        f"http://evil{host}:{port}",
        "http://LOCALHOST:8000",
        "http://localhost.:8000",
        "http://sub.localhost:8000",
        "http://localhost:8001",
        "http://localhost",
        "https://localhost:8000",
        "http://[::1]:8000",
        # A site of the desk frames the widget's page, and opens no socket itself.
        "https://linden.example",
        "file://",
        "chrome-extension://abcdef",
        "http://localhost:8000\x00",
        "http://localhost:8000é",
    ]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_but_ours_gets_a_socket(
    server: Server, desk: Tenant, alice: User, path: str
) -> None:
    with tenant_scope(desk.id):
        Tenant.objects.update(widget_sites=["https://linden.example"])
    cookie = session(alice)
    host, _, port = server.address.partition(":")
    for origin in bad_origins(host, port):
        answer = handshake(server, path, cookie=cookie, origin=origin)
        assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400")), origin
    for origin in (f"http://{host}:{port}", "http://localhost:8000"):
        answer = handshake(server, path, cookie=cookie, origin=origin)
        assert answer.startswith(b"HTTP/1.1 101"), origin


def handshake(
    server: Server,
    path: str,
    *,
    cookie: str = "",
    origin: str | None = None,
    host: str | None = None,
    more: str = "",
) -> bytes:
    """Say just these headers, byte for byte; return the first line of the answer."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {server.address if host is None else host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Cookie: sessionid={cookie}",
    ]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    address, _, port = server.address.partition(":")
    with socket.create_connection((address, int(port)), timeout=5) as connection:
        request = "\r\n".join(lines) + "\r\n" + more + "\r\n"
        connection.sendall(request.encode("latin-1"))
        return connection.recv(4096).partition(b"\r\n")[0]


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_names_no_origin_or_two_gets_no_socket(
    server: Server, alice: User, path: str
) -> None:
    own = f"http://{server.address}"
    cookie = session(alice)
    assert b"403" in handshake(server, path, cookie=cookie)
    twice = f"Origin: {own}\r\n"
    # The server itself turns two of one header away.
    assert b" 40" in handshake(server, path, cookie=cookie, origin=own, more=twice)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b"]
)
def test_a_host_that_is_not_ours_has_no_sockets(server: Server, host: str) -> None:
    for origin in (f"http://{host}", "http://localhost:8000"):
        answer = handshake(server, PATHS[1], host=host, origin=origin)
        assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))


def test_behind_https_a_page_without_it_gets_no_socket(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    settings.ALLOWED_HOSTS = ["desk.example", ".wild.example"]

    def ours(host: str, origin: str) -> bool:
        return gate.from_our_own_page(
            [(b"host", host.encode()), (b"origin", origin.encode())]
        )

    assert ours("desk.example", "https://desk.example")
    assert ours("a.wild.example", "https://a.wild.example")
    assert not ours("desk.example", "http://desk.example")
    assert not ours("desk.example", "https://a.wild.example")
    assert not ours("a.wild.example", "https://b.wild.example")
    assert not ours("evil.example", "https://desk.example")


# --- Places ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["process", "ip"])
def test_past_the_cap_a_socket_is_told_to_try_later(
    server: Server, limits: dict[str, int], kind: str
) -> None:
    limits[kind] = 2
    with ExitStack() as stack:
        lines = [stack.enter_context(server.widget("linden")) for _ in range(2)]
        lines[0].hello()
        with server.widget("linden") as third:
            assert third.closed_with() == gate.TRY_LATER
        # Those that are in are served on.
        lines[1].hello()
        lines[0].say("Hello")
    eventually(lambda: not taken(kind))
    with server.widget("linden") as line:
        line.hello()


def test_a_user_has_so_many_sockets_and_her_colleague_as_many(
    server: Server, limits: dict[str, int], alice: User, bob: User
) -> None:
    limits["user"] = 2
    hers, his = session(alice), session(bob)
    with ExitStack() as stack:
        for cookie in (hers, hers, his):
            line = stack.enter_context(server.open("/ws/console/", cookie=cookie))
            assert line.ask(type="ping")["type"] == "pong"
        with server.open("/ws/console/", cookie=hers) as third:
            assert third.closed_with() == gate.TOO_MANY


def test_a_customer_has_so_many_sockets_however_often_she_says_hello(
    server: Server, limits: dict[str, int], desk: Tenant, elena: Customer
) -> None:
    limits["customer"] = 2
    token = sign_customer(desk, elena.external_id)
    other = sign_customer(desk, make_customer(desk, "Otto").external_id)
    with ExitStack() as stack:
        first, second = (stack.enter_context(server.widget("linden")) for _ in "12")
        for _ in range(3):
            first.hello(token=token)
        second.hello(token=token)
        assert taken("customer") == 2
        with server.widget("linden") as third:
            third.send(type="hello", token=token)
            assert third.closed_with() == gate.TOO_MANY
        second.hello(token=other)
        with server.widget("linden") as fourth:
            fourth.hello(token=token)


def test_a_socket_that_breaks_gives_its_places_back(
    server: Server, limits: dict[str, int]
) -> None:
    for _ in range(5):
        with server.widget("linden") as line:
            line.hello()
            line.connection.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: not the_gate().places.taken)


def test_what_crashes_gives_its_places_back() -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError

    door = gate.Gate(crash)
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    scope = {"type": "websocket", "headers": headers, "client": ("192.0.2.1", 1)}

    async def nothing(*_: object) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    call = door(scope, nothing, nothing)  # type: ignore[arg-type]  # takes and gives nothing
    with pytest.raises(RuntimeError):
        call.send(None)
    assert not door.places.taken


def test_a_frame_that_no_widget_sends_ends_the_socket(server: Server) -> None:
    with server.widget("linden") as line:
        line.hello()
        line.connection.send("x" * 200_000)
        assert line.closed_with() == 1009


# --- Addresses behind proxies ---------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, None, "192.0.2.1"),
        # Nobody's word counts without a proxy of ours.
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "rubbish", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_an_address_counts_as_our_own_proxies_tell_it(
    settings: Settings, proxies: int, forwarded: str | None, counted: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "192.0.2.1"
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_ip(request) == counted


def test_a_made_up_address_finds_no_place_past_the_cap(
    server: Server, limits: dict[str, int]
) -> None:
    limits["ip"] = 1
    with server.widget("linden"):
        spoofed = {"X-Forwarded-For": "203.0.113.9"}
        with server.open("/ws/widget/linden/", headers=spoofed) as line:
            assert line.closed_with() == gate.TRY_LATER


# --- Strangers ------------------------------------------------------------------------


def test_so_many_strangers_an_hour_come_from_one_address(
    server: Server,
    desk: Tenant,
    elena: Customer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "STRANGERS_AN_HOUR", 2)
    with server.widget("linden") as line:
        visitor = line.hello()["visitor"]
        line.hello()  # the same stranger again
    with server.widget("linden") as line:
        line.hello()
    with server.widget("linden") as line:
        line.send(type="hello")
        assert line.closed_with() == gate.TRY_LATER
    with tenant_scope(desk.id):
        assert Customer.objects.filter(verified=False).count() == 2
    # Whoever comes back, or is vouched for, is no stranger.
    known: list[dict[str, Any]] = [
        {"visitor": visitor},
        {"token": sign_customer(desk, elena.external_id)},
    ]
    for greeting in known:
        with server.widget("linden") as line:
            line.hello(**greeting)


def test_strangers_are_counted_by_desk_and_address(
    desk: Tenant, other_desk: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "STRANGERS_AN_HOUR", 1)
    for tenant in (desk, other_desk):
        for ip in ("192.0.2.1", "192.0.2.2"):
            identity.identify(tenant, ip=ip)
            with pytest.raises(TooManyVisitorsError):
                identity.identify(tenant, ip=ip)


def test_strangers_come_in_while_redis_is_away(
    desk: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAwayError

    monkeypatch.setattr(cache, "add", away)
    identity.identify(desk, ip="192.0.2.1")
    assert "A stranger was not counted: ConnectionError" in caplog.messages
    assert "192.0.2.1" not in caplog.text


def test_a_refused_handshake_shows_in_the_client(server: Server) -> None:
    with (
        pytest.raises(InvalidStatus),
        server.open("/ws/console/", origin="https://evil.example") as line,
    ):
        assert isinstance(line, Line)
