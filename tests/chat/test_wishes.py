"""A wish not to be remembered, from the message to what is left in memory."""

import json

import pytest

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from chat import assistant, remembering, services, tasks, wishes
from chat.models import Conversation, Message
from memory import facts
from memory.models import Summary
from tests.chat.test_forgetting import scan
from tests.conftest import make_conversation, make_customer
from tests.memory.remembered import tell

pytestmark = pytest.mark.usefixtures("live_db")


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def say(conversation: Conversation, text: str) -> Message:
    with tenant_scope(conversation.tenant_id):
        return services.receive(conversation_id=conversation.id, text=text)


def honour(conversation: Conversation, message: Message) -> bool:
    return wishes.honour(
        conversation.tenant_id, conversation.customer_id, conversation.id, message.id
    )


def known(customer: Customer) -> dict[str, str]:
    with customer_scope(customer.tenant_id, customer.id):
        return {fact.key: fact.value for fact in facts.current_facts()}


def test_what_was_unwanted_never_gets_into_memory(elena: Customer) -> None:
    conversation = make_conversation(
        elena,
        "My order LF-20418 is late.",
        "My email is marsh77@example.org. Please don't save that.",
    )
    assert consolidate(conversation)
    assert scan("marsh77") == []
    assert "LF-20418" in known(elena).values()


def test_what_was_remembered_already_is_forgotten(elena: Customer) -> None:
    conversation = make_conversation(
        elena,
        "My order LF-20418 is late.",
        "My email is marsh77@example.org.",
    )
    consolidate(conversation)
    assert scan("marsh77")
    message = say(conversation, "please don't remember that")
    assert honour(conversation, message)
    assert scan("marsh77") == []
    # The summary was erased, and is written anew without it.
    assert consolidate(conversation)
    assert scan("marsh77") == []
    with customer_scope(elena.tenant_id, elena.id):
        (episode,) = Summary.objects.all()
    assert "LF-20418" in episode.text
    assert "LF-20418" in known(elena).values()
    # Once more does no harm.
    assert honour(conversation, message)


def test_what_it_names_is_forgotten_from_every_conversation(elena: Customer) -> None:
    consolidate(make_conversation(elena, "My email is marsh77@example.org."))
    conversation = make_conversation(elena, "Please forget my email address.")
    with tenant_scope(elena.tenant_id):
        message = Message.objects.get(conversation=conversation)
    assert honour(conversation, message)
    assert "email" not in known(elena)
    assert scan("marsh77") == []


def test_it_reaches_nobody_else(desk: Tenant, elena: Customer) -> None:
    other = make_customer(desk, "Rosa")
    tell(other, "email", "rosa@example.org")
    conversation = make_conversation(elena, "Please forget my email address.")
    with tenant_scope(desk.id):
        message = Message.objects.get(conversation=conversation)
    honour(conversation, message)
    assert known(other) == {"email": "rosa@example.org"}
    assert not wishes.honour(desk.id, other.id, conversation.id, message.id)


def test_staff_and_assistant_wish_nothing_in_her_name(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "My email is marsh77@example.org.")
    consolidate(conversation)
    with tenant_scope(elena.tenant_id):
        message = services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="Please forget that."
        )
    assert not honour(conversation, message)
    assert known(elena)["email"] == "marsh77@example.org"


def test_it_is_enqueued_when_she_says_it_and_leaves_its_trace(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task",
        lambda name, kwargs: sent.append((name, kwargs)),
    )
    conversation = make_conversation(elena, "My email is marsh77@example.org.")
    assert sent == []
    say(conversation, "Please don't save that.")
    ((name, ids),) = sent
    assert name == "chat.tasks.honour_wish"
    tasks.honour_wish(**ids)
    with tenant_scope(elena.tenant_id):
        event = AuditEvent.objects.get(action="memory.unwanted")
    assert (event.actor, event.customer_ref) == ("customer", elena.id)
    assert "marsh77" not in json.dumps(event.detail)


async def test_the_assistant_says_that_it_does_so(elena: Customer) -> None:
    conversation = await _conversation(elena, "Please forget my phone number.")
    await assistant.answer(elena.tenant_id, elena.id, conversation.id)
    reply = await _reply(conversation)
    assert "forget it" in reply


async def _conversation(customer: Customer, text: str) -> Conversation:
    from asgiref.sync import sync_to_async

    return await sync_to_async(make_conversation)(customer, text)


async def _reply(conversation: Conversation) -> str:
    from asgiref.sync import sync_to_async

    def read() -> str:
        with tenant_scope(conversation.tenant_id):
            return str(Message.objects.get(author="assistant").text)

    return await sync_to_async(read)()


def test_a_wish_whose_task_was_lost_is_sent_again_with_the_conversation(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, "My email is marsh77@example.org.")
    consolidate(conversation)
    sent: list[str] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task", lambda name, **_: sent.append(name)
    )
    message = say(conversation, "please don't remember that")
    sent.clear()
    consolidate(conversation)
    assert "chat.tasks.honour_wish" in sent
    honour(conversation, message)
    sent.clear()
    consolidate(conversation)
    assert "chat.tasks.honour_wish" not in sent
