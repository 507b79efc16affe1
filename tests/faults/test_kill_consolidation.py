"""Kill -9 of a worker at points of consolidation: all or nothing, once, by itself.

`make prove-consolidation` runs it with a hundred points.
"""

import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

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

KILLS = int(os.environ.get("CONSOLIDATION_KILLS", "4"))
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


@contextmanager
def worker(**environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker on this test's queue."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_worker"],
        cwd=env.ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def said_goodbye(customer: Customer) -> Conversation:
    """Return a conversation that was closed, and is on the queue."""
    conversation = make_conversation(customer, *SAID)
    with tenant_scope(customer.tenant_id):
        services.close(conversation_id=conversation.id)
    return conversation


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


def measured(desk: Tenant) -> tuple[int, float, tuple[int, ...]]:
    """Return how many statements and seconds one takes, and what it stores."""
    for name in ("Otto", "Mara"):
        conversation = said_goodbye(make_customer(desk, name))
    with worker() as process:
        assert process.stdout
        took = (re.search(r"took (\d+) statements ([\d.]+)", x) for x in process.stdout)
        # The first one loads the models.
        _, found = [next(filter(None, took)) for _ in range(2)]
    return int(found[1]), float(found[2]), stored()[str(conversation.id)]


def await_death(
    process: subprocess.Popen[str], conversation: str, everything: tuple[int, ...]
) -> None:
    """Wait until the worker is dead, or was too fast to be."""

    def over() -> bool:
        return process.poll() is not None or stored()[conversation] == everything

    eventually(over, timeout_s=60)


def points(statements: int, seconds: float, chance: random.Random) -> Iterator[str]:
    """Yield moments to die at, all over a consolidation and just after it."""
    for number in range(KILLS):
        match number % 5:
            case 0 | 1:
                yield f"before {chance.randint(1, statements)}"
            case 2:
                yield f"after {chance.randint(1, statements)}"
            case 3:
                # Models are loaded within the task of a worker that has just started.
                yield f"later {chance.uniform(0, 3 * seconds + 0.5):.3f}"
            case _:
                yield "end"


def test_killed_anywhere_it_leaves_all_tiers_or_none_and_is_done_once_in_the_end(
    desk: Tenant,
) -> None:
    chance = random.Random(SEED)
    statements, seconds, everything = measured(desk)
    assert min(everything) > 0, everything
    died = Counter[str]()
    for number, point in enumerate(points(statements, seconds, chance)):
        conversation = said_goodbye(make_customer(desk, f"Elena {number}"))
        identity = str(conversation.id)
        with worker(DIE_IN=identity, DIE_AT=point) as process:
            await_death(process, identity, everything)
        left = {key: counts for key, counts in stored().items() if counts != everything}
        assert set(left.values()) <= {NOTHING}, (point, left)
        died[f"{point.split()[0]}, {'nothing' if identity in left else 'all'}"] += 1
        chance.choice([become_due, lose_the_queue])()
    with worker():
        eventually(lambda: set(stored().values()) == {everything}, timeout_s=120)
        become_due()
        eventually(lambda: not working.client().exists("queue:celery"))
    assert set(stored().values()) == {everything}
    print(f"{KILLS} kills in {statements} statements: {dict(died)}")  # noqa: T201
