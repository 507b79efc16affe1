"""Where the histories are imported: a data directory of their own, a desk for each set.

What a set becomes in memory is kept for the next run. It is imported again when its
conversations, or what writes memory, changed.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.recall.sets import Set
from tests.benchmarks.replay import ROOT

DATA_DIR = ROOT / ".data" / "bench-recall"
# The read path is what is measured: it writes nothing.
_READS = ROOT / "memory" / "recall"


def start() -> None:
    """Start the embedded services, and Django as the serving role."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(DATA_DIR),
        "OPENAI_BASE_URL": "",
        "MODEL_EMBED": "",
        "LOG_LEVEL": "ERROR",
    }
    import django

    from config import embedded

    django.setup()
    embedded.ensure_if_used()


def imported(those: Set) -> str:
    """Return the slug of the desk that has a set's histories, imported when missing."""
    from django.core.management import call_command

    slug = f"{those.name}-{_digest(those)}"
    # What it knows already it skips, so a run that was stopped goes on here.
    call_command(
        "import_conversations", str(those.conversations), tenant=slug, consolidate=True
    )
    return slug


def _digest(those: Set) -> str:
    digest = hashlib.sha256(those.conversations.read_bytes())
    for file in _written_by():
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _written_by() -> Iterator[Path]:
    for file in sorted((ROOT / "memory").rglob("*.py")):
        if not file.is_relative_to(_READS):
            yield file
