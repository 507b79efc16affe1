"""`make demo`: everything on one machine, under one supervisor.

The web server, one Celery worker and beat run as children; PostgreSQL and Redis are the
embedded ones unless `DATABASE_URL` or `REDIS_URL` name others. `reset` as an argument
throws the data away.
"""

import fcntl
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environ

from config import embedded
from config.embedded import CHECKOUT, manage
from config.places import ServiceError, make_places, places
from config.supervisor import (
    Child,
    CrashLoopError,
    Supervisor,
    adopt_orphans,
    reap_orphans,
    say,
)

HOST = "127.0.0.1"
READY_TIMEOUT_S = 90.0
ROLES = ("agent", "admin", "compliance")


def main(arguments: list[str]) -> int:
    """Run the demo, or reset it.

    Returns:
        The process' exit status: 1 after one line that says what is wrong.
    """
    environ.Env.read_env(CHECKOUT / ".env")
    data_dir = Path(os.environ.get("DATA_DIR") or CHECKOUT / ".data").resolve()
    try:
        if arguments == ["reset"]:
            return reset(data_dir)
        port = free_port(os.environ.get("PORT") or "8000")
        with only_one(data_dir):
            return run(data_dir, port)
    except (ServiceError, CrashLoopError) as error:
        say(f"Recollect: {error}")
        return 1


