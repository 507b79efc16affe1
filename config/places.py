"""Where the servers of one data directory keep their files and sockets.

Everything follows from the data directory alone, so a server that was killed comes back
under its old address.
"""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

# A unix socket's path has 108 bytes on Linux and 104 elsewhere, its NUL included.
MAX_SOCKET_PATH = 103


class ServiceError(Exception):
    """An embedded service cannot run; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the two servers of one data directory keep their files."""

    data_dir: Path
    home: Path
    sockets: Path

    @property
    def postgres(self) -> Path:
        """Return PostgreSQL's own directory."""
        return self.home / "postgres"

    @property
    def cluster(self) -> Path:
        """Return PGDATA."""
        return self.postgres / "data"

    @property
    def postgres_sockets(self) -> Path:
        """Return the directory of PostgreSQL's socket."""
        return self.sockets / "pg"

    @property
    def redis(self) -> Path:
        """Return Redis' own directory."""
        return self.home / "redis"

    @property
    def redis_socket(self) -> Path:
        """Return Redis' socket."""
        return self.sockets / "redis" / "s"

    @property
    def logs(self) -> Path:
        """Return the directory of every log."""
        return self.data_dir / "logs"

    @property
    def substitute(self) -> Path:
        """Return the directory that stands in where the data directory cannot serve."""
        return _substitute(self.data_dir)


def places(data_dir: Path) -> Places:
    """Derive the places of a data directory, touching nothing.

    As root the servers' account must reach them: beneath a closed directory, such as a
    checkout in root's home, both live in /var/tmp instead. Sockets alone move there
    when their path would be too long.
    """
    data_dir = Path(os.path.abspath(data_dir))
    home = data_dir
    if os.geteuid() == 0 and not others_may_enter(data_dir):
        home = _substitute(data_dir)
    sockets = home / "run"
    if len(os.fsencode(sockets / "pg" / ".s.PGSQL.5432.lock")) > MAX_SOCKET_PATH:
        sockets = _substitute(data_dir) / "run"
    return Places(data_dir, home, sockets)


def _substitute(data_dir: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(f"/var/tmp/recollect-{os.geteuid()}-{digest}")  # noqa: S108 - owned, not shared


def others_may_enter(path: Path) -> bool:
    """Answer whether every account may pass through to what exists of a path."""
    existing = [p for p in (path, *path.parents) if p.exists()]
    return all(p.stat().st_mode & stat.S_IXOTH for p in existing)


def make_directory(
    path: Path, account: pwd.struct_passwd | None = None, *, passage: bool = False
) -> Path:
    """Make a directory that is ours alone, or that of `account`.

    Args:
        path: The directory; its parents are made, too.
        account: Who gets it, with all that it holds.
        passage: Whether PostgreSQL's account passes through it, when we are root.

    Raises:
        ServiceError: It cannot be made.
    """
    mode = 0o711 if passage and os.geteuid() == 0 else 0o700
    try:
        if not path.is_dir():
            path.mkdir(mode=mode, parents=True, exist_ok=True)
            path.chmod(mode)
        if account is not None and path.stat().st_uid != account.pw_uid:
            give(path, account)
    except OSError as error:
        raise ServiceError(f"Cannot make {path}: {error.strerror}.") from error
    return path


def give(path: Path, account: pwd.struct_passwd) -> None:
    """Give a directory and all that it holds to an account."""
    for each in (path, *path.rglob("*")):
        os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)


def make_places(where: Places) -> None:
    """Make the directories that both servers share.

    Raises:
        ServiceError: One cannot be made or written to, or is not ours.
    """
    make_directory(where.data_dir, passage=True)
    if where.substitute in (where.home, where.sockets.parent):
        make_substitute(where)
    for path in (where.home, where.sockets, where.postgres):
        make_directory(path, passage=True)
    make_directory(where.logs)
    for path in (where.data_dir, where.logs):
        if not os.access(path, os.W_OK | os.X_OK):
            raise ServiceError(f"No permission to write to {path}.")


def make_substitute(where: Places) -> None:
    """Make the directory that stands in for the data directory.

    Raises:
        ServiceError: In the place that everyone may write to lies someone else's.
    """
    make_directory(where.substitute, passage=True)
    found = where.substitute.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ServiceError(f"{where.substitute} belongs to someone else.")
