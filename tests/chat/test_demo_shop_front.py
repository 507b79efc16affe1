"""The demo's shop front: be one of its customers, or nobody, and chat as such."""

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from chat.identity import identify
from tests.conftest import make_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("chat.demo.urls")]


@pytest.fixture(autouse=True)
def shop(settings: Settings) -> Tenant:
    settings.DEMO = True
    return make_tenant("linden-fox")


def token_in(html: str) -> str:
    found = re.search(r'data-token="([^"]*)"', html)
    assert found
    return found[1]


def test_a_customer_gets_a_token_that_the_desk_believes(
    client: Client, shop: Tenant
) -> None:
    html = client.get("/linden-fox/", {"as": "elena-marsh"}).content.decode()
    assert 'data-desk="linden-fox"' in html
    customer = identify(shop, token=token_in(html))
    assert (customer.external_id, customer.verified) == ("elena-marsh", True)
    assert (customer.name, customer.email) == ("Elena Marsh", "elena.marsh@example.com")


def test_a_customer_sees_her_own_orders_newest_first(client: Client) -> None:
    html = client.get("/linden-fox/", {"as": "elena-marsh"}).content.decode()
    assert re.findall(r"<b>(LF-\d+)</b>", html) == ["LF-20418", "LF-19377", "LF-18803"]
    assert "Signed in as Elena Marsh" in html


def test_an_unknown_visitor_gets_no_token_and_sees_no_orders(client: Client) -> None:
    html = client.get("/linden-fox/").content.decode()
    assert token_in(html) == ""
    assert "Not signed in" in html
    assert "LF-" not in html


def test_the_chooser_offers_whoever_can_sign_in(client: Client) -> None:
    html = client.get("/linden-fox/").content.decode()
    offered = re.findall(r'<option value="([^"]*)"', html)
    assert len(offered) == 14
    assert "noor-haddad" in offered
    assert "visitor-4471" not in offered


def test_the_page_is_not_kept_by_caches(client: Client) -> None:
    assert "no-store" in client.get("/linden-fox/").headers["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    [
        "/linden-fox/?as=nobody",
        "/linden-fox/?as=visitor-4471",
        "/no-such-shop/",
        "/harbour-bikes/",
    ],
)
def test_what_does_not_exist_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_outside_the_demo_there_is_no_shop_front(
    client: Client, settings: Settings
) -> None:
    settings.DEMO = False
    assert client.get("/linden-fox/").status_code == 404
    assert client.get("/shop-api/linden-fox/orders/LF-20418").status_code == 404
