"""Figures in the documentation: where they were measured, and their marked places."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
END: Final = "<!-- to here -->"


def write(begin: str, text: str) -> None:
    """Put figures into the documentation, in place of those after a mark."""
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(END)
    assert found, f"{DOCS} has no place marked {begin}"
    DOCS.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def machine() -> str:
    """Return the day, and what it was measured on."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    name = names[0] if names else "unknown"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({name})"
