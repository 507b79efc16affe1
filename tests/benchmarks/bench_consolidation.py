"""How many conversations a worker brings into memory, and how soon after their close.

`make bench-consolidation` runs it; its figures are in docs/benchmarks.md. A real worker
with two processes, as `make demo` starts it, the embedded engine, PostgreSQL and Redis;
the conversations are drawn from support talk with a fixed seed.
"""

import os
import platform
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.utils import timezone

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from chat import services
from chat.models import Conversation
from tests.conftest import make_conversation, make_customer
from tests.stack import eventually, look_up, running

CONVERSATIONS = int(os.environ.get("CONVERSATIONS", "150"))
CLOSES = 12
SEED = 20261121
# Source: the conversations of the development dialogues have 8 to 30 messages.
TURNS = (4, 12)

OPENINGS = (
    "Hi, my name is {name} and I ordered {product} last {day}.",
    "Hello, this is {name}. My order {order} has not arrived yet.",
    "Good morning! I am {name}, my email is {email}. I need help with {product}.",
)
TOLD = (
    "My order number is {order}, it should have come on {day}.",
    "You can reach me at {email} or {phone}, I prefer e-mail.",
    "I live at {house} Linden Row, {city}. Is that the address you have?",
    "By the way, I moved to {city} two weeks ago, so please change the address.",
    "The {product} makes a strange noise when I switch it on, and the screen flickers.",
    "I was promised a refund of ${amount}.50 by your colleague on {day}.",
    "I have tried it three times now and it says that the payment was declined.",
    "Could you send it by express? I am away from {day} on, and nobody is at home.",
    "No, I no longer have the receipt. I paid with the company account {account}.",
    "That is not what I asked. I would like to return it and get a {product} instead.",
)
ANSWERS = (
    "Thank you, {name}. Let me look that up for you. May I have your order number?",
    "I have found order {order}. It left our warehouse on {day}, with the carrier.",
    "I am sorry about that. I have asked the carrier to try again on {day}.",
    "We will refund ${amount}.50 to your account within five working days.",
    "I have changed the address to {house} Linden Row, {city}. Anything else?",
    "Please hold the power button for ten seconds, then connect the charger again.",
)
WORDS = {
    "name": ("Elena Marsh", "Otto Kern", "Mara Okafor", "Jun Watanabe", "Ines Duarte"),
    "product": ("Hutch 7 laptop", "espresso machine", "winter jacket", "router"),
    "day": ("Monday", "Tuesday", "Thursday", "Saturday"),
    "city": ("Ghent", "Berlin", "Lisbon", "Leeds", "Austin"),
}


def said(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield who says what in one conversation."""
    words = {name: chance.choice(values) for name, values in WORDS.items()}
    words |= {
        "order": f"LF-{chance.randint(10_000, 99_999)}",
        "email": f"someone{chance.randint(1, 9_999)}@example.org",
        "phone": f"+44 7700 900{chance.randint(100, 999)}",
        "house": str(chance.randint(1, 99)),
        "amount": str(chance.randint(5, 400)),
        "account": f"AC-{chance.randint(1_000, 9_999)}",
    }
    yield "customer", chance.choice(OPENINGS).format(**words)
    for told in chance.sample(TOLD * 2, chance.randint(*TURNS)):
        yield "assistant", chance.choice(ANSWERS).format(**words)
        yield "customer", told.format(**words)


def talk(customer: Customer, chance: random.Random) -> tuple[Conversation, int]:
    """Return a conversation, and how many messages it has."""
    conversation = make_conversation(customer)
    with tenant_scope(customer.tenant_id):
        locked = services.lock(conversation.id)
        messages = list(said(chance))
        for author, text in messages:
            services.append_message(
                locked, author=author, author_name=author.title(), text=text
            )
        services.save(locked)
    return conversation, len(messages)


def close(conversation: Conversation) -> None:
    with tenant_scope(conversation.tenant_id):
        services.close(conversation_id=conversation.id)


def done() -> int:
    [(count,)] = look_up("select count(*) from memory_consolidation")
    return int(count)


@contextmanager
def two_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run the product's worker, as the demo does."""
    with running("worker", failures=lambda: request.session.testsfailed):
        yield


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@pytest.mark.usefixtures("live_db")
def test_a_queue_of_closed_conversations(
    desk: Tenant, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    def say(what: str, figure: str) -> None:
        with capsys.disabled():
            print(f"| {what} | {figure} |")  # noqa: T201 - the figures are the result

    load = os.getloadavg()[0]
    say(
        f"{timezone.now():%Y-%m-%d}",
        f"{os.cpu_count()} cores, {processor()}, load {load:.0f}",
    )
    chance = random.Random(SEED)
    warm: list[Conversation] = []
    measured: list[Conversation] = []
    lengths = []
    for number in range(CONVERSATIONS + CLOSES + 8):
        conversation, length = talk(make_customer(desk, f"C{number}"), chance)
        (measured if number >= 8 else warm).append(conversation)
        lengths.append(length)
    with two_processes(request):
        for conversation in warm:
            close(conversation)
        eventually(lambda: done() == len(warm), timeout_s=120)
        started = time.perf_counter()
        queue = measured[CLOSES:]
        for conversation in queue:
            close(conversation)
        eventually(lambda: done() == len(warm) + len(queue), timeout_s=600)
        minutes = (time.perf_counter() - started) / 60
        waited = [until_searchable(conversation) for conversation in measured[:CLOSES]]
    rows = look_up(
        "select own_ms, own_ms + model_ms from memory_consolidation"
        " where state = 'done'"
        " order by finished_at offset %s limit %s",
        len(warm),
        len(queue),
    )
    say(
        f"{len(queue)} conversations of {min(lengths)} to {max(lengths)} messages,"
        f" {statistics.median(lengths):.0f} in the middle, by two processes",
        f"{len(queue) / minutes:,.0f} a minute",
    )
    for what, took in zip(
        ("own time of each meanwhile", "the same with the embedding model"),
        zip(*rows, strict=True),
        strict=True,
    ):
        p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
        say(what, f"p50 {p50:,.0f} ms, p95 {p95:,.0f} ms")
    say(
        f"from close to searchable, {CLOSES} one after another",
        f"median {statistics.median(waited):.2f} s, slowest {max(waited):.2f} s",
    )


def until_searchable(conversation: Conversation) -> float:
    """Return how many seconds pass from the close until its episode is found."""
    started = time.perf_counter()
    close(conversation)
    eventually(
        lambda: look_up(
            "select 1 from memory_embedding where source_kind = 'summary'"
            " and conversation_id = %s",
            conversation.id,
        ),
        timeout_s=60,
    )
    return time.perf_counter() - started


def processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()
