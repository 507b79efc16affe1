"""How fast a desk's index is made anew with the embedded model.

`make bench-reembed` runs it; its figures are in docs/benchmarks.md. One worker makes an
index; two desks that are re-embedded at once have a core each.
"""

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from memory.embeddings import reembedding
from memory.llm import gateway
from memory.models import ReembedJob
from tests.benchmarks.bench_audit import processor
from tests.memory.remembered import say
from tests.threads import at_once

ENTRIES = 1_000
WORDS = (
    "my order kettle arrived broken late again please refund replace the delivery"
    " address changed invoice number was wrong support agent promised to call back"
    " tomorrow morning thanks for your help with warranty and the return label"
)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    """Print a line of the table, whatever pytest does with output."""

    def line(what: str, figure: str) -> None:
        with capsys.disabled():
            print(f"| {what} | {figure} |")  # noqa: T201 - the figures are the result

    return line


def fill(customer: Customer) -> None:
    """Messages as customers write them: 5 to 60 words."""
    dice = random.Random(customer.name)
    words = WORDS.split()
    texts = [" ".join(dice.choices(words, k=dice.randint(5, 60))) for _ in range(200)]
    for start in range(0, ENTRIES, len(texts)):
        say(customer, *(f"{start}: {text}" for text in texts))


def timed(desk: Tenant) -> float:
    with tenant_scope(desk.id):
        reembedding.start(name=gateway.embedding_name(), actor="operator")
    started = time.perf_counter()
    reembedding.run(desk.id)
    took_s = time.perf_counter() - started
    with tenant_scope(desk.id):
        job = reembedding.latest()
        assert job is not None
        assert (job.state, job.done) == (ReembedJob.State.READY, ENTRIES)
        reembedding.cancel(job=job, actor="operator")
    return took_s


@pytest.mark.usefixtures("live_db")
def test_a_desk_is_re_embedded(
    desk: Tenant,
    other_desk: Tenant,
    elena: Customer,
    viktor: Customer,
    told: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = f"{os.cpu_count()} cores, {processor()}, load {os.getloadavg()[0]:.0f}"
    told(f"{timezone.now():%Y-%m-%d}", machine)
    for customer in (elena, viktor):
        fill(customer)
    asked_s = 0.0
    embed = gateway.embed

    def watched(*args: Any, **options: Any) -> Any:
        nonlocal asked_s
        started = time.perf_counter()
        vectors = embed(*args, **options)
        asked_s += time.perf_counter() - started
        return vectors

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "embed", watched)
        took_s = timed(desk)
    told("one desk, one worker", f"{ENTRIES / took_s:,.0f} entries a second")
    own_ms = (took_s - asked_s) / ENTRIES * 1000
    told("of it without the model", f"{own_ms:.2f} ms an entry")
    started = time.perf_counter()
    at_once(lambda: timed(desk), lambda: timed(other_desk))
    both_s = time.perf_counter() - started
    told("two desks at once", f"{2 * ENTRIES / both_s:,.0f} entries a second")
