"""How long working memory takes, and all that happens before a request leaves.

`make bench-working` runs it; its figures are in docs/benchmarks.md. One customer with
100 facts, 300 indexed messages and a conversation of 40 messages; everything runs as
the serving role, on the embedded embedding model.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope, tenant_scope
from chat import assistant, remembering, services
from chat.history import recent_turns
from chat.models import Conversation
from memory import known, working
from memory.llm import gateway
from memory.llm.types import Done, ReplyRequest, StreamPart, TextDelta, Usage
from memory.models import MemorySettings
from memory.working import Limits
from tests.conftest import make_conversation
from tests.memory.remembered import remember, say

pytestmark = pytest.mark.usefixtures("live_db")

FACTS = 100
INDEXED = 300
TURNS = 60
LIMITS = Limits.of(MemorySettings())


@pytest.fixture
def say_it(capsys: pytest.CaptureFixture[str]) -> Callable[[str, list[float]], None]:
    """Print a line of the table, whatever pytest does with output."""

    def line(what: str, times_ms: list[float]) -> None:
        p50 = statistics.median(times_ms)
        p95 = statistics.quantiles(times_ms, n=20)[-1]
        with capsys.disabled():
            print(f"| {what} | {p50:.1f} ms | {p95:.1f} ms |")  # noqa: T201 - a table is what this is for

    return line


@pytest.fixture
def conversation(elena: Customer) -> Conversation:
    for number in range(FACTS):
        remember(elena, f"note_{number}", f"{number}", f"Owns thing number {number}.")
    say(elena, *(f"My thing number {number} rattles." for number in range(INDEXED)))
    it = make_conversation(
        elena, *(f"Remark {number} of mine." for number in range(40))
    )
    assert remembering.roll_up(elena.tenant_id, elena.id, it.id)
    return it


def timed(work: Callable[[], object], times: int = 200) -> list[float]:
    """Return how long each of so many runs took, in milliseconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1000)
    return found


def test_reading_what_is_known_and_the_buffer(
    elena: Customer,
    conversation: Conversation,
    say_it: Callable[[str, list[float]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read() -> object:
        return known.known(elena.id, conversation.id, limits=LIMITS)

    def afresh() -> object:
        working.forget_bundles(elena.tenant_id, elena.id)
        return read()

    def buffer() -> object:
        return recent_turns(conversation, LIMITS)

    def loaded() -> object:
        working.forget_buffer(elena.tenant_id, elena.id, conversation.id)
        return buffer()

    with capsys.disabled():
        print(f"\n| load {os.getloadavg()[0]:.0f} | p50 | p95 |\n|---|---|---|")  # noqa: T201 - see above
    with customer_scope(elena.tenant_id, elena.id):
        say_it("what is known, out of Redis", timed(read))
        say_it("what is known, out of PostgreSQL and kept", timed(afresh))
        say_it("the buffer, out of Redis", timed(buffer))
        say_it("the buffer, out of PostgreSQL and kept", timed(loaded))


def test_from_a_message_received_to_the_request_leaving(
    elena: Customer,
    conversation: Conversation,
    say_it: Callable[[str, list[float]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[float] = []

    async def reply(_: ReplyRequest) -> AsyncIterator[StreamPart]:
        left.append(time.perf_counter())
        yield TextDelta("Fine.")
        yield Done(Usage("scripted", 10, 5, 0.0, 1.0))

    monkeypatch.setattr(gateway, "stream_reply", reply)
    ids = elena.tenant_id, elena.id, conversation.id

    async def turn(number: int) -> float:
        started = time.perf_counter()
        await asyncio.to_thread(ask, number)
        await assistant.answer(*ids)
        return (left[-1] - started) * 1000

    def ask(number: int) -> None:
        with tenant_scope(elena.tenant_id):
            services.receive(
                conversation_id=conversation.id,
                text=f"What about thing number {number}?",
                client_id=uuid4(),
            )

    async def talk() -> list[float]:
        return [await turn(number) for number in range(TURNS)]

    say_it("message received to request leaving (S6)", asyncio.run(talk())[5:])
