"""Three questions about one order cost one look-up, however they are asked.

The shop counts the requests that reach it over real HTTP. What answers is the embedded
assistant, or a model behind real HTTP that looks the order up for every question.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from chat import assistant, services
from chat.models import Conversation, HttpTool, Message
from tests import environment as env
from tests.chat import answering
from tests.chat.conftest import Shop
from tests.conftest import make_conversation, make_customer
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("live_db")

WHERE = "Where is my laptop LF-20418?"
WHEN = "When will it arrive?"
ADDRESS = "Can I change the address?"


def looks_up_each_time(body: Mapping[str, Any]) -> tuple[str, Any]:
    """Look the order up for every question, each time a little otherwise."""
    if not body.get("stream"):
        return "{}", ()
    *_, last = body["messages"]
    if last["role"] == "tool":
        return f"The shop says: {last['content'][:60]}", ()
    said = sum(message["role"] == "user" for message in body["messages"])
    number = '{"order_number": "LF-20418"}'
    odd = '{"gift": "", "order_number": " LF-20418"}'
    return "", [(f"call_{said}", "look_up_order", odd if said % 2 else number)]


@pytest.fixture
def talkative(model: ScriptedOpenAI) -> ScriptedOpenAI:
    """A connected model that looks up for every question."""
    model.improvise = looks_up_each_time
    return model


@pytest.fixture(params=["embedded", "model"])
def talker(request: pytest.FixtureRequest) -> None:
    """What answers."""
    if request.param == "model":
        request.getfixturevalue("talkative")


def ids(conversation: Conversation) -> tuple[Any, ...]:
    return conversation.tenant_id, conversation.customer_id, conversation.id


def ask(conversation: Conversation, text: str) -> None:
    with tenant_scope(conversation.tenant_id):
        services.receive(conversation_id=conversation.id, text=text, client_id=uuid4())


def until_asked(shop: Shop) -> None:
    deadline = time.monotonic() + 15
    while not shop.asked:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answered_here(conversation: Conversation) -> None:
    asyncio.run(asyncio.wait_for(assistant.answer(*ids(conversation)), timeout=20))


def answered_elsewhere(conversations: dict[str, Conversation]) -> None:
    given = [
        ",".join([*map(str, ids(conversation)), base_url])
        for base_url, conversation in conversations.items()
    ]
    subprocess.run(  # noqa: S603 - our own script, with ids
        [sys.executable, "-m", "tests.chat.answering", *given],
        cwd=env.ROOT,
        check=True,
        timeout=60,
    )


def replies(conversation: Conversation) -> list[str]:
    """Return the assistant's answers, which have to be whole, and from the shop."""
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(conversation=conversation, author="assistant")
        found = list(rows.order_by("seq"))
    assert [message.status for message in found] == ["complete"] * len(found)
    for message in found:
        assert message.context
        assert [used["name"] for used in message.context["tools"]] == ["look_up_order"]
    return [message.text for message in found]


def test_where_is_my_laptop_when_will_it_arrive_can_i_change_the_address_is_one_call(
    elena: Customer, shop: Shop, order_tool: HttpTool, talker: None
) -> None:
    conversation = make_conversation(elena, WHERE)
    answered_here(conversation)
    for question in (WHEN, ADDRESS):
        ask(conversation, question)
        answered_here(conversation)
    assert len(replies(conversation)) == 3
    assert shop.asked == ["/orders/LF-20418"]


def test_it_is_one_call_across_two_processes(
    elena: Customer,
    desk: Tenant,
    shop: Shop,
    order_tool: HttpTool,
    talkative: ScriptedOpenAI,
) -> None:
    conversations = {
        talkative.base_url: make_conversation(elena, WHERE),
        "": make_conversation(make_customer(desk, "Otto"), WHERE),
    }

    def answered_by_each() -> None:
        for base_url, conversation in conversations.items():
            answering.use(base_url)
            answered_here(conversation)

    answered_by_each()
    for conversation in conversations.values():
        ask(conversation, WHEN)
    answered_elsewhere(conversations)
    for conversation in conversations.values():
        assert len(replies(conversation)) == 2
        ask(conversation, ADDRESS)
    answered_by_each()
    for conversation in conversations.values():
        assert len(replies(conversation)) == 3
    assert shop.asked == ["/orders/LF-20418"] * len(conversations)


def test_it_is_one_call_when_the_next_question_comes_while_the_first_is_looked_up(
    elena: Customer, shop: Shop, order_tool: HttpTool, talker: None
) -> None:
    conversation = make_conversation(elena, WHERE)
    shop.pause_s = 0.5

    async def talk() -> None:
        first = asyncio.create_task(assistant.answer(*ids(conversation)))
        await asyncio.to_thread(until_asked, shop)
        for question in (WHEN, ADDRESS):
            await sync_to_async(ask, thread_sensitive=False)(conversation, question)
            # As its own process would on hearing it: the first one answers this, too.
            await assistant.answer(*ids(conversation))
        await first

    asyncio.run(asyncio.wait_for(talk(), timeout=20))
    with tenant_scope(elena.tenant_id):
        conversation.refresh_from_db()
    assert conversation.answered_seq == conversation.asked_seq
    assert len(replies(conversation)) == 2
    assert shop.asked == ["/orders/LF-20418"]
