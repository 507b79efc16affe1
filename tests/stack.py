"""The real product for a test: web server, worker and beat, as `make demo` runs them.

They work on the test's own database and Redis: `tests.environment` has named those in
the environment, which children inherit. So the test has to use `live_db`, and the stack
has to be gone before that fixture empties the tables.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from config import demo
from tests import environment as env
from tests.conftest import as_superuser

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
LOG_TAIL_LINES = 40

T = TypeVar("T")


def eventually(look: Callable[[], T], *, timeout_s: float = 20.0) -> T:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {timeout_s:.0f} s"
        time.sleep(0.05)
    return found


def look_up(query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read the database past every policy; needs no event loop and disturbs none."""
    with as_superuser() as admin:
        return admin.execute(query, values).fetchall()


class Stack:
    """The running product.

    Attributes:
        base_url: Where the web server listens; the same after a restart.
    """

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind((demo.HOST, 0))
            self.port: int = probe.getsockname()[1]
        self.base_url = f"http://{demo.HOST}:{self.port}"
        self._environment = {
            **os.environ,
            "PUBLIC_URL": self.base_url,
            **environment,
        }
        children = demo.children(directory, directory, self.port)
        self._children = {child.name: child for child in children}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start processes; returns when the web server is well, if it is among them."""
        for name in names:
            child = self._children[name]
            with child.log.open("ab") as log:
                self._processes[name] = subprocess.Popen(  # noqa: S603
                    child.command,
                    cwd=env.ROOT,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        if "web" in names:
            self._wait_for_web()

    def kill(self, name: str) -> None:
        """Kill -9 a process with all that it started."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End every process, politely at first."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def logs(self) -> str:
        """Return the end of every log."""
        tails = []
        for name, child in self._children.items():
            if child.log.exists():
                lines = child.log.read_text(errors="replace").splitlines()
                tails += [f"--- {name} ---", *lines[-LOG_TAIL_LINES:]]
        return "\n".join(tails)

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not demo.healthy(self.port):
            assert self._processes["web"].poll() is None, self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)


@contextmanager
def running(
    *names: str, failures: Callable[[], int], **environment: str
) -> Iterator[Stack]:
    """Run a stack; its logs are printed when the test fails.

    Args:
        names: The processes to start: `web`, `worker`, `beat`.
        failures: Counts the failed tests so far.
        environment: Variables that differ from the test's own.
    """
    before = failures()
    with TemporaryDirectory(prefix="stack-") as directory:
        stack = Stack(Path(directory), environment)
        try:
            stack.start(*names)
            yield stack
        finally:
            stack.stop()
            if failures() > before:
                print(stack.logs())  # noqa: T201
