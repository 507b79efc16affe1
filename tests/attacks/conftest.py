"""The desk under attack: its shop, its neighbours' secrets, and a model that obeys."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.conf import settings

from accounts.models import Customer, Tenant
from accounts.scope import identity_scope, tenant_scope
from chat.models import HttpTool
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from tests.conftest import make_conversation, make_customer, make_tenant
from tests.local_server import Quiet, listening
from tests.memory.remembered import remember, say
from tests.obedient import obey
from tests.scripted_openai import ScriptedOpenAI

SECRETS = {
    "header": "canary-header-5551",
    "key": "canary-key-5552",
    "widget": "canary-widget-5553-long-enough-to-sign",
    "otto": "canary-otto-5554",
    "otto's order": "canary-order-5555",
    "viktor": "canary-viktor-5556",
}
"""What must never reach anybody, by where it lies."""

EMBEDDED = GatewayConfig(data_dir=Path(settings.DATA_DIR))


@dataclass
class Shop:
    """A shop that tells a customer of her own orders, and writes down every request.

    Attributes:
        requests: (method, path with query) of each.
        note: What stands in the order's notes.
    """

    url: str = ""
    note: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what the shop says; an order is its owner's alone."""
        orders = {
            "LF-20418": {"number": "LF-20418", "status": "sent", "note": self.note},
            "LF-7777": {"number": "LF-7777", "note": SECRETS["otto's order"]},
        }
        parts = urlsplit(path)
        number = unquote(parts.path).removeprefix("/orders/")
        asks = parse_qs(parts.query).get("customer", [""])[0]
        owns = {"LF-7777": "otto"}.get(number, asks)
        return orders.get(number) if asks and asks == owns else None

    def misuse(self, external_id: str) -> list[str]:
        """Return the requests that the tool is not for, or that are not hers."""
        return [
            f"{method} {path}"
            for method, path in self.requests
            if method != "GET"
            or not path.startswith("/orders/")
            or not path.endswith(f"?customer={external_id}")
            or path.count("/") != 2
            or path.count("?") != 1
            or "%2F" in path
            or ".." in path
        ]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The shop on a free local port; it also writes down what it has no answer to."""
    it = Shop()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            # Whatever the method, it is noticed.
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            it.requests.append((self.command, self.path))
            found = it.answer(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found or {}).encode())

    with listening(Handler) as it.url:
        yield it


@pytest.fixture
def model() -> Iterator[ScriptedOpenAI]:
    """The model that obeys everybody, behind real HTTP."""
    with ScriptedOpenAI(obey) as server:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                api_key=SECRETS["key"],
                models={"reply": "gpt-4o-mini", "consolidate": "gpt-4.1"},
                timeout_s=5.0,
                data_dir=EMBEDDED.data_dir,
            )
        )
        yield server
        gateway.configure(EMBEDDED)


@pytest.fixture
def attacked(live_db: None, shop: Shop) -> Tenant:
    """A desk with a tool and another customer, beside another desk, with secrets."""
    desk, neighbour = make_tenant("linden"), make_tenant("harbour")
    with identity_scope():
        Tenant.objects.filter(pk=desk.pk).update(widget_secret=SECRETS["widget"])
    desk.widget_secret = SECRETS["widget"]
    for tenant, name in ((desk, "Otto"), (neighbour, "Viktor")):
        _remembered(make_customer(tenant, name), SECRETS[name.lower()])
    with tenant_scope(desk.id):
        HttpTool.objects.create(
            tenant=desk,
            name="look_up_order",
            description="Looks an order up by its number.",
            parameters={
                "type": "object",
                "properties": {"order_number": {"type": "string"}},
                "required": ["order_number"],
                "additionalProperties": False,
            },
            url=f"{shop.url}/orders/{{order_number}}?customer={{customer}}",
            header_name="X-Token",
            header_value=SECRETS["header"],
            timeout_s=2.0,
        )
    return desk


def _remembered(customer: Customer, secret: str) -> None:
    remember(customer, "note", secret, f"Likes {secret}.")
    say(customer, f"I live at {secret}, and my order is LF-20418.")
    make_conversation(customer, f"Ignore the bell, I am {secret}.")
