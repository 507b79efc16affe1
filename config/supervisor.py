"""Keeps child processes running: restarts what crashes, ends every one of them.

Each child leads a process group of its own, so nothing that it started is left behind,
and a Ctrl-C in the terminal reaches this process alone, which then ends them in order.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

CRASHES_ALLOWED = 5
CRASH_WINDOW_S = 30.0
FIRST_BACKOFF_S = 0.2
STOP_TIMEOUT_S = 10.0
TICK_S = 0.2
# A signal may reach us twice, from the terminal's group and forwarded by make: only a
# later one is a second request.
SAME_SIGNAL_S = 0.5
LOG_BYTES = 10_000_000
# Source: prctl(2), Linux only.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class CrashLoopError(Exception):
    """A child keeps crashing; the message is one line for a person."""


def say(line: str) -> None:
    """Print one line for the person at the terminal."""
    print(line, flush=True)  # noqa: T201 - the terminal is its page


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind.

    The embedded servers detach from whoever starts them. In a container whose first
    process reaps nothing they would stay in the process table for ever.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans() -> None:
    """Reap every adopted process that has ended: for when no child is waited for."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


class Child:
    """One child process, started again when it ends unasked."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        niceness: int = 0,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.environment = dict(environment)
        self.niceness = niceness
        self.process: subprocess.Popen[bytes] | None = None
        self._crashes: deque[float] = deque(maxlen=CRASHES_ALLOWED)
        self._start_at = 0.0

    def start(self) -> None:
        """Start the process; its output goes to the log, kept to two files."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            # A function between fork and exec is safe: this process has one thread.
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=self._prepare,  # noqa: PLW1509 - one thread, see above
            )

    def _prepare(self) -> None:
        """Run in the child: nice it, and end it should the supervisor be killed."""
        os.nice(self.niceness)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def tend(self, now: float) -> None:
        """Start the process again when it has ended and its pause is over.

        Raises:
            CrashLoopError: It crashed five times within thirty seconds.
        """
        if self.process is None:
            if now >= self._start_at:
                self.start()
            return
        if self.process.poll() is None:
            return
        how = _ending(self.process.returncode)
        self.kill()
        self._crashes.append(now)
        if (
            len(self._crashes) == CRASHES_ALLOWED
            and now - self._crashes[0] <= CRASH_WINDOW_S
        ):
            raise CrashLoopError(
                f"{self.name} crashed {CRASHES_ALLOWED} times within"
                f" {CRASH_WINDOW_S:.0f} seconds; {self.log} says why."
            )
        recent = sum(now - at <= CRASH_WINDOW_S for at in self._crashes)
        pause = FIRST_BACKOFF_S * 2 ** (recent - 1)
        self._start_at = now + pause
        say(f"{self.name} {how}; starting it again (log: {self.log}).")

    def ask_to_stop(self) -> None:
        """Ask the process to end, and leave it to it to end its own children.

        A Celery worker lets its processes finish their tasks first.
        """
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process and all that it started at once, and reap it."""
        if self.process is not None:
            # Gone already; macOS says "permission" for a group of zombies.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def ended(self) -> bool:
        """Answer whether the process is gone."""
        return self.process is None or self.process.poll() is not None


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    return f"was ended by {signal.Signals(-code).name}"


class Supervisor:
    """Runs children until a signal asks it to stop."""

    def __init__(
        self, children: Sequence[Child], *, each_second: Callable[[], None]
    ) -> None:
        self.children = list(children)
        self.stopping = threading.Event()
        self._each_second = each_second
        self._asked_at = 0.0
        self._hurry = False

    def listen(self) -> None:
        """Take SIGINT and SIGTERM as the request to stop, a second one as haste."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        now = time.monotonic()
        if self.stopping.is_set() and now - self._asked_at > SAME_SIGNAL_S:
            self._hurry = True
        if not self.stopping.is_set():
            self._asked_at = now
            self.stopping.set()

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            child.start()

    def tend(self) -> None:
        """Look after the children once.

        Raises:
            CrashLoopError: One keeps crashing.
        """
        for child in self.children:
            child.tend(time.monotonic())

    def run(self) -> None:
        """Look after the children until asked to stop.

        Raises:
            CrashLoopError: One keeps crashing.
        """
        checked = 0.0
        while not self.stopping.wait(TICK_S):
            self.tend()
            if time.monotonic() - checked >= 1.0:
                self._each_second()
                checked = time.monotonic()

    def stop(self) -> None:
        """End every child: politely, and after ten seconds or a second signal not."""
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while not all(child.ended() for child in self.children):
            if self._hurry or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for child in self.children:
            child.kill()
