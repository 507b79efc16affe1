"""The embedded PostgreSQL and Redis: their addresses, and who starts and stops them.

`make demo`, a lone management command and pytest attach to the same servers of a data
directory or start them. Each holds a shared lock on one file for as long as it lives;
the last one out stops the servers. The kernel drops the lock of a killed process, so
no count goes wrong. Free of Django at import, because the settings import this.
"""

import atexit
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, quote, urlsplit

from config import servers
from config.places import Places, ServiceError, make_directory, make_places, places

CHECKOUT = Path(__file__).resolve().parent.parent

# What a reset leaves: the tests' own servers, and compiled Python.
NOT_DEMO_DATA = {"test", "pycache"}

# Data directory → this process' open lock on its servers.
_attached: dict[Path, IO[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Services:
    """The addresses of the two services.

    PostgreSQL's have no password: see `initdb` in `config.servers`. The host is a
    directory and travels as a parameter, the one form that psycopg, libpq's own tools
    and django-environ read alike.
    """

    database_url: str
    database_owner_url: str
    database_admin_url: str
    redis_url: str


def addresses(data_dir: Path) -> Services:
    """Return where the servers of a data directory listen, starting nothing."""
    where = places(data_dir)
    host = quote(str(where.postgres_sockets), safe="/")
    return Services(
        database_url=f"postgresql://recollect_app@/recollect?host={host}",
        database_owner_url=f"postgresql://recollect_owner@/recollect?host={host}",
        database_admin_url=f"postgresql://postgres@/postgres?host={host}",
        redis_url=f"unix://{quote(str(where.redis_socket), safe='/')}?db=0",
    )


def celery_url(redis_url: str) -> str:
    """Return a Redis URL in the form that Celery reads: it has its own for sockets."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def secret_key(data_dir: Path, *, allowed: bool) -> str:
    """Return the secret key kept in the data directory, made at the first call.

    Args:
        data_dir: Where it is kept, readable by its owner alone.
        allowed: Whether a key of our own making will do: only with embedded services.

    Raises:
        ImproperlyConfigured: `SECRET_KEY` is not set where it has to be.
        ServiceError: The data directory cannot be used.
    """
    if not allowed:
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - seldom needed

        raise ImproperlyConfigured(
            "Set SECRET_KEY: fifty or more random characters, kept secret."
        )
    kept = data_dir / "secret_key"
    with suppress(FileNotFoundError):
        return kept.read_text()
    make_directory(data_dir, passage=True)
    draft = data_dir / f"secret_key.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    # A link, unlike a rename, lets the first of several processes win.
    with suppress(FileExistsError):
        kept.hardlink_to(draft)
    draft.unlink()
    return kept.read_text()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, so that one process at a time does what follows."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_services(
    data_dir: Path,
    *,
    durable: bool = True,
    postgres: bool = True,
    redis: bool = True,
) -> Services:
    """Attach to the servers of a data directory, starting those that do not run.

    Call it again at any time: it takes a millisecond, and revives a killed server
    under its old address.

    Args:
        data_dir: Where data, sockets and logs are kept.
        durable: Whether data must survive a crash; tests are faster without.
        postgres: Whether PostgreSQL is wanted.
        redis: Whether Redis is wanted.

    Raises:
        ServiceError: One cannot run here.
    """
    where = places(data_dir)
    try:
        make_places(where)
        with locked(where.data_dir / "services.lock"):
            _attach(where)
            if postgres and not servers.postgres_up(where):
                _say_where(where)
                servers.start_postgres(where, durable=durable)
            if redis and not servers.redis_up(where):
                servers.start_redis(where, durable=durable)
    except PermissionError as error:
        raise ServiceError(
            f"No permission for {error.filename}: was it made by another account?"
        ) from error
    return addresses(data_dir)


def _say_where(where: Places) -> None:
    if where.home != where.data_dir:
        print(  # noqa: T201 - a word at the terminal
            f"Recollect: PostgreSQL's account cannot enter {where.data_dir},"
            f" so the data is kept in {where.home}.",
            file=sys.stderr,
        )


def _attach(where: Places) -> None:
    if where.data_dir in _attached:
        return
    users = (where.data_dir / "services.users").open("ab")
    fcntl.flock(users, fcntl.LOCK_SH)
    _attached[where.data_dir] = users
    atexit.register(_leave_at_exit, where, os.getpid())


def _leave_at_exit(where: Places, pid: int) -> None:
    # A forked child inherits this registration but not the right to act on it.
    if os.getpid() == pid:
        release_services(where.data_dir)


def release_services(data_dir: Path) -> bool:
    """Let go of the servers; the last one out stops them.

    Returns:
        Whether they were stopped.
    """
    where = places(data_dir)
    users = _attached.pop(where.data_dir, None)
    if users is None or not where.data_dir.exists():
        return False
    with users, locked(where.data_dir / "services.lock"):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _stop(where)
    return True


def _stop(where: Places) -> None:
    servers.stop_redis(where)
    servers.stop_postgres(where)


def stop_services(data_dir: Path) -> None:
    """Stop the servers of a data directory, whoever uses them."""
    where = places(data_dir)
    if where.data_dir.is_dir():
        with locked(where.data_dir / "services.lock"):
            _stop(where)


def remove_data(data_dir: Path) -> None:
    """Stop the servers and delete what the product keeps, but for the tests' data.

    Raises:
        ServiceError: The directory holds more than that.
    """
    where = places(data_dir)
    if CHECKOUT.is_relative_to(where.data_dir) or Path.home().is_relative_to(
        where.data_dir
    ):
        raise ServiceError(f"{data_dir} holds more than data: delete it yourself.")
    stop_services(data_dir)
    for path in (*where.data_dir.glob("*"), where.substitute):
        if path.is_dir() and path.name not in NOT_DEMO_DATA:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def running(data_dir: Path, *, postgres: bool = True, redis: bool = True) -> bool:
    """Answer whether the wanted servers run."""
    where = places(data_dir)
    return (not postgres or servers.postgres_up(where)) and (
        not redis or servers.redis_up(where)
    )


def ensure_if_used() -> None:
    """Start or attach to whichever embedded service the settings use.

    The embedded database is also made and migrated, so that a lone management command
    works right after the install. Problems end the process with one line.
    """
    from django.conf import settings  # noqa: PLC0415 - settings import us

    data_dir: Path = settings.DATA_DIR
    ours = addresses(data_dir)
    # A DATABASE_URL in the environment rules this out, even one that names ours: so do
    # the commands below run without preparing the database in their turn.
    postgres: bool = settings.EMBEDDED
    redis = ours.redis_url == settings.REDIS_URL
    if not (postgres or redis):
        return
    try:
        ensure_services(data_dir, postgres=postgres, redis=redis)
        if postgres:
            ensure_database(
                data_dir, redis_url=settings.REDIS_URL, key=settings.SECRET_KEY
            )
    except ServiceError as error:
        sys.exit(f"Recollect: {error}")


def ensure_database(data_dir: Path, *, redis_url: str, key: str) -> bool:
    """Make and migrate the embedded database unless it is up to date.

    Args:
        data_dir: Whose servers run.
        redis_url: For the commands' settings.
        key: The secret key for the commands' settings.

    Returns:
        Whether there was something to do.

    Raises:
        ServiceError: A command failed.
    """
    where = places(data_dir)
    stamp = where.postgres / "migrated"
    wanted = _migrations_digest()
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    with locked(where.data_dir / "migrate.lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return True
        urls = addresses(data_dir)
        environment = {
            "DATABASE_URL": urls.database_url,
            "DATABASE_OWNER_URL": urls.database_owner_url,
            "DATABASE_ADMIN_URL": urls.database_admin_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": key,
            "DATA_DIR": str(data_dir),
        }
        manage("prepare_database", **environment)
        environment["DATABASE_URL"] = urls.database_owner_url
        manage("migrate", "--no-input", **environment)
        stamp.write_text(wanted)
    return True


def manage(*arguments: str, **environment: str) -> None:
    """Run a management command in a process of its own.

    Raises:
        ServiceError: It failed; with the last line of what it said.
    """
    done = subprocess.run(  # noqa: S603 - our own manage.py
        [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
        check=False,
        env={**os.environ, **environment},
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        # Half a migration is worse than a Ctrl-C that waits for it.
        start_new_session=True,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().split("\n")[-1]
        raise ServiceError(f"manage.py {arguments[0]} failed: {said}")


def _migrations_digest() -> str:
    digest = hashlib.sha256()
    for app in ("accounts", "memory", "chat"):
        files = [
            *(CHECKOUT / app / "migrations").glob("*.py"),
            *(CHECKOUT / app / "management").rglob("prepare_database.py"),
        ]
        for path in sorted(files):
            digest.update(path.name.encode() + path.read_bytes())
    # Third-party apps bring migrations of their own.
    digest.update((CHECKOUT / "requirements.lock").read_bytes())
    return digest.hexdigest()
