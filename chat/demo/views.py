"""The demo's shop front: a page to be a customer on, with the widget on it."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import Tenant
from accounts.scope import identity_scope
from chat.demo.shop import Order, orders
from chat.demo.stories import CustomerStory, TenantStory, load_stories
from chat.identity import sign_customer

_SHELF_SIZE = 6


@require_GET
@never_cache
def shop_front(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """Show the shop as one of its customers (``?as=<id>``) or as an unknown visitor.

    Raises:
        Http404: the demo is off, or it has no such shop or customer.
    """
    if not settings.DEMO:
        raise Http404
    story = _story(tenant_slug)
    persona = _persona(story, request.GET.get("as", ""))
    with identity_scope():
        tenant = Tenant.objects.filter(slug=tenant_slug).first()
    if tenant is None:
        raise Http404
    context = {
        "shop": story,
        "personas": [customer for customer in story.customers if customer.verified],
        "persona": persona,
        "token": _token(tenant, persona),
        "shelf": _shelf(tenant_slug),
        "persona_orders": _orders_of(tenant_slug, persona),
    }
    return render(request, "chat/demo_shop.html", context)


def _story(tenant_slug: str) -> TenantStory:
    for story in load_stories(timezone.now()):
        if story.slug == tenant_slug:
            return story
    raise Http404


def _persona(story: TenantStory, customer_id: str) -> CustomerStory | None:
    if not customer_id:
        return None
    for customer in story.customers:
        if customer.id == customer_id and customer.verified:
            return customer
    raise Http404


def _token(tenant: Tenant, persona: CustomerStory | None) -> str:
    if persona is None:
        return ""
    return sign_customer(tenant, persona.id, persona.name, email=persona.email)


def _shelf(tenant_slug: str) -> list[dict[str, Any]]:
    """The newest things that were sold, with their price: the goods on the page."""
    goods = {
        item["name"]: {**item, "currency": order.currency}
        for (slug, _), order in sorted(orders().items(), reverse=True)
        for item in order.items
        if slug == tenant_slug and float(item["price"]) > 0
    }
    return list(goods.values())[:_SHELF_SIZE]


def _orders_of(tenant_slug: str, persona: CustomerStory | None) -> list[Order]:
    mine = [
        order
        for (slug, _), order in orders().items()
        if persona is not None and slug == tenant_slug and order.customer == persona.id
    ]
    return sorted(mine, key=lambda order: order.placed_days_ago)
