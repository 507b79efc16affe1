"""Working memory: fast when it is there, never missed when it is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import redis
from django.conf import settings

from memory import working
from memory.types import Turn
from memory.working import Buffer, Limits

TENANT, CUSTOMER, CONVERSATION = uuid4(), uuid4(), uuid4()
HERE = (TENANT, CUSTOMER, CONVERSATION)
LIMITS = Limits(messages=20, tokens=4_000, sessions=1_000, session_s=0)
TURNS = [
    Turn(uuid4(), "customer", "Grüße 🦊", datetime(2026, 3, 2, tzinfo=UTC), "Elena"),
    Turn(uuid4(), "agent", "Hello", datetime(2026, 3, 2, 9, tzinfo=UTC)),
]


def loaded(turns: list[Turn]) -> tuple[list[int], Callable[[], list[Turn]]]:
    """A loader that counts how often it is asked."""
    calls: list[int] = []

    def load() -> list[Turn]:
        calls.append(1)
        return turns

    return calls, load


def read(
    version: int,
    load: Callable[[], list[Turn]],
    where: tuple[UUID, UUID, UUID] = HERE,
    **limits: int,
) -> list[Turn]:
    return list(buffer(version, load, where, **limits).turns)


def buffer(
    version: int,
    load: Callable[[], list[Turn]],
    where: tuple[UUID, UUID, UUID] = HERE,
    **limits: int,
) -> Buffer:
    return working.buffer(
        *where, version=version, limits=replace(LIMITS, **limits), load=load
    )


def keep(
    arguments: dict[str, object], result: str, where: tuple[UUID, UUID, UUID] = HERE
) -> None:
    working.keep_tool_result(
        *where, tool="look_up_order", arguments=arguments, result=result, keep_s=60
    )


def kept(
    arguments: dict[str, object], where: tuple[UUID, UUID, UUID] = HERE
) -> str | None:
    return working.cached_tool_result(*where, tool="look_up_order", arguments=arguments)


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = redis.Redis.from_url("unix:///nowhere/redis.sock", decode_responses=True)
    monkeypatch.setattr(working.connection, "client", lambda: gone)


def test_the_second_read_comes_out_of_redis_unchanged() -> None:
    calls, load = loaded(TURNS)
    assert read(1, load) == TURNS
    assert read(1, load) == TURNS
    assert len(calls) == 1


def test_after_a_flush_the_buffer_is_rebuilt() -> None:
    calls, load = loaded(TURNS)
    read(1, load)
    working.client().flushdb()
    assert read(1, load) == TURNS
    assert len(calls) == 2


def test_a_buffer_of_another_version_is_stale() -> None:
    read(1, loaded(TURNS)[1])
    newer = [*TURNS, Turn(uuid4(), "customer", "More", TURNS[1].sent_at)]
    assert read(2, loaded(newer)[1]) == newer
    assert read(2, loaded([])[1]) == newer


def test_a_forgotten_buffer_is_loaded_again() -> None:
    calls, load = loaded(TURNS)
    read(1, load)
    working.forget_buffer(*HERE)
    read(1, load)
    assert len(calls) == 2


def test_a_tools_answer_is_kept_by_its_arguments_in_any_order() -> None:
    keep({"order": "LF-1", "zip": "9000"}, "one")
    assert kept({"zip": "9000", "order": "LF-1"}) == "one"
    assert kept({"order": "LF-2", "zip": "9000"}) is None
    assert kept({"order": "LF-1"}) is None


def test_a_tools_answer_serves_only_its_own_conversation() -> None:
    keep({"order": "LF-1"}, "one")
    assert kept({"order": "LF-1"}, (TENANT, CUSTOMER, uuid4())) is None
    assert kept({"order": "LF-1"}, (TENANT, uuid4(), CONVERSATION)) is None
    assert kept({"order": "LF-1"}, (uuid4(), CUSTOMER, CONVERSATION)) is None


def test_another_tool_with_the_same_arguments_has_its_own_answer() -> None:
    keep({"order": "LF-1"}, "one")
    other = working.cached_tool_result(
        *HERE, tool="refund", arguments={"order": "LF-1"}
    )
    assert other is None


def test_a_tools_answer_expires() -> None:
    keep({"order": "LF-1"}, "one")
    (item,) = working.items(TENANT, CUSTOMER)
    assert item.expires_in_s is not None
    assert 0 < item.expires_in_s <= 60


def test_every_key_names_its_tenant_and_customer() -> None:
    read(1, loaded(TURNS)[1])
    keep({"order": "LF-1"}, "one")
    prefix = f"t:{TENANT.hex}:c:{CUSTOMER.hex}:"
    keys = {str(key) for key in working.client().keys("*")}
    assert {key for key in keys if not key.startswith(prefix)} == {
        f"t:{TENANT.hex}:sessions"
    }
    # The buffer, the answer, and the lists that they are found by.
    assert len(keys) == 5


def test_what_is_in_it_can_be_looked_at() -> None:
    read(1, loaded(TURNS)[1])
    keep({"order": "LF-1"}, "on its way")
    items = {item.kind: item for item in working.items(TENANT, CUSTOMER)}
    assert items["buffer"].text == "The last 2 messages"
    assert items["tool"].text == "look_up_order(order LF-1): on its way"
    assert {item.conversation_id for item in items.values()} == {CONVERSATION}
    assert working.items(TENANT, uuid4()) == []


def test_one_item_is_erased_only_by_its_own_customer() -> None:
    keep({"order": "LF-1"}, "one")
    (item,) = working.items(TENANT, CUSTOMER)
    assert not working.erase_item(TENANT, uuid4(), item.key)
    assert not working.erase_item(TENANT, CUSTOMER, "celery")
    assert kept({"order": "LF-1"}) == "one"
    assert working.erase_item(TENANT, CUSTOMER, item.key)
    assert kept({"order": "LF-1"}) is None


def test_erasing_a_customer_leaves_the_others() -> None:
    keep({"order": "LF-1"}, "one")
    read(1, loaded(TURNS)[1])
    other = (TENANT, uuid4(), CONVERSATION)
    keep({"order": "LF-1"}, "theirs", other)
    assert working.erase_customer(TENANT, CUSTOMER) == 2
    assert working.items(TENANT, CUSTOMER) == []
    assert kept({"order": "LF-1"}, other) == "theirs"
    assert working.erase_customer(TENANT, CUSTOMER) == 0


def test_with_redis_away_everything_still_works(
    redis_away: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(1, loaded(TURNS)[1]) == TURNS
    keep({"order": "canary"}, "canary")
    assert kept({"order": "canary"}) is None
    working.forget_buffer(*HERE)
    assert working.items(TENANT, CUSTOMER) == []
    assert "away" in caplog.text
    assert "canary" not in caplog.text
    assert "Grüße" not in caplog.text


def test_with_redis_away_nobody_may_believe_in_an_erasure(redis_away: None) -> None:
    with pytest.raises(redis.RedisError):
        working.erase_customer(TENANT, CUSTOMER)


def test_it_is_the_redis_of_the_settings() -> None:
    keep({"order": "LF-1"}, "one")
    (item,) = working.items(TENANT, CUSTOMER)
    assert redis.Redis.from_url(settings.REDIS_URL).exists(item.key)
