"""The demo shop answers who holds its token, and the order's own customer."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import Http404, JsonResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from chat.demo.shop import AUTH_HEADER, CALLS_HEADER, look_up_order, shop_token


@pytest.fixture(autouse=True)
def demo(settings: Settings) -> None:
    settings.DEMO = True


def ask(
    number: str, slug: str = "linden-fox", token: str | None = None, **query: str
) -> tuple[JsonResponse, dict[str, Any]]:
    headers = {AUTH_HEADER: shop_token() if token is None else token}
    request = RequestFactory().get("/", query, headers=headers)
    response = look_up_order(request, tenant_slug=slug, number=number)
    return response, json.loads(response.content)


def test_an_order_says_where_it_is_when_it_comes_and_whether_it_can_be_redirected() -> (
    None
):
    response, order = ask("LF-20418")
    today = timezone.now().date()
    assert response.status_code == 200
    assert order["status"] == "in transit"
    assert order["expected_on"] == (today + timedelta(days=2)).isoformat()
    assert order["placed_on"] == (today - timedelta(days=6)).isoformat()
    assert order["delivered_on"] is None
    assert order["delivery_address"] == "18 Linden Row, 9000 Ghent"
    assert order["address_changeable"] is True
    assert (order["total"], order["currency"]) == ("1349.00", "EUR")


def test_the_total_counts_every_piece() -> None:
    assert ask("LF-20377")[1]["total"] == "756.00"


def test_the_number_may_be_written_small() -> None:
    assert ask("lf-20418")[1]["number"] == "LF-20418"


def test_an_unknown_order_is_not_found() -> None:
    response, answer = ask("LF-99999")
    assert response.status_code == 404
    assert answer == {"error": "There is no order LF-99999."}


def test_an_order_of_the_other_desk_is_not_found() -> None:
    assert ask("LF-20418", slug="harbour-bikes")[0].status_code == 404


def test_an_order_of_another_customer_looks_like_a_missing_one() -> None:
    assert ask("LF-20418", customer="elena-marsh")[0].status_code == 200
    response, answer = ask("LF-20418", customer="tom-becker")
    assert response.status_code == 404
    assert answer == {"error": "There is no order LF-20418."}


@pytest.mark.parametrize("token", ["", "guess"])
def test_without_the_token_nothing_is_told(token: str) -> None:
    response, answer = ask("LF-20418", token=token)
    assert response.status_code == 401
    assert answer.keys() == {"error"}


def test_every_look_up_is_counted() -> None:
    first = int(ask("LF-20418")[0].headers[CALLS_HEADER])
    assert int(ask("LF-20418")[0].headers[CALLS_HEADER]) == first + 1


def test_outside_the_demo_there_is_no_shop(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(Http404):
        ask("LF-20418")
