"""Whoever is shown a customer's memory, a person or a model, is in the audit log."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.audit.verify import verify
from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from chat import assistant, remembering
from chat.models import Conversation, HttpTool
from memory import tasks
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from memory.llm.errors import RetryableError
from memory.llm.types import ReplyRequest, StreamPart, TextDelta
from tests.chat.conftest import EMBEDDED, Shop
from tests.clients import signed_in
from tests.conftest import make_conversation
from tests.memory.remembered import remember
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("live_db")


def reads(customer: Customer) -> list[AuditEvent]:
    """Return the recorded reads of a customer's memory, oldest first."""
    with tenant_scope(customer.tenant_id):
        rows = AuditEvent.objects.filter(
            action="memory.read", customer_ref=customer.id
        ).order_by("seq")
        assert verify().faults == ()
        return list(rows)


def answer(conversation: Conversation) -> None:
    asyncio.run(
        assistant.answer(
            conversation.tenant_id, conversation.customer_id, conversation.id
        )
    )


# --- Models ---------------------------------------------------------------------------


def test_the_assistants_turn_names_the_model_the_memories_and_the_conversation(
    elena: Customer,
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    conversation = make_conversation(elena, "Where do I live?")
    answer(conversation)
    (read,) = reads(elena)
    assert read.actor == "assistant:embedded"
    assert read.detail["conversation"] == str(conversation.id)
    assert read.detail["purpose"] == "reply"
    assert read.detail["facts"] == [str(fact.id)]
    assert "Ghent" not in json.dumps(read.detail)


def test_each_call_of_a_connected_model_is_recorded(
    elena: Customer, shop: Shop, order_tool: HttpTool, model: ScriptedOpenAI
) -> None:
    model.tool_call("look_up_order", {"order_number": "LF-20418"})
    model.stream("It is on its way.")
    answer(make_conversation(elena, "Where is it?"))
    assert [(read.actor, read.detail["call"]) for read in reads(elena)] == [
        ("assistant:gpt-4o-mini", 1),
        ("assistant:gpt-4o-mini", 2),
    ]


def test_a_read_is_recorded_before_the_request_leaves(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[int] = []

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        recorded.append(await asyncio.to_thread(lambda: len(reads(elena))))
        yield TextDelta("It ")
        raise RetryableError("cut")

    monkeypatch.setattr(gateway, "stream_reply", parts)
    answer(make_conversation(elena, "Where is it?"))
    # Answered twice, then handed to a person; no attempt goes unrecorded.
    assert recorded == [1, 2]


def test_consolidation_is_recorded_where_a_model_is_connected(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    model.error(400, to="json")
    remembering.consolidate(elena.tenant_id, elena.id, conversation.id)
    read, judge = reads(elena)
    assert read.actor == "assistant:gpt-4.1"
    assert (judge.actor, judge.detail) == ("assistant:gpt-4o-mini", read.detail)
    assert read.detail == {
        "purpose": "consolidation",
        "conversation": str(conversation.id),
        "from_seq": 1,
        "to_seq": 1,
    }


def test_a_rolling_summary_is_recorded_where_a_model_is_connected(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, *(f"Remark {n}." for n in range(24)))
    model.error(400, to="json")
    remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    read, judge = reads(elena)
    assert (judge.actor, judge.detail) == ("assistant:gpt-4o-mini", read.detail)
    assert (read.actor, read.detail["purpose"]) == (
        "assistant:gpt-4.1",
        "rolling summary",
    )


def test_with_no_model_connected_nothing_is_sent_and_nothing_recorded(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    assert remembering.consolidate(elena.tenant_id, elena.id, conversation.id)
    assert reads(elena) == []


def test_what_a_connected_embedding_model_is_sent_is_recorded(elena: Customer) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    with ScriptedOpenAI() as server:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                models={"embed": "scripted-embed"},
                data_dir=EMBEDDED.data_dir,
            )
        )
        fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
        tasks.index_fact(
            tenant_id=str(elena.tenant_id),
            customer_id=str(elena.id),
            fact_id=str(fact.id),
        )
        remembering.consolidate(elena.tenant_id, elena.id, conversation.id)
    indexed, consolidated = reads(elena)
    assert indexed.actor == consolidated.actor == "assistant:scripted-embed"
    assert indexed.detail == {"purpose": "indexing", "fact": str(fact.id)}
    assert consolidated.detail["conversation"] == str(conversation.id)


# --- People ---------------------------------------------------------------------------


@pytest.mark.parametrize("fragment", [False, True])
@pytest.mark.parametrize("page", ["", "memory/", "log/?before=99"])
def test_an_agent_who_is_shown_a_conversation_or_its_memory_is_recorded(
    alice: User, elena: Customer, page: str, *, fragment: bool
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    conversation = make_conversation(elena, "Where do I live?")
    headers = {"HX-Request": "true"} if fragment else {}
    url = f"/inbox/{conversation.id}/{page}"
    assert signed_in(alice).get(url, headers=headers).status_code == 200
    (read,) = reads(elena)
    assert read.actor == f"user:{alice.id}"
    assert read.detail["conversation"] == str(conversation.id)
    if page.startswith("log"):
        assert read.detail["entries"] == 1
    else:
        assert read.detail["facts"] == 1


def test_nobody_is_recorded_who_was_shown_nothing(
    charlie: User, carla: User, elena: Customer
) -> None:
    conversation = make_conversation(elena, "Where do I live?")
    for user, status in ((charlie, 404), (carla, 403)):
        answered = signed_in(user).get(f"/inbox/{conversation.id}/memory/")
        assert answered.status_code == status
    assert reads(elena) == []


def test_the_rest_api_records_what_it_shows(alice: User, elena: Customer) -> None:
    make_conversation(elena)
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    client = signed_in(alice)
    client.post(
        "/api/v1/recall/",
        {"customer": "elena", "query": "Where does she live?"},
        content_type="application/json",
    )
    client.get("/api/v1/customers/elena/facts/")
    client.get("/api/v1/customers/elena/facts/?history=1")
    recalled, current, history = reads(elena)
    assert {read.actor for read in (recalled, current, history)} == {f"user:{alice.id}"}
    assert recalled.detail["recalled"] == [{"kind": "fact", "id": str(fact.id)}]
    assert current.detail == {"purpose": "api", "facts": 1}
    assert history.detail == {"purpose": "api", "facts": 1, "past_facts": 0}


def test_an_operators_command_is_recorded_once_for_each_customer(
    elena: Customer, tmp_path: Path
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    asked = tmp_path / "questions.jsonl"
    question = {"customer": "elena", "query": "Where?"}
    asked.write_text("\n".join(json.dumps({"id": n, **question}) for n in "abc"))
    options = {"tenant": "linden", "out": str(tmp_path / "out.jsonl")}
    call_command("recall_questions", str(asked), **options)
    call_command("dump_facts", **options)
    assert [(read.actor, read.detail) for read in reads(elena)] == [
        ("operator", {"purpose": "measurement"}),
        ("operator", {"purpose": "dump", "facts": 1}),
    ]
