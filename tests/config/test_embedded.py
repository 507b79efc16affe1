"""The embedded servers: real ones, in directories of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis
from django.core.exceptions import ImproperlyConfigured

from config import embedded, servers
from config.places import MAX_SOCKET_PATH, ServiceError, places

# Attaches like a lone management command, says so, and waits to be told to leave.
USER = """
import sys
from pathlib import Path
from config import embedded
embedded.ensure_services(Path(sys.argv[1]), durable=False)
print("attached", flush=True)
sys.stdin.read()
"""

# Adopts the servers as the supervisor does, and kills PostgreSQL without reaping it.
ADOPTER = """
import os, signal, sys
from pathlib import Path
from config import embedded
from config.places import places
from config.supervisor import adopt_orphans
adopt_orphans()
data_dir = Path(sys.argv[1])
embedded.ensure_services(data_dir, durable=False, redis=False)
pid = int((places(data_dir).cluster / "postmaster.pid").read_text().split()[0])
os.kill(pid, signal.SIGKILL)
while embedded.running(data_dir, redis=False):
    pass
assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT), "it is left a zombie"
embedded.ensure_services(data_dir, durable=False, redis=False)
assert embedded.running(data_dir, redis=False)
"""


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data directory whose servers' account may enter it, unlike tmp_path."""
    with TemporaryDirectory(prefix="recollect-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"
        embedded.stop_services(Path(name) / "data")


def start_user(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", USER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate("")
    assert user.returncode == 0


def postmaster_pid(data_dir: Path) -> int:
    pid_file = places(data_dir).cluster / "postmaster.pid"
    return int(pid_file.read_text().split()[0])


def test_two_processes_at_once_share_the_servers_and_the_last_out_stops_them(
    data_dir: Path,
) -> None:
    first, second = start_user(data_dir), start_user(data_dir)
    for user in (first, second):
        assert user.stdout is not None
        assert user.stdout.readline() == "attached\n"
    pid = postmaster_pid(data_dir)
    leave(first)
    assert embedded.running(data_dir)
    assert postmaster_pid(data_dir) == pid
    leave(second)
    assert not servers.postgres_up(places(data_dir))
    assert not servers.redis_up(places(data_dir))


def test_a_killed_process_does_not_keep_the_servers_from_being_stopped(
    data_dir: Path,
) -> None:
    killed, user = start_user(data_dir), start_user(data_dir)
    for each in (killed, user):
        assert each.stdout is not None
        each.stdout.readline()
    killed.kill()
    killed.communicate()
    leave(user)
    assert not servers.postgres_up(places(data_dir))


def test_servers_come_back_under_their_address_after_kill_minus_nine(
    data_dir: Path,
) -> None:
    urls = embedded.ensure_services(data_dir)
    with psycopg.connect(urls.database_admin_url, autocommit=True) as admin:
        admin.execute("create table if not exists kept (id int)")
    client = redis.Redis.from_url(urls.redis_url)
    client.set("kept", "yes")
    redis_pid = int(client.info("server")["process_id"])
    client.close()
    os.kill(redis_pid, signal.SIGKILL)
    os.kill(postmaster_pid(data_dir), signal.SIGKILL)
    while embedded.running(data_dir, postgres=False) or embedded.running(
        data_dir, redis=False
    ):
        time.sleep(0.01)

    assert embedded.ensure_services(data_dir) == urls
    with psycopg.connect(urls.database_admin_url) as admin:
        assert admin.execute("select count(*) from kept").fetchone() == (0,)
    with redis.Redis.from_url(urls.redis_url) as client:
        assert client.get("kept") == b"yes"
    assert embedded.release_services(data_dir)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_postgres_comes_back_while_the_killed_one_is_still_a_zombie(
    data_dir: Path,
) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", ADOPTER, str(data_dir)], check=True, timeout=25
    )


def test_attaching_is_quick_and_starts_nothing_twice(data_dir: Path) -> None:
    embedded.ensure_services(data_dir, durable=False)
    pid = postmaster_pid(data_dir)
    started = time.perf_counter()
    embedded.ensure_services(data_dir)
    assert time.perf_counter() - started < 0.1
    assert postmaster_pid(data_dir) == pid
    embedded.release_services(data_dir)


def test_the_stranger_that_inherited_a_stale_pid_is_left_alone(data_dir: Path) -> None:
    embedded.ensure_services(data_dir, durable=False)
    embedded.release_services(data_dir)
    pid_file = places(data_dir).cluster / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{places(data_dir).cluster}\n")
    embedded.ensure_services(data_dir, durable=False, redis=False)
    assert postmaster_pid(data_dir) != os.getpid()
    embedded.release_services(data_dir)


def test_sockets_of_a_deep_directory_are_short_and_the_data_stays() -> None:
    deep = Path("/srv") / ("deep" * 25)
    where = places(deep)
    assert where.cluster.is_relative_to(deep)
    for path in (where.postgres_sockets / ".s.PGSQL.5432", where.redis_socket):
        assert len(os.fsencode(path)) <= MAX_SOCKET_PATH


def test_a_closed_directory_on_the_way_is_left_closed_for_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tmp_path.chmod(0o700)
    where = places(tmp_path / "data")
    assert where.home == where.substitute
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_file_in_place_of_the_data_directory_is_one_clear_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ServiceError) as caught:
        embedded.ensure_services(tmp_path / "data")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "data") in str(caught.value)


def test_a_directory_that_cannot_be_made_is_one_clear_line() -> None:
    with pytest.raises(ServiceError, match=r"^Cannot make /proc/recollect: .+\.$"):
        embedded.ensure_services(Path("/proc/recollect"))


def test_addresses_touch_nothing(tmp_path: Path) -> None:
    embedded.addresses(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///srv/run/s?db=3", "redis+socket:///srv/run/s?virtual_host=3"),
        ("unix:///srv/run/s", "redis+socket:///srv/run/s?virtual_host=0"),
        ("redis://:secret@redis:6379/0", "redis://:secret@redis:6379/0"),
    ],
)
def test_celery_gets_its_own_form_of_the_socket(url: str, expected: str) -> None:
    assert embedded.celery_url(url) == expected


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = embedded.secret_key(tmp_path, allowed=True)
    assert len(key) >= 50
    assert embedded.secret_key(tmp_path, allowed=True) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_deployment_has_to_bring_its_secret_key(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        embedded.secret_key(tmp_path, allowed=False)
    assert list(tmp_path.iterdir()) == []


def test_a_reset_refuses_a_directory_that_holds_the_checkout() -> None:
    with pytest.raises(ServiceError, match="holds more than data"):
        embedded.remove_data(embedded.CHECKOUT.parent)
