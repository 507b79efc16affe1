"""Re-embedding while others write and erase, and while it is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from memory import forgetting, privacy
from memory.embeddings import copying, reembedding
from memory.models import Embedding, ReembedJob
from tests import environment as env
from tests.conftest import as_superuser, make_customer
from tests.memory.embeddings.conftest import begin, cut_over, roll_back, the_job
from tests.memory.remembered import remember, say
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("live_db")
MINILM = "all-MiniLM-L6-v2"


def sources(desk: Tenant) -> list[set[tuple[Any, int, Any]]]:
    """What each model has an entry of, and until when it holds."""
    found: dict[Any, set[tuple[Any, int, Any]]] = {}
    with tenant_scope(desk.id):
        for row in Embedding.objects.values_list(
            "model", "source_id", "chunk", "valid_to"
        ):
            found.setdefault(row[0], set()).add(row[1:])
    return list(found.values())


def test_nobody_erased_comes_back_and_nothing_written_is_missing(
    desk: Tenant, elena: Customer, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying, writing, forgetting, moving house and erasing customers, all at once."""
    monkeypatch.setattr(copying, "BATCH", 3)
    gone = [make_customer(desk, f"Gone{n}") for n in range(4)]
    for customer in gone:
        say(customer, *(f"Message {n} of {customer.name}" for n in range(4)))
    known = [remember(elena, "product", f"p{n}", f"Has p{n}.") for n in range(12)]
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    begin(desk, MINILM)

    def write() -> None:
        for n in range(8):
            remember(elena, "order_id", f"LF-2000{n}", f"Ordered LF-2000{n}.")
            remember(elena, "city", f"City{n}", f"Lives in City{n}.")

    def forget() -> None:
        for fact in known[::2]:
            with tenant_scope(desk.id):
                forgetting.forget(fact=fact, actor=ada.actor)

    def erase() -> None:
        for customer in gone:
            with tenant_scope(desk.id):
                privacy.erase_customer(customer=customer, user=ada, reason="asked")

    def copy() -> None:
        while the_job(desk).state == ReembedJob.State.RUNNING:
            reembedding.run(desk.id)

    at_once(copy, write, forget, erase, copy)
    reembedding.keep_up(desk.id)
    cut_over(desk)
    one, two = sources(desk)
    assert one == two
    # 6 products, 8 orders, 9 cities, of which one holds.
    assert len(one) == 23
    assert sum(valid_to is None for _, _, valid_to in one) == 6 + 8 + 1
    with tenant_scope(desk.id):
        assert set(Embedding.objects.values_list("customer_id", flat=True)) == {
            elena.id
        }
        assert [privacy.remaining(customer.id) for customer in gone] == [0] * 4


def test_cut_overs_and_writers_at_once_leave_nothing_out(
    desk: Tenant, elena: Customer
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")

    def change() -> None:
        for _ in range(2):
            begin(desk, MINILM)
            for _ in range(50):
                reembedding.run(desk.id)
                reembedding.keep_up(desk.id)
                try:
                    cut_over(desk)
                    break
                except reembedding.NotYetError:
                    continue
        roll_back(desk)

    def write() -> None:
        for n in range(25):
            remember(elena, "order_id", f"LF-3000{n}", f"Ordered LF-3000{n}.")

    at_once(change, write)
    reembedding.keep_up(desk.id)
    with tenant_scope(desk.id):
        assert Embedding.objects.filter(model__active=True).count() == 26


def test_killed_again_and_again_it_ends_right(desk: Tenant, elena: Customer) -> None:
    say(elena, *(f"Message {n} about order {uuid4()}" for n in range(300)))
    dice = random.Random(7)
    command = [sys.executable, "manage.py", "reembed", "--tenant", desk.slug]
    environment = {
        **os.environ,
        "DATABASE_URL": env.database_url(env.ADDRESSES.database_url, env.DATABASE),
    }
    killed = 0
    for _ in range(2):
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, "--model", MINILM],
            cwd=env.ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with as_superuser() as admin:
            done = _entries(admin)
            while process.poll() is None and _entries(admin) == done:
                time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
        killed += process.returncode == -signal.SIGKILL
    assert killed
    begun = the_job(desk)
    assert begun.done > 0
    reembedding.run(desk.id)
    job = the_job(desk)
    assert (job.pk, job.state, job.done) == (begun.pk, ReembedJob.State.READY, 300)
    cut_over(desk)
    one, two = sources(desk)
    assert one == two
    with customer_scope(desk.id, elena.id):
        assert Embedding.objects.count() == 600


def _entries(admin: Any) -> int:
    (count,) = admin.execute("select count(*) from memory_embedding").fetchone()
    return int(count)