def free_port(text: str) -> int:
    """Return the port, when nobody listens on it.

    Raises:
        ServiceError: It is no port, or taken.
    """
    try:
        port = int(text)
        with socket.socket() as probe:
            # As the server itself does: a port just let go of is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except (ValueError, OverflowError):
        raise ServiceError(f"PORT={text} is not a port number.") from None
    except PermissionError:
        raise ServiceError(f"Port {port} is not for ordinary accounts.") from None
    except OSError:
        raise ServiceError(
            f"Port {port} is in use; choose another: make demo PORT={port + 1}"
        ) from None
    return port


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory's demo lock.

    Raises:
        ServiceError: The directory cannot be used, or a demo runs on it.
    """
    make_places(places(data_dir))
    try:
        with (data_dir / "demo.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise ServiceError(f"A demo is running on {data_dir}; stop it first.") from None


def reset(data_dir: Path) -> int:
    """Delete the demo's data.

    Raises:
        ServiceError: A demo is using it.
    """
    with only_one(data_dir):
        embedded.remove_data(data_dir)
    say(f"The data in {data_dir} is gone; make demo starts afresh.")
    return 0


def run(data_dir: Path, port: int) -> int:
    """Start everything, print how to get in, and look after it until Ctrl-C."""
    # Compiled Python makes a start three times as fast; kept with the data it litters
    # no source, which is what those who switch it off ask for.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {
        "PYTHONPYCACHEPREFIX": str(data_dir / "pycache"),
        "DEMO": "1",
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://localhost:{port}",
    }
    say("Recollect is starting …")
    started = time.monotonic()

    def services() -> None:
        if revive(data_dir):
            say("An embedded service had stopped; it runs again.")

    supervisor = Supervisor(
        children(places(data_dir).logs, data_dir, port), each_second=services
    )
    supervisor.listen()
    adopt_orphans()
    try:
        revive(data_dir)
        prepare(data_dir)
        if not supervisor.stopping.is_set():
            supervisor.start()
            wait_until_ready(supervisor, port)
        if not supervisor.stopping.is_set():
            say(banner(data_dir, time.monotonic() - started))
            supervisor.run()
        say("Recollect is stopping …")
    finally:
        supervisor.stop()
        embedded.release_services(data_dir)
        reap_orphans()
    return 0


def revive(data_dir: Path) -> bool:
    """Start the embedded services that are wanted and do not run.

    Returns:
        Whether one had to be started.
    """
    wanted = {
        "postgres": not os.environ.get("DATABASE_URL"),
        "redis": not os.environ.get("REDIS_URL"),
    }
    if not any(wanted.values()):
        return False
    missing = not embedded.running(data_dir, **wanted)
    # Also when all run: the first call attaches us, so that nobody stops them under us.
    embedded.ensure_services(data_dir, **wanted)
    return missing


def prepare(data_dir: Path) -> None:
    """Bring the database up to date and fill it at the first start."""
    urls = embedded.addresses(data_dir)
    if os.environ.get("DATABASE_URL"):
        if os.environ.get("DATABASE_ADMIN_URL"):
            manage("prepare_database")
        if owner := os.environ.get("DATABASE_OWNER_URL"):
            manage("migrate", "--no-input", DATABASE_URL=owner)
        manage("seed_demo")
        return
    if embedded.ensure_database(
        data_dir,
        redis_url=os.environ.get("REDIS_URL") or urls.redis_url,
        key=os.environ.get("SECRET_KEY") or embedded.secret_key(data_dir, allowed=True),
    ):
        say("The database is up to date.")
    # Beside the cluster, so that they are kept and thrown away together.
    seeded = places(data_dir).postgres / "seeded"
    # The shop's look-up knows the address that it was registered with.
    address = os.environ.get("PUBLIC_URL", "")
    if not seeded.exists() or seeded.read_text() != address:
        say("Writing the sample data: once, it takes a moment …")
        manage("seed_demo")
        seeded.write_text(address)


def children(logs: Path, data_dir: Path, port: int) -> list[Child]:
    """Return the processes that make up the product."""
    programs = Path(sys.executable).parent
    celery = [str(programs / "celery"), "--app", "config", "--quiet"]
    commands = {
        "web": [
            str(programs / "uvicorn"),
            "config.asgi:application",
            *("--host", HOST, "--port", str(port), "--backlog", "4096"),
            *("--loop", "uvloop", "--ws", "websockets-sansio"),
            *("--ws-per-message-deflate", "false"),
            # Addresses hold search terms, which are customers' words.
            "--no-access-log",
            # Whom to believe about addresses is for TRUSTED_PROXIES alone to say.
            "--no-proxy-headers",
            *("--timeout-graceful-shutdown", "5"),
        ],
        # Processes, not threads: they keep the time limit of a task, and the embedding
        # model, which does not survive a fork, is loaded by each when first used.
        "worker": [
            *celery,
            *("worker", "--pool", "prefork", "--concurrency", "2"),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        ],
        "beat": [
            *celery,
            *("beat", "--loglevel", "INFO", "--pidfile", ""),
            *("--schedule", str(data_dir / "beat-schedule")),
        ],
    }
    return [
        Child(
            name,
            command,
            log=logs / f"{name}.log",
            environment=dict(os.environ),
            # People wait for the web server; nobody waits for the other two.
            niceness=0 if name == "web" else 5,
        )
        for name, command in commands.items()
    ]


def wait_until_ready(supervisor: Supervisor, port: int) -> None:
    """Return when the web server says it is well, or a signal came.

    Raises:
        ServiceError: It is not within a minute and a half.
        CrashLoopError: A child keeps crashing.
    """
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not supervisor.stopping.wait(0.05):
        if healthy(port):
            return
        supervisor.tend()
        if time.monotonic() > deadline:
            log = supervisor.children[0].log
            raise ServiceError(f"The web server does not get ready; {log} says why.")


def healthy(port: int) -> bool:
    """Answer whether `/healthz` does."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def banner(data_dir: Path, seconds: float) -> str:
    """Return where to go and one login for each role."""
    lines = [
        "",
        f"  Recollect is ready after {seconds:.1f} s: {os.environ['PUBLIC_URL']}",
        "",
    ]
    file = data_dir / "demo-logins.json"
    logins = json.loads(file.read_text()) if file.exists() else []
    for role in ROLES:
        login = next((each for each in logins if each["role"] == role), None)
        if login:
            lines.append(
                f"  {role:<11} {login['email']:<30} {login['password']}"
                f"   ({login['tenant']})"
            )
    lines += ["", f"  Logs: {data_dir / 'logs'}   Stop: Ctrl-C", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
