"""A real Celery worker that is killed -9 at given points of consolidation.

The directory in `DIE_AT` has a file for each conversation in whose consolidation it
dies, once: the file is taken away first. It says who dies (`process`, the one at work,
as when memory runs out, or `worker`, all of them, as when the power fails) and when:
`before 17` or `after 17` is about the seventeenth statement that goes to PostgreSQL,
`later 0.2` about the time since the task began, `end 0` about the moment after the task
and before the queue is told.

Of every task that ends it says how many statements it took, and how long.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from celery.signals import task_postrun, task_prerun

from config.celery import app

_OPTIONS = (
    "--loglevel CRITICAL --pool prefork --concurrency 1"
    " --without-gossip --without-mingle --without-heartbeat"
)


class Failpoint:
    """Counts the statements of a task, and dies at its point."""

    def __init__(self, who: str = "", what: str = "", at: str = "0") -> None:
        self.what, self.at = what, float(at)
        self.victim = 0 if who == "worker" else os.getpid()
        self.statements = 0
        self.started = time.perf_counter()
        if what == "later":
            threading.Timer(self.at, self.die).start()

    def die(self) -> None:
        """Kill -9 this process, or with no victim all of its group."""
        os.kill(self.victim, signal.SIGKILL)

    def __call__(self, execute: Any, *statement: Any) -> Any:
        self.statements += 1
        here = self.statements == self.at
        if here and self.what == "before":
            self.die()
        result = execute(*statement)
        if here and self.what == "after":
            self.die()
        return result


_armed: list[Failpoint] = []


@task_prerun.connect
def arm(kwargs: dict[str, str], **_: Any) -> None:
    """Put a failpoint beneath a task about a conversation."""
    from django.db import connection

    if conversation := kwargs.get("conversation_id"):
        file = Path(os.environ["DIE_AT"]) / conversation
        point = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        _armed.append(Failpoint(*point))
        connection.execute_wrappers.append(_armed[-1])


@task_postrun.connect
def tell(**_: Any) -> None:
    """Die at the end, or say what the task took."""
    from django.db import connection

    if not _armed:
        return
    point = _armed.pop()
    if point.what == "end":
        point.die()
    connection.execute_wrappers.remove(point)
    took_s = time.perf_counter() - point.started
    # Celery takes `sys.stdout` for its log.
    os.write(1, f"took {point.statements} statements {took_s:.3f} s\n".encode())


if __name__ == "__main__":
    if hasattr(ctypes.CDLL(None), "prctl"):
        # It would outlive a killed test run. Source: prctl(2), 1 is PR_SET_PDEATHSIG.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    app.worker_main(["worker", *_OPTIONS.split(), *sys.argv[1:]])
