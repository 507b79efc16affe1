"""A real Celery worker on the real broker, as a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests import environment as env

# A worker that outlives a killed test run would take the next run's tasks. Source:
# prctl(2), PR_SET_PDEATHSIG is 1.
_START = """
import ctypes, runpy, signal
if hasattr(ctypes.CDLL(None), "prctl"):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
runpy.run_module("celery", run_name="__main__", alter_sys=True)
"""
_COMMAND = "-A config.celery worker --loglevel WARNING"
# As in production, with fewer processes.
_POOL = "--pool prefork --concurrency 1"
_QUIET = "--without-gossip --without-mingle --without-heartbeat"


@contextmanager
def working_off() -> Iterator[None]:
    """Let a worker take tasks off this test process's queue while the block runs."""
    log = env.DATA_DIR / "logs" / f"worker-{env.WORKER}.log"
    with log.open("w") as out:
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _START, *f"{_COMMAND} {_POOL} {_QUIET}".split()],
            cwd=env.ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    assert "Traceback" not in log.read_text(), log.read_text()


def eventually(check: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)
