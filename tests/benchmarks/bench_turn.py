"""From a customer's message on the socket to the request for its answer leaving (S6).

`make bench-turn` runs it; its figures are in docs/benchmarks.md. The web server is the
product's own, in a process of its own; the model is a scripted server that notes when a
request has reached it, a new connection each time. Each customer has 100 facts, 300
indexed messages and a conversation of 40.
"""

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from accounts.models import Customer, Tenant
from accounts.scope import customer_scope
from chat import remembering
from chat.identity import sign_customer
from memory.models import Fact
from tests.conftest import make_conversation, make_customer
from tests.faults.clients import Client, widget
from tests.memory.remembered import index, say, tell
from tests.scripted_openai import ScriptedOpenAI
from tests.stack import Stack, look_up, running

FACTS = 100
INDEXED = 300
# A customer may write 30 messages a minute.
CUSTOMERS = 3
TURNS = 28
WARM_UP = 8
# A customer reads an answer before she asks again.
READS_S = 0.3


@pytest.fixture
def customers(live_db: None, desk: Tenant) -> list[Customer]:
    return [customer(desk, f"Customer{number}") for number in range(CUSTOMERS)]


def customer(desk: Tenant, name: str) -> Customer:
    """Make a customer with all that is remembered of her."""
    hers = make_customer(desk, name)
    for number in range(FACTS):
        tell(hers, f"note_{number}", f"{number}", text=f"Owns thing number {number}.")
    with customer_scope(desk.id, hers.id):
        facts = list(Fact.objects.all())
    index(hers, facts)
    say(hers, *(f"My thing number {number} rattles." for number in range(INDEXED)))
    # Few enough at once to be no flood.
    talk = make_conversation(
        hers, *(f"Remark {number} of mine." for number in range(40))
    )
    remembering.roll_up(hers.tenant_id, hers.id, talk.id)
    look_up("update chat_message set sent_at = sent_at - interval '1 hour' returning 1")
    return hers


class Model:
    """A scripted model that knows when it was asked last."""

    def __init__(self) -> None:
        self.asked_at = 0.0
        self.server = ScriptedOpenAI(improvise=self.answer)

    def answer(self, body: Mapping[str, Any]) -> tuple[str, tuple[()]]:
        """Note the time, and say something."""
        self.asked_at = time.perf_counter()
        return "Let me have a look at that for you, please, it will not take long.", ()


@pytest.fixture
def model() -> Iterator[Model]:
    it = Model()
    with it.server:
        yield it


@pytest.fixture
def stack(
    customers: list[Customer], model: Model, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    with running(
        "web",
        failures=lambda: request.session.testsfailed,
        OPENAI_BASE_URL=model.server.base_url,
        OPENAI_API_KEY="scripted",
    ) as stack:
        yield stack


def test_from_a_message_on_the_socket_to_the_request_leaving(
    desk: Tenant,
    customers: list[Customer],
    model: Model,
    stack: Stack,
    capsys: pytest.CaptureFixture[str],
) -> None:
    times_ms: list[float] = []
    load = os.getloadavg()[0]
    for hers in customers:
        token = sign_customer(desk, hers.external_id, hers.name)
        times_ms += turns(stack, desk, token, model)
    cuts = statistics.quantiles(times_ms, n=20)
    with capsys.disabled():
        print(  # noqa: T201 - the figures are the result
            f"\n| {len(times_ms)} messages, load {load:.0f}"
            f" | p50 {cuts[9]:.1f} ms | p95 {cuts[18]:.1f} ms |"
        )


def more_answers(client: Client, than: int) -> bool:
    return len(client.texts("assistant")) > than


def turns(stack: Stack, desk: Tenant, token: str, model: Model) -> list[float]:
    """Talk as one customer; returns the times but for the first turns."""
    client = widget(stack, desk.slug, token)
    client.until(lambda: client.conversation)
    times_ms = []
    for number in range(TURNS):
        answered = len(client.texts("assistant"))
        sent_at = time.perf_counter()
        client.send(f"What about thing number {number * 3 + 1}, does it still rattle?")
        client.until(partial(more_answers, client, answered))
        times_ms.append((model.asked_at - sent_at) * 1000)
        assert times_ms[-1] > 0, "the model was not asked"
        time.sleep(READS_S)
    client.close()
    return times_ms[WARM_UP:]
