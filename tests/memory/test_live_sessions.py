"""Live sessions: how many there are, which one goes, and how the order is kept."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
import redis

from memory import working
from memory.types import Turn
from memory.working import Buffer, Limits
from tests.threads import at_once

TENANT = uuid4()
LIMITS = Limits(messages=20, tokens=4_000, sessions=3, session_s=0)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def turn(text: str, number: int = 0) -> Turn:
    return Turn(uuid4(), "customer", text, START + timedelta(minutes=number))


class Session:
    """A conversation of a customer, that counts how often its messages are loaded."""

    def __init__(self, customer_id: UUID | None = None, *texts: str) -> None:
        self.customer_id = customer_id or uuid4()
        self.conversation_id = uuid4()
        self.place = (TENANT, self.customer_id, self.conversation_id)
        self.turns = [turn(text) for text in texts or ("Hello",)]
        self.loads = 0

    def read(self, limits: Limits = LIMITS) -> Buffer:
        def load() -> list[Turn]:
            self.loads += 1
            return self.turns[-limits.messages :]

        return working.buffer(
            *self.place, version=len(self.turns), limits=limits, load=load
        )

    def look_up(self, keep_s: int = 60) -> None:
        working.keep_tool_result(
            *self.place, tool="look_up", arguments={}, result="found", keep_s=keep_s
        )

    def is_live(self) -> bool:
        mine = working.items(TENANT, self.customer_id)
        return any(item.conversation_id == self.conversation_id for item in mine)


# --- How much is in a buffer ----------------------------------------------------------


def test_a_buffer_takes_as_many_tokens_as_the_desk_says_and_cuts_no_message() -> None:
    session = Session(None, *("word " * 100 for _ in range(10)))
    each = working.turn_tokens(session.turns[0])
    found = session.read(replace(LIMITS, tokens=3 * each))
    assert list(found.turns) == session.turns[-3:]
    assert found.tokens == 3 * each
    assert list(found.cut) == [said.id for said in session.turns[:7]]
    one_less = session.read(replace(LIMITS, tokens=3 * each - 1))
    assert list(one_less.turns) == session.turns[-2:]


def test_a_newest_message_beyond_the_tokens_stays_and_is_alone() -> None:
    session = Session(None, "Hi", "word " * 1_000)
    found = session.read(replace(LIMITS, tokens=100))
    assert list(found.turns) == session.turns[-1:]
    assert found.tokens > 1_000
    assert list(found.cut) == [session.turns[0].id]


def test_a_buffer_out_of_redis_is_the_one_that_was_kept() -> None:
    session = Session(None, *("word " * 100 for _ in range(5)))
    limits = replace(LIMITS, tokens=300)
    assert session.read(limits) == session.read(limits)
    assert session.loads == 1


def test_a_buffer_of_other_limits_is_stale() -> None:
    session = Session(None, "one", "two", "three")
    assert len(session.read().turns) == 3
    assert len(session.read(replace(LIMITS, messages=2)).turns) == 2
    assert len(session.read(replace(LIMITS, tokens=1)).turns) == 1


# --- How many sessions live -----------------------------------------------------------


def test_the_least_recently_used_session_goes_and_comes_back_when_needed() -> None:
    first, second, third, fourth = (Session() for _ in range(4))
    for session in (first, second, third):
        session.read()
    first.look_up()
    first.read()
    fourth.read()
    assert [s.is_live() for s in (first, second, third, fourth)] == [
        True, False, True, True,
    ]  # fmt: skip
    assert list(second.read().turns) == second.turns
    assert (first.loads, second.loads) == (1, 2)
    assert not third.is_live()
    assert working.live_sessions(TENANT) == 3


def test_a_session_goes_with_all_that_is_kept_of_it() -> None:
    customer_id = uuid4()
    old = Session(customer_id)
    old.read()
    old.look_up()
    for session in (Session(), Session(), Session()):
        session.read()
    assert working.items(TENANT, customer_id) == []
    assert working.keys_like(f"*{customer_id.hex}*") == []
    assert working.traces(customer_id) == 0


def test_another_desks_sessions_take_no_place_here() -> None:
    mine = Session()
    mine.read()
    for _ in range(5):
        working.buffer(uuid4(), uuid4(), uuid4(), version=1, limits=LIMITS, load=list)
    assert mine.is_live()
    assert working.live_sessions(TENANT) == 1


def test_a_durable_session_has_no_end_and_a_temporary_one_has() -> None:
    session = Session()
    session.read()
    (item,) = working.items(TENANT, session.customer_id)
    assert item.expires_in_s is None
    session.turns.append(turn("More"))
    session.read(replace(LIMITS, session_s=7200))
    (item,) = working.items(TENANT, session.customer_id)
    assert item.expires_in_s is not None
    assert 7100 < item.expires_in_s <= 7200


def test_a_temporary_session_that_is_over_leaves_the_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over, current = Session(), Session()
    brief = replace(LIMITS, session_s=1)
    over.read(brief)
    time.sleep(1.1)
    current.read(brief)
    assert working.live_sessions(TENANT) == 1
    assert working.traces(over.customer_id) == 0


def test_what_has_ended_leaves_the_lists_when_something_is_kept() -> None:
    session = Session()
    session.look_up()
    (item,) = working.items(TENANT, session.customer_id)
    working.client().delete(item.key)
    session.read()
    listed = working.client().smembers(item.key.partition(":tool")[0] + ":keys")
    assert listed == {"buffer"}


def test_however_many_come_at_once_no_more_live_than_the_desk_says() -> None:
    sessions = [Session() for _ in range(24)]
    at_once(*(session.read for session in sessions))
    assert working.live_sessions(TENANT) == 3
    assert sum(session.is_live() for session in sessions) == 3
    gone = [session for session in sessions if not session.is_live()]
    assert all(working.traces(session.customer_id) == 0 for session in gone)


# --- Erasing --------------------------------------------------------------------------


def test_erasing_takes_as_many_commands_whatever_the_others_have() -> None:
    mine = Session()
    mine.read()
    mine.look_up()

    def commands() -> int:
        return int(working.client().info("stats")["total_commands_processed"])

    for _ in range(200):
        working.client().set(f"t:{uuid4().hex}:c:{uuid4().hex}:x", "1")
    before = commands()
    assert working.count(TENANT, [mine.customer_id]) == 2
    assert working.erase_customer(TENANT, mine.customer_id) == 2
    assert commands() - before < 30
    assert working.traces(mine.customer_id) == 0


def test_the_lists_themselves_cannot_be_erased_as_an_item() -> None:
    session = Session()
    session.read()
    (item,) = working.items(TENANT, session.customer_id)
    lists = [key for key in working.keys_like("t:*") if key != item.key]
    assert len(lists) == 3
    assert not any(
        working.erase_item(TENANT, session.customer_id, key) for key in lists
    )
    assert session.is_live()


def test_an_erasure_beside_those_who_keep_leaves_nothing() -> None:
    for _ in range(20):
        customer_id = uuid4()
        jobs = [Session(customer_id).read for _ in range(4)]
        erase = partial(working.erase_customer, TENANT, customer_id)
        at_once(*jobs, erase)
        assert working.traces(customer_id) == 0


def test_a_scan_finds_what_the_lists_do_not_name() -> None:
    customer_id = uuid4()
    working.client().set(f"t:{TENANT.hex}:c:{customer_id.hex}:{uuid4().hex}:x", "1")
    assert working.erase_customer(TENANT, customer_id) == 0
    assert working.traces(customer_id) == 1
    working.client().zadd(f"t:{TENANT.hex}:sessions", {f"x{customer_id.hex}": 1})
    assert working.traces(customer_id) == 2


# --- Redis hangs ----------------------------------------------------------------------


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(
            "django.conf.settings.REDIS_URL",
            f"redis://127.0.0.1:{server.getsockname()[1]}/0",
        )
        # What it is now comes back after the test.
        monkeypatch.setattr(working.connection, "_resting_until", 0.0)
        working.client.cache_clear()
        yield
    working.client.cache_clear()


def test_a_redis_that_hangs_is_waited_for_once_and_shortly(hanging: None) -> None:
    session = Session(None, "Hello")
    started = time.monotonic()
    for _ in range(10):
        assert list(session.read().turns) == session.turns
        session.look_up()
    assert time.monotonic() - started < 2 * working.connection.TIMEOUT_S
    with pytest.raises(redis.TimeoutError):
        working.erase_customer(TENANT, session.customer_id)


# --- Many messages at once ------------------------------------------------------------


def test_a_buffer_never_misses_doubles_or_reorders_under_many_writers() -> None:
    """Writers append as the conversation's lock lets them; readers read meanwhile."""
    session = Session(None, "0")
    lock, done = threading.Lock(), threading.Event()

    def write() -> None:
        for _ in range(40):
            with lock:
                session.turns.append(turn(str(len(session.turns))))
            working.forget_buffer(*session.place)

    def look() -> None:
        while not done.is_set():
            with lock:
                version, known = len(session.turns), list(session.turns)
            found = working.buffer(
                *session.place,
                version=version,
                limits=LIMITS,
                load=lambda known=known: known[-20:],  # type: ignore[misc]  # bound now
            )
            assert [said.text for said in found.turns] == [
                str(number) for number in range(max(0, version - 20), version)
            ]

    def write_all() -> None:
        try:
            at_once(write, write, write)
        finally:
            done.set()

    def flush() -> None:
        while not done.is_set():
            working.client().flushdb()
            time.sleep(0.005)

    at_once(look, look, look, write_all, flush)
    assert [said.text for said in session.read().turns] == [
        str(number) for number in range(101, 121)
    ]


def test_what_is_kept_is_plain_json() -> None:
    session = Session()
    session.read()
    (item,) = working.items(TENANT, session.customer_id)
    assert json.loads(str(working.client().get(item.key)))["tokens"] == item.tokens
