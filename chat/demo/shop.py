"""The demo's shop: answers the order look-up that the assistant uses as a tool."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.http import require_GET

ORDERS_PATH = Path(__file__).parent / "orders.json"
AUTH_HEADER = "X-Shop-Token"
CALLS_HEADER = "X-Shop-Calls"

_calls = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Order:
    """One order of the demo shop; days are counted from today."""

    number: str
    customer: str
    placed_days_ago: int
    status: str
    items: tuple[Mapping[str, Any], ...]
    currency: str
    carrier: str | None
    tracking: str | None
    eta_days: int | None
    delivered_days_ago: int | None
    delivery_address: str
    address_changeable: bool
    last_event: str

    def as_json(self, today: date) -> dict[str, Any]:
        """The order as the shop's API tells it, with ISO dates and money as text."""
        total = sum(Decimal(item["price"]) * item["quantity"] for item in self.items)
        return {
            "number": self.number,
            "status": self.status,
            "placed_on": _day(today, _past(self.placed_days_ago)),
            "items": list(self.items),
            "total": f"{total:.2f}",
            "currency": self.currency,
            "carrier": self.carrier,
            "tracking": self.tracking,
            "last_event": self.last_event,
            "expected_on": _day(today, self.eta_days),
            "delivered_on": _day(today, _past(self.delivered_days_ago)),
            "delivery_address": self.delivery_address,
            "address_changeable": self.address_changeable,
        }


@cache
def orders() -> Mapping[tuple[str, str], Order]:
    """All orders of the demo, keyed by tenant slug and order number."""
    content = json.loads(ORDERS_PATH.read_text(encoding="utf-8"))
    return {
        (slug, entry["number"]): Order(
            currency=shop["currency"], **{**entry, "items": tuple(entry["items"])}
        )
        for slug, shop in content.items()
        for entry in shop["orders"]
    }


def shop_token() -> str:
    """The token that the shop expects; derived, so that no secret lies in the code."""
    return salted_hmac("chat.demo.shop", "token", algorithm="sha256").hexdigest()


@require_GET
def look_up_order(request: HttpRequest, tenant_slug: str, number: str) -> JsonResponse:
    """Answer ``GET /demo/shop-api/<tenant_slug>/orders/<number>[?customer=<id>]``.

    With ``customer`` given, another customer's order is as unknown as a missing one.
    The header ``X-Shop-Calls`` counts the look-ups this process has answered.

    Raises:
        Http404: the demo is off.
    """
    if not settings.DEMO:
        raise Http404
    if not constant_time_compare(request.headers.get(AUTH_HEADER, ""), shop_token()):
        return JsonResponse({"error": "Missing or wrong shop token."}, status=401)
    headers = {CALLS_HEADER: str(next(_calls))}
    order = orders().get((tenant_slug, number.upper()))
    if order is None or request.GET.get("customer", order.customer) != order.customer:
        problem = {"error": f"There is no order {number}."}
        return JsonResponse(problem, status=404, headers=headers)
    return JsonResponse(order.as_json(timezone.now().date()), headers=headers)


def _past(days_ago: int | None) -> int | None:
    return None if days_ago is None else -days_ago


def _day(today: date, days: int | None) -> str | None:
    return None if days is None else (today + timedelta(days=days)).isoformat()
