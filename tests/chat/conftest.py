"""The language model of a test: the embedded one, or a scripted endpoint over HTTP."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Tenant
from accounts.scope import tenant_scope
from chat.models import HttpTool
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from tests.local_server import Quiet, listening
from tests.scripted_openai import ScriptedOpenAI

EMBEDDED = GatewayConfig(data_dir=Path(settings.DATA_DIR))


@pytest.fixture(autouse=True)
def embedded_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work without any external model, and without its pace."""
    monkeypatch.setattr(gateway, "PIECE_PAUSE_S", 0.0)
    gateway.configure(EMBEDDED)
    yield
    gateway.configure(EMBEDDED)


@pytest.fixture
def model(embedded_model: None) -> Iterator[ScriptedOpenAI]:
    """Connect a scripted model that is reached over HTTP."""
    with ScriptedOpenAI() as server:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                api_key="test-key",
                models={"reply": "gpt-4o-mini", "consolidate": "gpt-4.1"},
                timeout_s=5.0,
                data_dir=EMBEDDED.data_dir,
            )
        )
        yield server


@dataclass
class Shop:
    """A shop on a free local port that answers look-ups of orders.

    Attributes:
        asked: The paths that were asked for.
        orders: Order number → what is answered about it.
        status: Answer every look-up with this status instead.
        endless_every_s: Answer with no end, a piece after each such pause.
        pause_s: Take so long over every answer.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    orders: dict[str, dict[str, object]] = field(default_factory=dict)
    status: int = 0
    endless_every_s: float = 0.0
    pause_s: float = 0.0


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop with one order, LF-20418."""
    it = Shop(
        orders={
            "LF-20418": {
                "number": "LF-20418",
                "status": "in transit",
                "items": [{"name": "Hutch 7 laptop", "quantity": 1}],
                "carrier": "Parcelway",
                "eta": "2026-11-24",
                "delivery_address": "18 Linden Row, Ghent",
                "address_changeable": False,
            }
        }
    )

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            it.asked.append(self.path)
            it.headers.append(dict(self.headers.items()))
            time.sleep(it.pause_s)
            order = it.orders.get(self.path.removeprefix("/orders/"))
            self.send_response(it.status or (200 if order else 404))
            self.end_headers()
            with suppress(ConnectionError):
                while it.endless_every_s:
                    self.wfile.write(b"no end" * 10)
                    time.sleep(it.endless_every_s)
                self.wfile.write(json.dumps(order or {}).encode())

    with listening(Handler) as it.url:
        yield it


@pytest.fixture
def order_tool(shop: Shop, desk: Tenant) -> HttpTool:
    """The tool with which the desk's assistant looks an order up."""
    with tenant_scope(desk.id):
        tool: HttpTool = HttpTool.objects.create(
            tenant=desk,
            name="look_up_order",
            description="Looks an order up by its number.",
            parameters={
                "type": "object",
                "properties": {"order_number": {"type": "string"}},
                "required": ["order_number"],
            },
            url=f"{shop.url}/orders/{{order_number}}",
            header_name="X-Token",
            header_value="secret-token",
            timeout_s=2.0,
        )
        return tool
