"""Processes of clients against one database, and the figures of what they measured."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.latency import place

PROCESSES = 2
THREADS = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one work.

    Attributes:
        load: The load average of the last minute when it ended, our clients included.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float
    under_40_ms: float
    count: int
    load: float

    def __str__(self) -> str:
        return f"{self.p50_ms:.2f} / {self.p95_ms:.2f} / {self.p99_ms:.2f} ms"


def figure(times_ms: Sequence[float], seconds: float) -> Figure:
    """Return the figures of so many times."""
    cuts = statistics.quantiles(times_ms, n=100)
    return Figure(
        p50_ms=cuts[49],
        p95_ms=cuts[94],
        p99_ms=cuts[98],
        per_second=len(times_ms) / seconds,
        under_40_ms=sum(each < 40 for each in times_ms) / len(times_ms),
        count=len(times_ms),
        load=os.getloadavg()[0],
    )


class Fleet:
    """The clients of one database."""

    def __init__(self, processes: list["subprocess.Popen[str]"]) -> None:
        self._processes = processes

    def phase(
        self, works: Sequence[str], *, clients: int, seconds: float, **more: Any
    ) -> dict[str, list[float]]:
        """Run one phase; returns the milliseconds of each work.

        Args:
            works: Which ones, by turns within each client.
            clients: How many at once: 1, or `PROCESSES * THREADS`.
            seconds: For how long.
            more: Further words of a phase (`tests.benchmarks.latency.client`).
        """
        asked = self._processes[: 1 if clients == 1 else PROCESSES]
        phase = {
            "works": list(works),
            "size": 100,
            "threads": clients // len(asked),
            "seconds": seconds,
            **more,
        }
        if "rate" in phase:
            phase["rate"] /= len(asked)
        for process in asked:
            _tell(process, json.dumps(phase))
        for process in asked:
            _answer(process)
        for process in asked:
            _tell(process, "go")
        answers = [_answer(process) for process in asked]
        return {
            name: [each for answer in answers for each in answer[name]]
            for name in works
        }

    def measure(
        self, works: Sequence[str], *, clients: int, seconds: float, **more: Any
    ) -> dict[str, Figure]:
        """Measure works that take turns: at each question, or in spells of time.

        One client changes from work to work at each question. Many would wait for one
        another's works, so that each work has spells of its own.
        """
        if clients == 1:
            times = self.phase(works, clients=1, seconds=seconds, **more)
            # By turns: each had its share of the time.
            return {
                name: figure(each, sum(each) / 1000) for name, each in times.items()
            }
        spells = 3 if len(works) > 1 else 1
        gathered: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(spells):
            for name in works:
                spell = seconds / spells
                gathered[name] += self.phase(
                    [name], clients=clients, seconds=spell, **more
                )[name]
        return {name: figure(each, seconds) for name, each in gathered.items()}


@contextmanager
def fleet(memories: int) -> Iterator[Fleet]:
    """Start the clients of a database; they wait for their phases."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.latency.client"],
            cwd=place.ROOT,
            env=place.environment(memories),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        yield Fleet(processes)
    finally:
        for process in processes:
            assert process.stdin
            process.stdin.close()
        for process in processes:
            process.wait(30)


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _answer(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        time.sleep(0.1)
        raise RuntimeError(f"A client ended with {process.poll()}: see above.")
    return json.loads(line)
