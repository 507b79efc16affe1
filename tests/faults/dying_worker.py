"""A real Celery worker that kills itself, and all its processes, at a given point.

`DIE_IN` names the conversation in whose consolidation it dies, `DIE_AT` when:
`before 17` or `after 17` is about the seventeenth statement that goes to PostgreSQL,
`later 0.2` about the time since the task began, `end` about the moment after the task
and before the queue is told. Without them it lives, and says how many statements each
task needed, and how long.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from typing import Any

from celery.signals import task_postrun, task_prerun

from config.celery import app

_OPTIONS = (
    "--loglevel WARNING --pool solo"
    " --without-gossip --without-mingle --without-heartbeat"
)


def die() -> None:
    """Kill -9 everything that was started with this."""
    os.killpg(0, signal.SIGKILL)


class Failpoint:
    """Counts statements, and dies at one of them."""

    def __init__(self, when: str) -> None:
        what, _, at = when.partition(" ")
        self.what, self.at = what, float(at or 0)
        self.statements = 0
        self.started = time.perf_counter()
        if what == "later":
            threading.Timer(self.at, die).start()

    def __call__(self, execute: Any, *statement: Any) -> Any:
        self.statements += 1
        here = self.statements == self.at
        if here and self.what == "before":
            die()
        result = execute(*statement)
        if here and self.what == "after":
            die()
        return result


_armed: list[Failpoint] = []


@task_prerun.connect
def arm(kwargs: dict[str, str], **_: Any) -> None:
    """Put the failpoint beneath the task it is meant for."""
    from django.db import connection

    meant = os.environ.get("DIE_IN")
    mine = not meant or kwargs.get("conversation_id") == meant
    if mine and kwargs.get("conversation_id"):
        _armed.append(Failpoint(os.environ.get("DIE_AT", "never")))
        connection.execute_wrappers.append(_armed[-1])


@task_postrun.connect
def tell(**_: Any) -> None:
    """Die at the end, or say what the task took."""
    from django.db import connection

    if not _armed:
        return
    point = _armed.pop()
    if point.what == "end":
        die()
    connection.execute_wrappers.remove(point)
    took_s = time.perf_counter() - point.started
    print(f"took {point.statements} statements {took_s:.3f} s", flush=True)  # noqa: T201 - read by whoever started it


if __name__ == "__main__":
    if hasattr(ctypes.CDLL(None), "prctl"):
        # It would outlive a killed test run. Source: prctl(2), 1 is PR_SET_PDEATHSIG.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    app.worker_main(["worker", *_OPTIONS.split(), *sys.argv[1:]])
