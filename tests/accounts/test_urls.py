"""Every address of the product: who gets in, and with which headers."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Customer, User
from accounts.scope import identity_scope
from tests.clients import signed_in
from tests.conftest import make_conversation

# Open to everybody, by design.
PUBLIC = ("healthz", "accounts/", "demo/", "widget/")
ODD = ["%00", "%ED%A0%80", "9" * 5_000, "-1", "'", "<script>", "%F0%9F%92%A3"]


def addresses(patterns: list[URLPattern | URLResolver], at: str = "") -> Iterator[str]:
    for pattern in patterns:
        here = at + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, here)
        else:
            yield here


PROTECTED = sorted(
    address
    for address in addresses(get_resolver().url_patterns)
    if not address.startswith(PUBLIC)
)


def filled(address: str, conversation_id: UUID, customer_id: UUID) -> str:
    address = address.replace("<uuid:conversation_id>", str(conversation_id))
    address = address.replace("<uuid:customer_id>", str(customer_id))
    address = address.replace("<path:external_id>", "elena")
    for name in (
        *("fact_id", "summary_id", "entry_id", "receipt_id", "request_id"),
        *("tool_id", "item_id", "job_id", "strategy_id", "example_id"),
        *("user_id", "invitation_id", "message_id"),
    ):
        address = address.replace(f"<uuid:{name}>", str(uuid4()))
    assert "<" not in address, f"{address}: say here how to fill it"
    return f"/{address}"


def ask(client: Client, method: str, url: str) -> HttpResponse:
    client.raise_request_exception = False
    response: HttpResponse = getattr(client, method)(url)
    return response


@pytest.mark.parametrize("address", PROTECTED)
def test_nobody_gets_in_without_a_sign_in_and_no_stranger_finds_anything(
    elena: Customer, charlie: User, address: str
) -> None:
    url = filled(address, make_conversation(elena, "Kingfisher").id, elena.id)
    stranger = signed_in(charlie)
    # A page leads to the sign-in, the API says no.
    refused = {403, 405} if address.startswith("api/") else {302, 405}
    for method in ("get", "post", "put", "delete"):
        anonymous = ask(Client(), method, url)
        assert anonymous.status_code in refused, method
        assert "/accounts/login/" in anonymous.get("Location", "/accounts/login/")
        for response in (ask(stranger, method, url), anonymous):
            assert response.status_code < 500, method
            assert b"Kingfisher" not in response.content
            assert b"Elena" not in response.content
            if "<" in address:
                assert response.status_code in {302, 403, 404, 405}, method


@pytest.mark.parametrize("address", PROTECTED)
def test_no_page_about_people_may_be_kept_by_a_cache(
    elena: Customer, ada: User, carla: User, address: str
) -> None:
    url = filled(address, make_conversation(elena, "Kingfisher").id, elena.id)
    for user in (ada, carla):
        response = ask(signed_in(user), "get", url)
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        if response.status_code in {200, 302}:
            assert "no-store" in response["Cache-Control"]
            assert "private" in response["Cache-Control"]


@pytest.mark.parametrize("address", PROTECTED)
def test_an_odd_query_breaks_nothing(
    elena: Customer, ada: User, carla: User, address: str
) -> None:
    url = filled(address, make_conversation(elena, "Kingfisher").id, elena.id)
    names = [
        *("q", "page", "view", "before", "message", "index", "key", "receipts"),
        *("customer", "actor", "action", "since", "until"),
        *("requests", "ids", "reason", "kind", "state", "seen"),
    ]
    # An address of the page that cannot be parsed comes along.
    headers = {"HX-Request": "true", "HX-Target": "x", "HX-Current-URL": "http://["}
    for user in (ada, carla):
        client = signed_in(user)
        client.raise_request_exception = False
        for odd in ODD:
            query = "&".join(f"{name}={odd}" for name in names)
            assert client.get(f"{url}?{query}").status_code < 500
        sent = dict.fromkeys(names, "\x00")
        assert client.post(url, sent, headers=headers).status_code < 500


@pytest.mark.parametrize("address", PROTECTED)
def test_a_write_without_the_forms_token_is_refused(
    elena: Customer, ada: User, carla: User, address: str
) -> None:
    url = filled(address, make_conversation(elena, "Kingfisher").id, elena.id)
    for user in (ada, carla):
        client = signed_in(user, enforce_csrf_checks=True)
        assert ask(client, "post", url).status_code == 403


@pytest.mark.parametrize(
    "page",
    ["signup/", "email/", "password/reset/", "password/set/", "confirm-email/"],
)
@pytest.mark.usefixtures("db")
def test_sign_in_pages_that_nobody_needs_are_not_there(alice: User, page: str) -> None:
    for client in (Client(), signed_in(alice)):
        assert client.get(f"/accounts/{page}").status_code == 404


@pytest.mark.usefixtures("db")
def test_the_sign_in_pages_that_staff_need_are_there(alice: User) -> None:
    assert Client().get("/accounts/login/").status_code == 200
    alice.set_password("a long enough password")
    with identity_scope():
        alice.save()
    assert signed_in(alice).get("/accounts/logout/").status_code == 200
    assert signed_in(alice).get("/accounts/password/change/").status_code in {200, 302}


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example"])
@pytest.mark.usefixtures("db")
def test_signing_in_leads_nowhere_else(alice: User, target: str) -> None:
    response = signed_in(alice).get("/accounts/login/", {"next": target})
    assert response["Location"] == "/"
