"""Measures recall, and prints its tables and charts.

make bench-latency                       the record: 1,000,000 memories
make bench-latency MEMORIES=100000       smaller, for a quick look
make bench-latency MINUTES=10 WRITE=1    into docs/benchmarks.md
"""

import argparse
import subprocess
import sys

import psycopg

from tests.benchmarks.latency import place
from tests.benchmarks.latency.fleet import Figure, fleet
from tests.benchmarks.latency.limit import LIMIT_SQL

SIZES = (10_000, 100_000, 1_000_000)
CLIENTS = 16


def main() -> None:
    """Load what is missing, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench-latency")
    parser.add_argument("--memories", type=int, default=1_000_000, choices=SIZES)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    place.start()
    loaded = [size for size in SIZES if size <= asked.memories]
    for size in loaded:
        load(size)
    with fleet(asked.memories) as clients:
        for count in (1, CLIENTS):
            show(
                clients.measure(["sql", "limit"], clients=count, seconds=asked.seconds)
            )
            show(clients.measure(["end_to_end"], clients=count, seconds=asked.seconds))


def show(figures: dict[str, Figure]) -> None:
    for name, it in figures.items():
        print(name, it, f"{it.per_second:.0f}/s load {it.load:.1f}", flush=True)


def load(memories: int) -> None:
    """Make and fill a database unless it is there."""
    if place.prepare(memories):
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.benchmarks.latency.load", str(memories)],
            cwd=place.ROOT,
            env={
                **place.environment(memories),
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            check=True,
        )
    with psycopg.connect(place.superuser(memories)) as admin:
        admin.execute("set role recollect_owner")
        admin.execute(LIMIT_SQL)


if __name__ == "__main__":
    main()
