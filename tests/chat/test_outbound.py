"""Where a tenant's tool may connect to: out there, to the one host it names."""

import asyncio
import gzip
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ValidationError
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from accounts.scope import tenant_scope
from chat import outbound
from chat.models import HttpTool
from chat.tools import look_up
from tests.chat.conftest import Shop
from tests.local_server import Quiet, listening

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address to refuse, nobody listens
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700::1111"]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: the answers to each host, one after the other, the last for ever.

    Whoever is asked for a number answers with it, as the real one does.
    """
    answers: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        found = answers.get(host)
        if found is None:
            ip_address(host)  # A name that the test does not know is looked up nowhere.
            return real(host, port, *args, **options)
        now = found.pop(0) if len(found) > 1 else found[0]
        return [info for text in now for info in real(text, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return answers


@pytest.fixture
def tool(shop: Shop) -> HttpTool:
    return HttpTool(
        name="look_up_order",
        description="Looks an order up.",
        parameters={"type": "object", "properties": {"order_number": {}}},
        url=f"{shop.url}/orders/{{order_number}}",
        header_name="X-Token",
        header_value="secret-token",
        timeout_s=2.0,
    )


def ask(tool: HttpTool, number: str = "LF-20418") -> tuple[str, bool]:
    return asyncio.run(look_up(tool, {"order_number": number}, "elena"))


def named(tool: HttpTool, host: str) -> None:
    """Give the tool's server another name."""
    tool.url = tool.url.replace("127.0.0.1", host)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_out_there_is_refused(address: str) -> None:
    assert not outbound.is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_out_there_is_not(address: str) -> None:
    assert outbound.is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_resolves_to_one_is_refused_at_the_call(
    address: str, names: dict[str, list[list[str]]]
) -> None:
    names["shop.example"] = [[address]]
    with pytest.raises(outbound.RefusedAddressError):
        asyncio.run(outbound.resolve(outbound.target_of("https://shop.example/")))


def test_a_name_of_two_minds_is_refused(names: dict[str, list[list[str]]]) -> None:
    names["shop.example"] = [["8.8.8.8", "127.0.0.1"]]
    with pytest.raises(outbound.RefusedAddressError):
        asyncio.run(outbound.resolve(outbound.target_of("https://shop.example/")))


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/{order_number}",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "//shop.example/",
        "shop.example/",
        "",
        "https://",
        "https:///path",
        "https://{host}/",
        "https://{order_number}.shop.example/",
        "https://shop.example:{order_number}/",
        "{order_number}://shop.example/",
        "https://user:pw@shop.example/",
        "https://shop.example@127.0.0.1/",
        "https://shop.example\\@127.0.0.1/",
        "https://shop.example#@127.0.0.1/",
        "https://shop.example /",
        "https://shop.example\n/",
        "https://shop.example/\n",
        "https://shop.example/#part",
        "https://shop.example:0/",
        "https://shop.example:65536/",
        "https://shop.example:443:80/",
        "https://münchen.example/",
        "https://\uff53hop.example/",
        "https://127。0。0。1/",
        "https://%6cocalhost/",
        "https://localhost/",
        "https://localhost./",
        "https://shop.example./",
        "https://shop..example/",
        "https://intranet/",
        "https://127.0.0.1:9443/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.0x1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.0x1/",
        "https://017700000001/",
        "https://shop.example.0177/",
        "https://127.0.0.1./",
        "https://2852039166/",
        "https://[::ffff:7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::]/",
        "https://shop.example%00.evil/",
        "https://shop.example%2f@127.0.0.1/",
        "https://-shop.example/",
        "https://shop.example:/",
        "https://shop.example:4 43/",
        "https://shop.example:443@127.0.0.1/",
        "HTTPS://shop.example/",
        "https:shop.example/",
        "https:/\\shop.example/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://shop.example/{",
        "https://shop.example/{}",
        "https://shop.example/{0}",
        "https://shop.example/{order_number.owner}",
        "https://shop.example/{order_number[0]}",
        "https://shop.example/{order_number!r}",
        "https://shop.example/{order_number:>99}",
    ],
)
def test_an_address_that_no_tool_may_have_is_refused_when_it_is_saved_and_called(
    url: str, tool: HttpTool, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = []
    tool.url = url
    with pytest.raises(ValidationError) as raised:
        tool.clean()
    assert set(raised.value.message_dict) == {"url"}
    result, good = ask(tool)
    assert "did not answer" in json.loads(result)["error"]
    assert not good


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/orders/{order_number}?customer={customer}",
        "https://api.shop.example:8443/orders?number={order_number}&a=%20b",
        "https://xn--mnchen-3ya.example/",
        "https://8.8.8.8/orders/{order_number}",
        "https://[2606:4700::1111]/",
    ],
)
def test_an_address_out_there_can_be_saved(url: str, tool: HttpTool) -> None:
    tool.url = url
    tool.clean()


