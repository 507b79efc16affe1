"""Background work on conversations: owed answers, and idle ones that go into memory."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from chat import due, services, tasks, turns
from chat.models import Conversation, Message
from memory.models import Embedding, Fact, Summary
from tests.conftest import make_conversation, make_customer
from tests.worker import eventually, working_off

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture(scope="module")
def worker(django_db_setup: None) -> Iterator[None]:
    """A worker that takes off the queue what the tests put there."""
    with working_off():
        yield


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Collect which tasks are sent about which conversations, and send none."""
    found: list[tuple[str, str]] = []

    def collect(name: str) -> Any:
        return lambda **ids: found.append((name, ids["conversation_id"]))

    for task in (tasks.answer_conversation, tasks.consolidate_conversation):
        monkeypatch.setattr(task, "delay", collect(task.name.rpartition(".")[2]))
    return found


def change(conversation: Conversation, **fields: Any) -> None:
    with tenant_scope(conversation.tenant_id):
        Conversation.objects.filter(pk=conversation.id).update(**fields)


def ago(**time: float) -> Any:
    return timezone.now() - timedelta(**time)


def replies(conversation: Conversation) -> list[str]:
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(conversation=conversation, author="assistant")
        return [message.status for message in rows.order_by("seq")]


# --- Answers that are owed ------------------------------------------------------------


def test_an_answer_is_written_by_a_worker_after_its_process_died(
    worker: None,
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, "Hello!")
    with customer_scope(elena.tenant_id, elena.id):
        assert turns.start_turn(conversation_id=conversation.id)
    # The process that held the lease is gone, and its time is over.
    change(conversation, turn_expires_at=ago(seconds=1), last_message_at=ago(minutes=1))
    tasks.answer_owed_turns.delay()
    eventually(lambda: replies(conversation) == ["interrupted", "complete"])
    with tenant_scope(elena.tenant_id):
        now = Conversation.objects.get()
        assert now.answered_seq == now.asked_seq
        assert now.turn_id is None


def test_only_questions_that_nobody_works_on_are_owed(
    elena: Customer, alice: User, viktor: Customer, sent: list[tuple[str, str]]
) -> None:
    def asked(**fields: Any) -> Conversation:
        conversation = make_conversation(elena, "Hello?")
        change(conversation, **{"last_message_at": ago(minutes=1), **fields})
        return conversation

    never_begun = asked()
    died = asked(turn_expires_at=ago(seconds=1))
    elsewhere = make_conversation(viktor, "Hello?")
    change(elsewhere, last_message_at=ago(minutes=1))
    asked(last_message_at=timezone.now())
    asked(turn_expires_at=timezone.now() + timedelta(seconds=30))
    asked(owner="agent")
    asked(status="closed")
    change(make_conversation(elena), last_message_at=ago(minutes=1))
    tasks.answer_owed_turns()
    owed = {str(it.id) for it in (never_begun, died, elsewhere)}
    assert {conversation for _, conversation in sent} == owed
    assert {name for name, _ in sent} == {"answer_conversation"}


# --- Consolidation --------------------------------------------------------------------


def test_closing_brings_the_conversation_into_memory_through_the_queue(
    worker: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
    eventually(lambda: count(elena, Summary) == 1)
    assert count(elena, Fact) == 1
    assert count(elena, Embedding) == 3


def count(customer: Customer, model: Any) -> int:
    with tenant_scope(customer.tenant_id):
        return int(model.objects.count())


def test_a_task_that_is_delivered_twice_remembers_once(
    worker: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    ids = {
        "tenant_id": str(elena.tenant_id),
        "customer_id": str(elena.id),
        "conversation_id": str(conversation.id),
    }
    for _ in range(3):
        tasks.consolidate_conversation.delay(**ids)
    other = make_conversation(make_customer_beside(elena), "Bye, I am Otto Kern.")
    tasks.consolidate_conversation.delay(
        tenant_id=str(other.tenant_id),
        customer_id=str(other.customer_id),
        conversation_id=str(other.id),
    )
    eventually(lambda: count(elena, Summary) == 2)
    with customer_scope(elena.tenant_id, elena.id):
        assert Summary.objects.count() == 1
        assert Fact.objects.count() == 1


def make_customer_beside(customer: Customer) -> Customer:
    with tenant_scope(customer.tenant_id):
        tenant = Tenant.objects.get(pk=customer.tenant_id)
    return make_customer(tenant, "Otto")


def test_what_is_due_is_sent_to_the_queue_and_not_again_while_it_is_worked_on(
    elena: Customer, viktor: Customer, sent: list[tuple[str, str]]
) -> None:
    def talked(customer: Customer, **fields: Any) -> Conversation:
        conversation = make_conversation(customer, "Hello")
        change(conversation, **fields)
        return conversation

    idle = talked(elena, consolidate_at=ago(seconds=1))
    elsewhere = talked(viktor, consolidate_at=ago(hours=1))
    talked(elena)
    talked(elena, consolidate_at=None, consolidated_seq=1)
    tasks.consolidate_due()
    waiting = {str(it.id) for it in (idle, elsewhere)}
    assert {conversation for _, conversation in sent} == waiting
    tasks.consolidate_due()
    assert len(sent) == 2
    # Its worker died, or the queue was lost.
    change(idle, consolidate_at=ago(seconds=1))
    tasks.consolidate_due()
    assert [conversation for _, conversation in sent[2:]] == [str(idle.id)]


def test_what_no_plan_covers_is_planned(
    elena: Customer, sent: list[tuple[str, str]]
) -> None:
    from_before = make_conversation(elena, "Hello")
    change(from_before, consolidate_at=None, consolidate_trigger="")
    given_up = make_conversation(elena, "Hello")
    change(given_up, consolidate_at=None, consolidate_tries=due.MAX_TRIES)
    change(make_conversation(elena, "Hi"), consolidate_at=None, consolidated_seq=1)
    tasks.consolidate_due()
    assert sent == []
    tasks.plan_unplanned()
    tasks.consolidate_due()
    assert sent == [("consolidate_conversation", str(from_before.id))]


def test_after_consolidation_nothing_is_left_to_do(
    elena: Customer, alice: User, sent: list[tuple[str, str]]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="Hi there"
        )
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="VIP", note=True
        )
    tasks.consolidate_conversation(
        tenant_id=str(elena.tenant_id),
        customer_id=str(elena.id),
        conversation_id=str(conversation.id),
    )
    tasks.plan_unplanned()
    tasks.consolidate_due()
    assert sent == []


def test_a_long_talk_is_rolled_up_through_the_queue(
    worker: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, *["Where is my parcel?"] * 21)
    with tenant_scope(elena.tenant_id):
        services.schedule("roll_up_conversation", conversation)
    eventually(lambda: count(elena, Summary) == 1)


def test_tasks_about_what_was_erased_do_nothing(elena: Customer) -> None:
    ids = {
        "tenant_id": str(elena.tenant_id),
        "customer_id": str(uuid4()),
        "conversation_id": str(uuid4()),
    }
    tasks.answer_conversation(**ids)
    tasks.consolidate_conversation(**ids)
    tasks.roll_up_conversation(**ids)
    assert count(elena, Summary) == 0
