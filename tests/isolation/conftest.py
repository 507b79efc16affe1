"""The world, once per module, and what is watched during every test of the matrix."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from accounts.middleware import SIGN_IN_PREFIX
from accounts.models import User
from tests.isolation import spy
from tests.isolation import world as worlds
from tests.isolation.world import World


@pytest.fixture(scope="module")
def standing(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[World]:
    """The world, committed: pages, sockets and tasks see it from any connection."""
    with django_db_blocker.unblock():
        try:
            yield worlds.build()
        finally:
            worlds.tear_down()


@dataclass
class Watch:
    """What a test may send itself, so that it is no leak when it is logged."""

    sent: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def watch(caplog: pytest.LogCaptureFixture) -> Iterator[Watch]:
    """Look at every Redis key and every line of the log."""
    caplog.set_level(logging.INFO)
    watching = Watch()
    with spy.spying() as spied:
        yield watching
    assert not spied.wrong_keys()
    assert not spied.words_outside_of_tenants("qz")
    for record in caplog.get_records("call"):
        line = f"{record.getMessage()} {record.exc_text or ''}"
        for sent in watching.sent:
            line = line.replace(sent, "")
        assert "qz" not in line, f"the log tells of somebody: {line}"


@pytest.fixture
def world(
    standing: World,
    empty_redis: None,
    watch: Watch,
    settings: Settings,
    tmp_path: Path,
) -> Iterator[World]:
    """The world with Redis filled again, and everybody signed in."""
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    # A limit that is reached between two questions tells them apart by itself.
    settings.ACCOUNT_RATE_LIMITS = False
    worlds.fill_redis(standing)
    for role in (*User.Role.values, ""):
        standing.client(role)
    yield standing
    if any(url.startswith(SIGN_IN_PREFIX) for url in watch.sent):
        # Somebody may have been signed out.
        standing.clients.clear()
