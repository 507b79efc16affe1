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
from tests.benchmarks.latency.limit import LIMIT_SQL
from tests.benchmarks.latency.measure import measure
from tests.benchmarks.latency.report import report, write

DATABASES = (10_000, 100_000, 1_000_000)
CUSTOMERS = (100, 1_000, 10_000)


def main() -> None:
    """Load what is missing, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench-latency")
    parser.add_argument("--memories", type=int, default=1_000_000, choices=DATABASES)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=9.0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    place.start()
    databases = [size for size in DATABASES if size <= asked.memories]
    for size in databases:
        load(size)
    # The smallest database has no room for large customers.
    customers = CUSTOMERS if len(databases) > 1 else CUSTOMERS[:1]
    found = report(
        measure(
            databases, list(customers), minutes=asked.minutes, seconds=asked.seconds
        )
    )
    sys.stdout.write(f"{found}\n")
    if asked.write:
        write(found)


def load(memories: int) -> None:
    """Make and fill a database unless it is there."""
    if place.prepare(memories):
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.benchmarks.latency.load", str(memories)],
            cwd=place.ROOT,
            env=place.environment(memories),
            check=True,
        )
    with psycopg.connect(place.superuser(memories)) as admin:
        admin.execute("set role recollect_owner")
        admin.execute(LIMIT_SQL)


if __name__ == "__main__":
    main()
