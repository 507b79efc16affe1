"""A process of clients: reads phases as JSON lines, answers each with its times.

A phase is `{"works": […], "size": 100, "threads": 8, "seconds": 5}`: each thread does
the works in turn, one after another as fast as it can. With `"rate"` questions arrive
by chance, so many a second, whether the ones before are answered or not, and a time
counts from the arrival.
"""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import numpy as np

django.setup()

from tests.benchmarks.latency import work  # noqa: E402 - the apps have to be there
from tests.benchmarks.latency.work import Asked, Questions  # noqa: E402 - see above

Times = dict[str, list[float]]
AHEAD = 64


class Client:
    """What a process knows: its questions, by the size of a customer's memory."""

    def __init__(self) -> None:
        self.questions: dict[int, Questions] = {}

    def ready(self, phase: dict[str, Any]) -> None:
        """Make what a phase asks about."""
        size = phase["size"]
        if size not in self.questions:
            seed = os.getpid() * 1_000 + size
            self.questions[size] = Questions(seed, work.customers(size))

    def run(self, phase: dict[str, Any]) -> Times:
        """Run a phase; returns the milliseconds of each work."""
        questions = self.questions[phase["size"]]
        if "rate" in phase:
            return arrivals(phase, questions)
        found: list[Times] = []
        threads = [
            threading.Thread(target=loop, args=(phase, questions, found))
            for _ in range(phase["threads"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            name: [each for times in found for each in times[name]]
            for name in phase["works"]
        }


def loop(phase: dict[str, Any], questions: Questions, found: list[Times]) -> None:
    """Ask without a pause until the time is up, the works by turns."""
    names = phase["works"]
    works = work.works(names)
    times: Times = {name: [] for name in names}
    for asked in questions.draw(3):
        for each in works:
            each(asked)
    until = time.perf_counter() + phase["seconds"]
    while time.perf_counter() < until:
        # Drawn ahead, so that the drawing is in nobody's time but also in no gap.
        for asked in questions.draw(AHEAD):
            for name, each in zip(names, works, strict=True):
                times[name].append(timed(each, asked))
            if time.perf_counter() >= until:
                break
    work.leave()
    found.append(times)


def arrivals(phase: dict[str, Any], questions: Questions) -> Times:
    """Let questions arrive by chance, and time each from its arrival to its answer."""
    [name] = phase["works"]
    times: list[float] = []
    count = int(phase["rate"] * phase["seconds"])
    gaps = np.random.default_rng(os.getpid()).exponential(1 / phase["rate"], count)
    asked_now = questions.draw(count)
    local = threading.local()

    def answer(asked: Asked, due: float) -> None:
        if not hasattr(local, "work"):
            [local.work] = work.works([name])
        local.work(asked)
        times.append((time.perf_counter() - due) * 1000)

    with ThreadPoolExecutor(phase["threads"]) as pool:
        due = time.perf_counter() + 0.1
        for asked, gap in zip(asked_now, gaps, strict=True):
            due += gap
            time.sleep(max(0.0, due - time.perf_counter()))
            pool.submit(answer, asked, due)
    assert len(times) == count, "some questions were not answered"
    return {name: times}


def timed(each: Callable[[Asked], int], asked: Asked) -> float:
    """Return how long one took, in milliseconds."""
    began = time.perf_counter()
    assert each(asked) > 0, "nothing was recalled"
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Serve phases until nobody asks any more."""
    random.seed(os.getpid())
    client = Client()
    for line in sys.stdin:
        phase = json.loads(line)
        client.ready(phase)
        say({"ready": True})
        sys.stdin.readline()
        say(client.run(phase))


def say(answer: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