def test_a_placeholder_that_the_parameters_do_not_describe_is_refused(
    tool: HttpTool,
) -> None:
    tool.url = "https://shop.example/{order_number}/{colour}"
    with pytest.raises(ValidationError, match="do not describe: colour"):
        tool.clean()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("header_name", "X Token"),
        ("header_name", "X:Token"),
        ("header_name", "Host"),
        ("header_name", "transfer-encoding"),
        ("header_name", ""),
        ("header_value", "a\r\nX-Other: b"),
        ("header_value", "ключ"),
        ("header_value", ""),
        ("header_value", "x" * 501),
        ("parameters", []),
        ("parameters", {"properties": []}),
        ("timeout_s", 0.0),
        ("timeout_s", 31.0),
        ("timeout_s", float("nan")),
        ("cache_s", 86_401),
    ],
)
def test_what_else_no_tool_may_have(tool: HttpTool, field: str, value: Any) -> None:
    setattr(tool, field, value)
    with pytest.raises(ValidationError) as raised:
        tool.clean()
    assert set(raised.value.message_dict) == {field}


def test_the_operator_alone_lets_a_tool_reach_this_machine(
    tool: HttpTool, shop: Shop, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert "in transit" in ask(tool)[0]
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = []
    result, good = ask(tool)
    assert "did not answer" in json.loads(result)["error"]
    assert not good
    assert len(shop.asked) == 1


def test_his_word_holds_for_the_port_that_he_names(
    tool: HttpTool, shop: Shop, settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = [shop.url.removeprefix("http://")]
    assert "in transit" in ask(tool)[0]
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1:1"]
    assert "did not answer" in ask(tool)[0]
    assert len(shop.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "::",
        "0.0.0.0",  # noqa: S104 - an address to refuse, nobody listens
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
    ],
)
def test_his_word_never_reaches_the_machines_own_link(
    address: str, names: dict[str, list[list[str]]], settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["near.example"]
    names["near.example"] = [[address]]
    with pytest.raises(outbound.RefusedAddressError):
        asyncio.run(outbound.resolve(outbound.target_of("http://near.example/")))


def test_the_name_is_asked_for_once_and_the_server_is_called_by_its_name(
    tool: HttpTool, shop: Shop, names: dict[str, list[list[str]]], settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["shop.test"]
    named(tool, "shop.test")
    # A second question would be answered with a place where nobody listens.
    names["shop.test"] = [["127.0.0.1"], ["127.0.0.9"]]
    assert "in transit" in ask(tool)[0]
    assert names["shop.test"] == [["127.0.0.9"]]
    port = shop.url.rpartition(":")[2]
    assert shop.headers[0]["Host"] == f"shop.test:{port}"


def test_a_name_that_changes_its_mind_is_refused_the_next_time(
    tool: HttpTool,
    shop: Shop,
    names: dict[str, list[list[str]]],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["shop.test"]
    named(tool, "shop.test")
    names["shop.test"] = [["127.0.0.1"], ["169.254.169.254"]]
    assert "in transit" in ask(tool)[0]
    with caplog.at_level(logging.WARNING):
        result, good = ask(tool, "canary-order")
    assert json.loads(result) == {
        "error": "The look-up did not answer. Try again later."
    }
    assert not good
    assert len(shop.asked) == 1
    assert "Tool look_up_order failed: RefusedAddressError" in caplog.messages
    for secret in ("canary-order", "elena", "secret-token", "169.254"):
        assert secret not in caplog.text


def test_a_second_address_serves_when_the_first_is_away(
    tool: HttpTool, shop: Shop, names: dict[str, list[list[str]]], settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["shop.test"]
    named(tool, "shop.test")
    names["shop.test"] = [["127.0.0.9", "127.0.0.1"]]
    assert "in transit" in ask(tool)[0]


def test_a_proxy_of_the_environment_is_not_asked(
    tool: HttpTool, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "in transit" in ask(tool)[0]


def test_a_redirect_is_not_followed(tool: HttpTool, shop: Shop) -> None:
    shop.status = 302
    assert not ask(tool)[1]
    assert len(shop.asked) == 1


def test_a_request_for_another_place_is_refused() -> None:
    async def go(url: str) -> None:
        async with outbound.client("https://shop.example/", timeout_s=1) as client:
            await client.get(url)

    for url in (
        "https://other.example/",
        "https://shop.example:444/",
        "http://shop.example/",
        "https://user@shop.example/",
    ):
        with pytest.raises(outbound.RefusedAddressError):
            asyncio.run(go(url))


@pytest.mark.parametrize("address", ["10.1.2.3", "fd12::1", "127.0.0.1", "::1"])
def test_his_word_reaches_the_machines_of_his_network(
    address: str, names: dict[str, list[list[str]]], settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["near.example"]
    names["near.example"] = [[address]]
    target = outbound.target_of("http://near.example/")
    assert asyncio.run(outbound.resolve(target)) == [address]


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:{port}/orders/LF-1", "http://169.254.169.254/", "/x"]
)
def test_a_redirect_to_the_inside_is_not_followed(
    place: str, tool: HttpTool, shop: Shop
) -> None:
    to = place.format(port=shop.url.rpartition(":")[2])
    with answering(b"{}", status=302, Location=to) as (url, asked):
        tool.url = f"{url}/{{order_number}}"
        assert not ask(tool)[1]
    assert asked == ["/LF-20418"]
    assert shop.asked == []


def test_no_proxy_of_the_environment_is_asked_to_connect_either(
    tool: HttpTool,
    names: dict[str, list[list[str]]],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names["shop.test"] = [["127.0.0.1"]]
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["shop.test"]
    with answering(b"{}") as (url, asked):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, url)
        # Nobody listens there, so that only a proxy could answer.
        tool.url = "https://shop.test:9/{order_number}"
        assert not ask(tool)[1]
    assert asked == []


def test_a_host_that_is_slow_to_be_found_is_given_up_and_holds_nobody_else_up(
    tool: HttpTool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["slow.test"]
    tool.url, tool.timeout_s = "http://slow.test/{order_number}", 0.2
    found = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found.wait(5) and [])

    async def many() -> float:
        asked = [look_up(tool, {"order_number": str(n)}, "") for n in range(12)]
        started = time.monotonic()
        assert not any(good for _, good in await asyncio.gather(*asked))
        # The threads that all the rest works on are free.
        await asyncio.to_thread(lambda: None)
        return time.monotonic() - started

    try:
        assert asyncio.run(many()) < 2
    finally:
        found.set()


# --- What comes back ------------------------------------------------------------------


@contextmanager
def answering(
    body: bytes, *, status: int = 200, **headers: str
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything so; notes what it was asked."""
    asked: list[str] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def do_CONNECT(self) -> None:
            self.do_GET()

    with listening(Handler) as url:
        yield url, asked


@pytest.mark.parametrize("packed", ["gzip", "gzip, gzip", "deflate", "br", "nonsense"])
def test_an_answer_that_comes_packed_is_not_unpacked(
    tool: HttpTool, packed: str
) -> None:
    """A few thousand bytes, packed twice, become more than any machine has."""
    bomb = gzip.compress(gzip.compress(b"0" * 20_000_000))
    with answering(bomb, Content_Encoding=packed) as (url, _):
        tool.url = f"{url}/{{order_number}}"
        result, good = ask(tool)
    assert "did not answer" in json.loads(result)["error"]
    assert not good


@pytest.mark.parametrize("charset", ["zlib", "bz2", "hex", "rot13", "undefined", "x"])
def test_an_answer_does_not_choose_how_it_is_read(tool: HttpTool, charset: str) -> None:
    kind = f"text/plain; charset={charset}"
    with answering("Ghent, Orléans \xff".encode(), Content_Type=kind) as (url, _):
        tool.url = f"{url}/{{order_number}}"
        assert ask(tool) == ("Ghent, Orléans \xff", True)


def test_an_answer_in_no_encoding_at_all_is_read_as_far_as_it_goes(
    tool: HttpTool,
) -> None:
    with answering(b"Gh\xffent \xf0\x9f\x98") as (url, _):
        tool.url = f"{url}/{{order_number}}"
        assert ask(tool) == ("Gh\ufffdent \ufffd", True)


# --- TLS ------------------------------------------------------------------------------


@contextmanager
def tls_server(directory: Path, name: str) -> Iterator[tuple[int, Path, list[str]]]:
    """A server with a certificate for a name; notes which name it was asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    asked: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _, server_name, __: asked.append(str(server_name))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as stream:
                stream.recv(4096)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except OSError:
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1], pem, asked
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("certified", "good"), [("shop.test", True), ("other.test", False)]
)
def test_the_certificate_is_held_against_the_name_and_not_the_number(
    tmp_path: Path, names: dict[str, list[list[str]]], settings: Settings,
    monkeypatch: pytest.MonkeyPatch, tool: HttpTool, certified: str, good: bool,
) -> None:  # fmt: skip
    names["shop.test"] = [["127.0.0.1"]]
    with tls_server(tmp_path, certified) as (port, pem, asked):
        settings.TOOL_ALLOWED_PRIVATE_HOSTS = ["shop.test"]
        trusting = httpx.create_ssl_context(trust_env=False)
        trusting.load_verify_locations(pem)
        monkeypatch.setattr(outbound, "_ssl_context", lambda: trusting)
        tool.url = f"https://shop.test:{port}/orders/{{order_number}}"
        assert ask(tool)[1] is good
    assert asked == ["shop.test"]


def test_a_tool_that_was_saved_before_is_checked_all_the_same(
    desk: Tenant, settings: Settings, order_tool: HttpTool, shop: Shop
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = []
    with tenant_scope(desk.id):
        saved = HttpTool.objects.get()
    assert not ask(saved)[1]
    assert shop.asked == []
