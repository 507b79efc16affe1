"""Kill -9 of a worker at points of consolidation: all or nothing, once, by itself.

`make prove-consolidation` runs it with a hundred points.
"""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from chat import services
from chat.models import Conversation
from memory import working
from tests import environment as env
from tests.conftest import as_superuser, make_conversation, make_customer
from tests.stack import eventually, look_up

pytestmark = pytest.mark.usefixtures("live_db")

KILLS = int(os.environ.get("CONSOLIDATION_KILLS", "2"))
SEED = int(os.environ.get("CONSOLIDATION_SEED", "20261121"))
SAID = (
    "Hello, my name is Elena Marsh and my email is elena@example.org.",
    "I live at 18 Linden Row, Ghent. Where is my order LF-20418?",
    "By the way, I moved to Berlin last week. My phone number is +44 7700 900321.",
    "I prefer e-mail. Please call me back about the refund.",
)
# Facts, their evidence, episodes, what was indexed of each tier, runs, and whether the
# conversation says that it went into memory.
STORED = """
select v.id,
    (select count(*) from memory_fact f where f.conversation_id = v.id),
    (select count(*) from memory_evidence e where e.conversation_id = v.id),
    (select count(*) from memory_summary s where s.conversation_id = v.id),
    (select count(*) from memory_embedding i
        where i.conversation_id = v.id and i.source_kind = 'fact'),
    (select count(*) from memory_embedding i
        where i.conversation_id = v.id and i.source_kind = 'summary'),
    (select count(*) from memory_embedding i
        where i.conversation_id = v.id and i.source_kind = 'message'),
    (select count(*) from memory_consolidation r
        where r.conversation_id = v.id and r.state = 'done'),
    v.consolidated_seq
from chat_conversation v
"""
NOTHING = (0, 0, 0, 0, 0, 0, 0, 0)


class Worker:
    """A worker on this test's queue, which may die in whole."""

    def __init__(self, failpoints: Path) -> None:
        self.failpoints = failpoints
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start it, anew if it was there before."""
        self.starts += 1
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.dying_worker"],
            cwd=env.ROOT,
            env={**os.environ, "DIE_AT": str(self.failpoints)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def is_dead(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        if not self.is_dead():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A worker without failpoints yet."""
    it = Worker(tmp_path)
    yield it
    it.stop()


def said_goodbye(customer: Customer) -> Conversation:
    """Return a conversation that was closed, and is on the queue."""
    conversation = make_conversation(customer, *SAID)
    close(conversation)
    return conversation


def close(conversation: Conversation) -> None:
    with tenant_scope(conversation.tenant_id):
        services.close(conversation_id=conversation.id)


def stored() -> dict[str, tuple[int, ...]]:
    """Return what is in each tier, by conversation."""
    return {str(key): tuple(counts) for key, *counts in look_up(STORED)}


def lose_the_queue() -> None:
    """What was claimed and left is due by now, and nobody remembers the tasks."""
    working.client().delete("queue:celery", "queue:unacked", "queue:unacked_index")
    become_due()


def become_due() -> None:
    """Let the time pass after which the schedule and the queue look again."""
    with as_superuser() as admin:
        admin.execute(
            "update chat_conversation set consolidate_at = now()"
            " where consolidate_at is not null"
        )
    working.client().zunionstore("queue:unacked_index", {"queue:unacked_index": 0})
    current_app.send_task("chat.tasks.consolidate_due")


def measured(worker: Worker, desk: Tenant) -> tuple[int, float, tuple[int, ...]]:
    """Return how many statements and seconds one takes, and what it stores."""
    for name in ("Otto", "Mara"):
        conversation = said_goodbye(make_customer(desk, name))
    out = worker.process.stdout
    assert out
    took = (re.search(r"took (\d+) statements ([\d.]+)", line) for line in out)
    # The first one loads the models.
    _, found = [next(filter(None, took)) for _ in range(2)]
    return int(found[1]), float(found[2]), stored()[str(conversation.id)]


def points(statements: int, seconds: float, chance: random.Random) -> Iterator[str]:
    """Yield who is to die, and when: all over a consolidation and just after it."""
    for number in range(KILLS):
        who = "worker" if number % 10 == 3 else "process"
        match number % 5:
            case 0 | 1:
                yield f"{who} before {chance.randint(1, statements)}"
            case 2:
                yield f"{who} after {chance.randint(1, statements)}"
            case 3:
                # A process that has just started loads its models within the task.
                yield f"{who} later {chance.uniform(0, seconds + 1):.3f}"
            case _:
                yield f"{who} end 0"


def test_killed_anywhere_it_leaves_all_tiers_or_none_and_is_done_once_in_the_end(
    desk: Tenant, worker: Worker
) -> None:
    chance = random.Random(SEED)
    statements, seconds, everything = measured(worker, desk)
    assert min(everything) > 0, everything
    for number, point in enumerate(points(statements, seconds, chance)):
        customer = make_customer(desk, f"Elena {number}")
        conversation = make_conversation(customer, *SAID)
        (worker.failpoints / str(conversation.id)).write_text(point)
        close(conversation)

    def over() -> bool:
        found = set(stored().values())
        assert found <= {NOTHING, everything}, found
        if worker.is_dead():
            worker.stop()
            chance.choice([become_due, lose_the_queue])()
            worker.start()
        elif not working.client().exists("queue:celery", "queue:unacked"):
            # The schedule looks every ten seconds.
            become_due()
        return found == {everything}

    eventually(over, timeout_s=60 + 20 * KILLS)
    assert not list(worker.failpoints.iterdir()), "every one was reached"
    # Whatever is still on its way finds nothing left to do.
    become_due()
    eventually(lambda: not working.client().exists("queue:celery"))
    assert set(stored().values()) == {everything}
    print(f"{KILLS} kills in {statements} statements, {worker.starts} workers")  # noqa: T201 - the figure
