"""What is known for an answer: the copy in Redis is never older than PostgreSQL."""

import random
import threading
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from memory import facts, forgetting, known, summaries, working
from memory.known import Known
from memory.models import Evidence, Fact, Summary
from memory.types import SummaryDraft, Turn
from memory.working import Limits
from tests.memory.remembered import tell
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("rows")

LIMITS = Limits(messages=20, tokens=4_000, sessions=100, session_s=0)
CONVERSATION = uuid4()


def read(customer: Customer, conversation_id: UUID = CONVERSATION) -> Known:
    with customer_scope(customer.tenant_id, customer.id):
        return known.known(customer.id, conversation_id, limits=LIMITS)


def values(customer: Customer) -> list[str]:
    return [fact.value for fact in read(customer).facts]


def summarise(customer: Customer, text: str) -> Summary:
    said = [Turn(uuid4(), "customer", "I moved", timezone.now())]
    with customer_scope(customer.tenant_id, customer.id):
        return summaries.store(
            customer_id=customer.id,
            conversation_id=CONVERSATION,
            kind=Summary.Kind.ROLLING,
            draft=SummaryDraft(text, (), (), "neutral", ()),
            turns=said,
            from_seq=1,
            to_seq=1,
            made_by="embedded",
        )


def bundles(customer: Customer) -> list[working.WorkingItem]:
    found = working.items(customer.tenant_id, customer.id)
    return [item for item in found if item.kind == "bundle"]


@pytest.fixture
def told(elena: Customer) -> Fact:
    fact = tell(elena, "city", "Ghent", text="Lives in Ghent.").fact
    assert fact is not None
    return fact


def test_the_second_read_is_one_query_and_says_the_same(
    elena: Customer, told: Fact
) -> None:
    tell(elena, "email", "elena@example.org")
    summary = summarise(elena, "She moved to Ghent.")
    with customer_scope(elena.tenant_id, elena.id):
        first = known.known(elena.id, CONVERSATION, limits=LIMITS)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            again = known.known(elena.id, CONVERSATION, limits=LIMITS)
    assert len(queries) == 1
    assert first == again
    by_key = {fact.key: fact for fact in again.facts}
    with tenant_scope(elena.tenant_id):
        evidence = Evidence.objects.get(fact=told)
    assert by_key["city"].id == told.id
    assert by_key["city"].message_ids == (evidence.message_id,)
    assert again.summary is not None
    assert again.summary.text == "She moved to Ghent."
    assert again.summary.message_ids == tuple(summary.message_ids)


def test_a_customer_of_whom_nothing_is_known_is_kept_too(elena: Customer) -> None:
    assert read(elena) == Known((), None)
    assert [item.text for item in bundles(elena)] == ["0 current facts"]
    assert read(elena) == Known((), None)


def test_every_kind_of_write_shows_in_the_next_read(
    elena: Customer, alice: User, told: Fact
) -> None:
    assert values(elena) == ["Ghent"]
    tell(elena, "city", "Berlin")
    assert values(elena) == ["Berlin"]
    with tenant_scope(elena.tenant_id):
        berlin = facts.current_facts().get(value="Berlin")
        corrected = facts.correct(fact=berlin, value="Bern", user=alice)
    assert values(elena) == ["Bern"]
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=corrected, user=alice)
    assert values(elena) == ["Berlin"]
    with tenant_scope(elena.tenant_id):
        # Past every service, as an hourly job might.
        Fact.objects.filter(value="Berlin").update(text="Lives in Berlin, said twice.")
    assert read(elena).facts[0].text == "Lives in Berlin, said twice."
    with tenant_scope(elena.tenant_id):
        Evidence.objects.all().delete()
    assert read(elena).facts[0].message_ids == ()
    with tenant_scope(elena.tenant_id):
        forgetting.forget(fact=facts.current_facts().get(), actor=alice.actor)
    assert values(elena) == []


def test_pinning_puts_a_fact_first_at_once(elena: Customer, alice: User) -> None:
    old = tell(elena, "note", "old", importance=0.1).fact
    tell(elena, "note", "new", importance=0.9)
    assert values(elena) == ["new", "old"]
    assert old is not None
    with tenant_scope(elena.tenant_id):
        facts.set_pinned(fact=old, pinned=True, user=alice)
    assert values(elena) == ["old", "new"]


def test_a_fact_that_expires_is_gone_though_nobody_wrote_it(
    elena: Customer, told: Fact
) -> None:
    with tenant_scope(elena.tenant_id):
        soon = timezone.now() + timedelta(seconds=0.3)
        Fact.objects.filter(pk=told.pk).update(expires_at=soon)
    assert values(elena) == ["Ghent"]
    time.sleep(0.35)
    assert values(elena) == []


def test_a_use_that_is_counted_does_not_make_it_stale(
    elena: Customer, told: Fact
) -> None:
    read(elena)
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=told.pk).update(uses=7, used_at=timezone.now())
    with (
        customer_scope(elena.tenant_id, elena.id),
        CaptureQueriesContext(connection) as queries,
    ):
        known.known(elena.id, CONVERSATION, limits=LIMITS)
    assert len(queries) == 1


def test_a_newer_summary_and_an_erased_one_show_at_once(elena: Customer) -> None:
    summarise(elena, "First.")
    assert read(elena).summary is not None
    second = summarise(elena, "Second.")
    again = read(elena).summary
    assert again is not None
    assert again.text == "Second."
    with customer_scope(elena.tenant_id, elena.id):
        summaries.erase(second)
        Summary.objects.all().delete()
    assert read(elena).summary is None


def test_a_summary_is_of_its_own_conversation(elena: Customer) -> None:
    summarise(elena, "First.")
    assert read(elena, uuid4()).summary is None


@pytest.mark.usefixtures("live_db")
def test_what_was_erased_does_not_lie_in_redis(elena: Customer, alice: User) -> None:
    fact = tell(elena, "city", "Ghent", text="Lives in Ghent.").fact
    assert fact is not None
    read(elena)
    read(elena, uuid4())
    assert len(bundles(elena)) == 2
    with tenant_scope(elena.tenant_id):
        forgetting.forget(fact=fact, actor=alice.actor)
    assert bundles(elena) == []
    summary = summarise(elena, "She moved.")
    read(elena)
    with tenant_scope(elena.tenant_id):
        summaries.erase(summary)
    assert bundles(elena) == []


def test_it_is_one_customers(elena: Customer, viktor: Customer, told: Fact) -> None:
    read(elena)
    assert read(viktor).facts == ()
    assert values(elena) == ["Ghent"]


@pytest.mark.usefixtures("live_db")
def test_no_reader_sees_less_than_was_committed_before_it_began(
    elena: Customer,
) -> None:
    """Writers supersede one value after another, and somebody empties Redis."""
    lock, done = threading.Lock(), threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        for _ in range(15):
            with lock:
                number = written + 1
                tell(elena, "city", str(number))
                written = number
            time.sleep(random.random() / 200)

    def write_all() -> int:
        try:
            at_once(write, write)
        finally:
            done.set()
        return 0

    def look() -> int:
        looks = 0
        while not done.is_set():
            before = written
            (value,) = values(elena) or ["0"]
            assert int(value) >= before
            looks += 1
        return looks

    def flush() -> int:
        while not done.is_set():
            working.client().flushdb()
            time.sleep(0.02)
        return 0

    _, *looks = at_once(write_all, look, look, look, flush)
    assert sum(looks) > 30
    assert values(elena) == ["30"]
