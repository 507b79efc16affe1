"""Runs the matrix against every mutant: `make prove-isolation`.

Mutants of the source are made in a copy of the tree, two at a time; each copy works on
a database and a Redis of its own. A mutant counts as caught when a test fails, not when
the tests cannot run; and without a mutant the same tests have to pass.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests import environment as env
from tests.isolation.mutants.in_source import MUTANTS, Mutant

T = TypeVar("T")

_HERE = "tests/isolation"
_PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=line", "--no-header"]
_PLUGINS = ["-p", "no:cacheprovider", "-p", "no:randomly"]
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".data", "__pycache__", "*.pyc")
# Names of pytest-xdist's workers, whose databases and Redis no test run uses here.
_SLOTS = ("gw12", "gw13")
_TIMEOUT_S = 300
_DATABASE_TIMEOUT_S = 1_800
_FAILED = 1


class Copy:
    """A copy of the tree with a worker's name, in which one mutant lives at a time."""

    def __init__(self, at: Path, worker: str) -> None:
        self.root = at / worker
        self.environment = os.environ | {"PYTEST_XDIST_WORKER": worker}
        for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR"):
            self.environment.pop(name, None)
        self.changes = 0
        shutil.copytree(env.ROOT, self.root, ignore=_LEFT_OUT, symlinks=True)
        # The same servers: each worker has its own database in them.
        (self.root / ".data").symlink_to(env.ROOT / ".data")

    def run(self, tests: str) -> subprocess.CompletedProcess[str]:
        """Run tests that are named as seen from the matrix."""
        first, *rest = tests.split(" -k ")
        paths = [os.path.normpath(f"{_HERE}/{path}") for path in first.split()]
        chosen = ["-k", rest[0]] if rest else []
        return subprocess.run(  # noqa: S603 - our own interpreter
            [*_PYTEST, *_PLUGINS, *paths, *chosen],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )

    def change(self, file: str, text: str) -> None:
        """Write a file so that no stale bytecode stands for it."""
        path = self.root / file
        path.write_text(text)
        self.changes += 1
        at = time.time() + 2 * self.changes
        os.utime(path, (at, at))


def outcome(copy: Copy, mutant: Mutant) -> str:
    """Return why a mutant survived; empty when it was caught."""
    plain = (env.ROOT / mutant.file).read_text()
    if plain.count(mutant.old) != 1:
        return f"its text stands {plain.count(mutant.old)} times in {mutant.file}"
    copy.change(mutant.file, plain.replace(mutant.old, mutant.new))
    try:
        done = copy.run(mutant.tests)
    except subprocess.TimeoutExpired:
        return "the tests did not end"
    finally:
        copy.change(mutant.file, plain)
    if done.returncode == _FAILED:
        return ""
    last = done.stdout.strip().splitlines()[-1:] or [done.stderr[-300:]]
    return f"survived: {last[0]}" if not done.returncode else f"did not run: {last[0]}"


def in_database(copy: Copy) -> tuple[int, list[str]]:
    """Return how many mutants of the database there are, and the survivors."""
    command = [argument for argument in _PYTEST if argument != "-x"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, *_PLUGINS, "-rA", f"{_HERE}/mutants/in_database.py"],
        cwd=copy.root,
        env=copy.environment,
        capture_output=True,
        text=True,
        timeout=_DATABASE_TIMEOUT_S,
        check=False,
    )
    told = r"^(PASSED|FAILED|ERROR) \S+::test_the_matrix_goes_red\[(.*?)\](?: - .*)?$"
    found = re.findall(told, done.stdout, re.MULTILINE)
    if "test_the_matrix_is_green" in "".join(
        line
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED", "ERROR"))
    ):
        sys.exit(f"The matrix is red without any mutant:\n{done.stdout}")
    if not found:
        sys.exit(
            f"The mutants of the database did not run:\n{done.stdout}{done.stderr}"
        )
    return len(found), [name for result, name in found if result != "PASSED"]


def red_without_a_mutant(copy: Copy, tests: str) -> str:
    """Return what fails on the plain source, where nothing should."""
    done = copy.run(tests)
    return f"{tests}:\n{done.stdout[-3000:]}" if done.returncode else ""


def main() -> int:
    """Return 1 when a mutant survives."""
    started = time.monotonic()
    survivors: list[str] = []
    with tempfile.TemporaryDirectory() as at:
        free: SimpleQueue[Copy] = SimpleQueue()
        copies = [Copy(Path(at), worker) for worker in _SLOTS]
        count, survived = in_database(copies[0])
        survivors += [f"database: {name}" for name in survived]
        print(f"database: {count - len(survived)} of {count} caught", flush=True)
        for copy in copies:
            free.put(copy)

        def in_a_copy(work: Callable[[Copy, T], str], what: T) -> str:
            copy = free.get()
            try:
                return work(copy, what)
            finally:
                free.put(copy)

        def show(mutant: Mutant) -> None:
            problem = in_a_copy(outcome, mutant)
            if problem:
                survivors.append(f"{mutant.what} ({problem})")
            print(f"{'SURVIVED' if problem else 'caught'}: {mutant.what}", flush=True)

        with ThreadPoolExecutor(len(copies)) as pool:
            suites = sorted({mutant.tests for mutant in MUTANTS})
            red = list(pool.map(partial(in_a_copy, red_without_a_mutant), suites))
            if any(red):
                sys.exit("Red without any mutant: " + "\n".join(red))
            list(pool.map(show, MUTANTS))
    total = count + len(MUTANTS)
    print(f"{total - len(survivors)} of {total} mutants caught", end=" ")
    print(f"in {time.monotonic() - started:.0f} s")
    for name in survivors:
        print(f"  {name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
