"""The databases that are measured, in a data directory of their own."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import embedded, servers

ROOT = Path(__file__).resolve().parents[3]
DATA_DIR = ROOT / ".data" / "bench-latency"
ADDRESSES = embedded.addresses(DATA_DIR)
# A quarter of 16 GB: what a server for a million memories is given, and PostgreSQL's
# manual advises.
SHARED_BUFFERS = "4GB"


def name(memories: int) -> str:
    """Return the name of the database with so many memories."""
    return f"latency_{memories}"


def environment(memories: int) -> dict[str, str]:
    """Return what points the product at that database, as the serving role."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(DATA_DIR),
        "DATABASE_URL": _in(ADDRESSES.database_url, memories),
        "REDIS_URL": ADDRESSES.redis_url,
        "SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz",
        "OPENAI_BASE_URL": "",
        "MODEL_EMBED": "",
        "LOG_LEVEL": "ERROR",
    }


def start() -> None:
    """Start PostgreSQL and Redis, with room for a million memories."""
    servers.POSTGRES_SETTINGS |= {
        "shared_buffers": SHARED_BUFFERS,
        "max_wal_size": "8GB",
        "maintenance_work_mem": "512MB",
    }
    # Nothing of it must survive a crash: it can be loaded again.
    embedded.ensure_services(DATA_DIR, durable=False)


def superuser(memories: int) -> str:
    """Return the address of that database past every policy: to load and to look."""
    return make_conninfo(ADDRESSES.database_admin_url, dbname=name(memories))


def prepare(memories: int) -> bool:
    """Make or migrate a database; returns whether it has to be loaded."""
    schema = _digest(ROOT, "*/migrations/*.py")
    rows = _digest(Path(__file__).parent, "load.py", "words.py")
    said = _said(memories)
    if said == f"{rows} {schema}":
        return False
    fresh = not said.startswith(rows)
    if fresh:
        with psycopg.connect(ADDRESSES.database_admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("drop database if exists {} with (force)").format(
                    sql.Identifier(name(memories))
                )
            )
    addresses = environment(memories)
    addresses["DATABASE_OWNER_URL"] = _in(ADDRESSES.database_owner_url, memories)
    addresses["DATABASE_ADMIN_URL"] = ADDRESSES.database_admin_url
    _manage(addresses, "prepare_database")
    addresses["DATABASE_URL"] = addresses["DATABASE_OWNER_URL"]
    _manage(addresses, "migrate", "--verbosity", "0")
    if not fresh:
        note(memories)
    return fresh


def note(memories: int) -> None:
    """Write down, at the database, of which rows and migrations it is made."""
    rows = _digest(Path(__file__).parent, "load.py", "words.py")
    schema = _digest(ROOT, "*/migrations/*.py")
    with psycopg.connect(superuser(memories), autocommit=True) as admin:
        admin.execute("vacuum (analyze)")
        admin.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(name(memories)), sql.Literal(f"{rows} {schema}")
            )
        )


def _said(memories: int) -> str:
    with psycopg.connect(ADDRESSES.database_admin_url) as admin:
        found = admin.execute(
            "select shobj_description(oid, 'pg_database') from pg_database"
            " where datname = %s",
            [name(memories)],
        ).fetchone()
    return (found and found[0]) or ""


def _in(url: str, memories: int) -> str:
    return url.replace("/recollect?", f"/{name(memories)}?")


def _digest(where: Path, *patterns: str) -> str:
    digest = hashlib.sha256()
    for pattern in patterns:
        for file in sorted(where.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _manage(addresses: dict[str, str], *words: str) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *words], cwd=ROOT, check=True, env=addresses
    )
