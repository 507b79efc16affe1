"""Replays conversations through the product's own commands, in a place of their own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Beside the real data: the embedded PostgreSQL has to reach it, whoever runs this.
SCRATCH = ROOT / ".data" / "bench"
TENANT = "bench"


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def replay(conversations: Path) -> tuple[list[dict[str, Any]], float]:
    """Import, consolidate and dump a file; nothing of it stays.

    Returns:
        The facts, one object for each piece of evidence, and how long it took in
        seconds.
    """
    out = SCRATCH / "facts.jsonl"
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    began = time.monotonic()
    try:
        _manage("import_conversations", str(conversations), "--consolidate")
        took_s = time.monotonic() - began
        _manage("dump_facts", "--out", str(out))
        return lines(out), took_s
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


def _manage(command: str, *args: str) -> None:
    subprocess.run(  # noqa: S603 - our own command with paths of who runs it
        [sys.executable, "manage.py", command, *args, "--tenant", TENANT],
        cwd=ROOT,
        check=True,
        env={**os.environ, "DATA_DIR": str(SCRATCH / "data")},
    )
