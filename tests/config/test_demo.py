"""The supervisor, with trivial children, and the checks before a start."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from config import demo, supervisor
from config.places import ServiceError
from config.supervisor import Child, CrashLoopError, Supervisor

FOREVER = "import time; time.sleep(60)"
# Starts a child of its own, tells its pid, and takes no notice of SIGTERM.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def child(tmp_path: Path, code: str, name: str = "web") -> Child:
    return Child(
        name,
        [sys.executable, "-S", "-c", code],
        log=tmp_path / f"{name}.log",
        environment=dict(os.environ),
    )


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Killed: no longer there, or a zombie that its new parent has yet to reap."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        )
    except FileNotFoundError:
        return True


def test_a_killed_child_is_started_again_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = child(tmp_path, FOREVER)
    web.start()
    assert web.process is not None
    first = web.process.pid
    os.kill(first, signal.SIGKILL)
    wait_for(web.ended)
    web.tend(100.0)
    web.tend(100.1)
    assert web.process is None, "it waits before it starts again"
    web.tend(100.3)
    assert web.process is not None
    assert web.process.pid != first
    web.kill()
    assert capsys.readouterr().out == (
        f"web was ended by SIGKILL; starting it again (log: {tmp_path / 'web.log'}).\n"
    )


def test_the_fifth_crash_within_thirty_seconds_gives_up_and_names_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = child(tmp_path, "raise SystemExit(3)")
    for now in (0.0, 6.0, 12.0, 18.0):
        web.tend(now)
        wait_for(web.ended)
        web.tend(now)
    web.tend(24.0)
    wait_for(web.ended)
    with pytest.raises(CrashLoopError, match=r"web crashed 5 times.*web\.log"):
        web.tend(24.0)
    assert capsys.readouterr().out.count("ended with status 3") == 4


def test_crashes_far_apart_are_forgiven(tmp_path: Path) -> None:
    web = child(tmp_path, "raise SystemExit(3)")
    for number in range(7):
        web.tend(number * 60.0)
        wait_for(web.ended)
        web.tend(number * 60.0)


def test_stopping_ends_whole_groups_even_of_a_child_that_will_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_TIMEOUT_S", 0.2)
    web = child(tmp_path, STUBBORN)
    both = Supervisor([web, child(tmp_path, FOREVER, "beat")], each_second=lambda: None)
    both.start()
    wait_for(lambda: (tmp_path / "web.log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "web.log").read_text())
    both.stop()
    assert all(each.process is None for each in both.children)
    wait_for(lambda: gone(grandchild))


def test_a_signal_ends_the_watch_and_a_doubled_one_is_no_hurry(
    tmp_path: Path,
) -> None:
    watched = Supervisor([child(tmp_path, FOREVER)], each_second=lambda: None)
    before = {
        n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        watched.listen()
        watched.start()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        watched.run()
        assert not watched._hurry
        watched._asked_at -= 1
        signal.raise_signal(signal.SIGINT)
        assert watched._hurry
    finally:
        watched.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_children_end_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from config.supervisor import Child
web = Child("web", [sys.executable, "-S", "-c", {FOREVER!r}],
            log=Path({str(tmp_path / "web.log")!r}), environment=dict(os.environ))
web.start()
print(web.process.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_for(lambda: gone(pid))


def test_a_port_in_use_is_one_line_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError) as caught:
            demo.free_port(str(port))
    assert str(caught.value) == (
        f"Port {port} is in use; choose another: make demo PORT={port + 1}"
    )


@pytest.mark.parametrize("text", ["eighty", "70000", "-1"])
def test_what_is_no_port_is_named(text: str) -> None:
    with pytest.raises(ServiceError, match=f"PORT={text} is not a port number"):
        demo.free_port(text)


def test_a_missing_write_permission_is_one_line_and_status_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "data").write_text("not a directory")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", "0")
    assert demo.main([]) == 1
    said = capsys.readouterr().out
    assert said.startswith("Recollect: Cannot make ")
    assert said.count("\n") == 1


def test_one_demo_at_a_time_uses_a_data_directory() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        data_dir = Path(name) / "data"
        with (
            demo.only_one(data_dir),
            pytest.raises(ServiceError, match="A demo is running"),
            demo.only_one(data_dir),
        ):
            pass


def test_the_banner_names_the_address_and_one_login_for_each_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://localhost:8000")
    (tmp_path / "demo-logins.json").write_text(
        '[{"role": "admin", "email": "ada@a.example", "password": "p1", "tenant": "a"},'
        ' {"role": "admin", "email": "abe@b.example", "password": "p2", "tenant": "b"},'
        ' {"role": "agent", "email": "al@a.example", "password": "p3", "tenant": "a"}]'
    )
    text = demo.banner(tmp_path, 3.14159)
    assert "http://localhost:8000" in text
    assert "ada@a.example" in text
    assert "al@a.example" in text
    assert "abe@b.example" not in text
