"""One turn of the assistant, from the question to the stored reply."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from accounts.models import Customer, Tenant, User
from accounts.scope import tenant_scope
from chat import assistant, briefing, push, remembering, services, turns
from chat.history import recent_turns
from chat.models import Conversation, HttpTool, Message
from chat.tools import MAX_RESULT_CHARS, toolbox
from memory import recall, working
from memory.llm import gateway, metering
from memory.llm.errors import RetryableError
from memory.llm.prices import cost_usd
from memory.llm.types import (
    Done,
    ReplyRequest,
    StreamPart,
    TextDelta,
    ToolCall,
    Usage,
)
from memory.models import MemorySettings
from memory.working import Limits
from tests.chat.conftest import Shop
from tests.conftest import make_conversation, make_customer
from tests.memory.remembered import remember
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("live_db")

USAGE = Usage("scripted", 10, 5, 0.0, 1.0)


async def answer(conversation: Conversation) -> None:
    await asyncio.wait_for(
        assistant.answer(
            conversation.tenant_id, conversation.customer_id, conversation.id
        ),
        timeout=20,
    )


def answer_now(conversation: Conversation) -> None:
    """Answer from a synchronous test, on an event loop of its own."""
    asyncio.run(answer(conversation))


def ask(conversation: Conversation, text: str) -> None:
    with tenant_scope(conversation.tenant_id):
        services.receive(conversation_id=conversation.id, text=text, client_id=uuid4())


def fresh(conversation: Conversation) -> Conversation:
    with tenant_scope(conversation.tenant_id):
        found: Conversation = Conversation.objects.get(pk=conversation.id)
        return found


def replies(conversation: Conversation) -> list[Message]:
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(conversation=conversation, author="assistant")
        return list(rows.order_by("seq"))


def reply_to(conversation: Conversation) -> Message:
    *_, last = replies(conversation)
    assert last.status == "complete"
    return last


Parts = Callable[[ReplyRequest], AsyncIterator[StreamPart]]


def speak(monkeypatch: pytest.MonkeyPatch, parts: Parts) -> None:
    """Let the model answer with these parts."""
    monkeypatch.setattr(gateway, "stream_reply", parts)


# --- The embedded engine --------------------------------------------------------------


def test_a_question_is_answered_from_memory_and_explained(elena: Customer) -> None:
    fact = remember(
        elena, "email", "elena@example.org", "Has the e-mail elena@example.org."
    )
    conversation = make_conversation(elena, "Which email address do you have for me?")
    answer_now(conversation)
    message = reply_to(conversation)
    assert "elena@example.org" in message.text
    assert message.author_name
    context = message.context
    assert context is not None
    assert str(fact.id) in context["facts"]
    ledger = context["ledger"]
    assert ledger["budget"] == 16_000
    assert ledger["facts"] > 0
    assert ledger["total"] == sum(
        ledger[tier]
        for tier in ("instructions", "facts", "summary", "recalled", "buffer")
    )
    assert context["model"] == "embedded"


def test_no_remembered_text_is_copied_into_the_reply_s_context(elena: Customer) -> None:
    canary = "zanzibar-canary-4711"
    remember(
        elena, "email", f"{canary}@example.org", f"Has the e-mail {canary}@example.org."
    )
    conversation = make_conversation(elena, "What is my email?")
    answer_now(conversation)
    context = reply_to(conversation).context
    assert context is not None
    assert context["recalled"] or context["facts"]
    assert canary not in json.dumps(context)


async def test_the_reply_streams_through_the_channel_layer_before_it_is_stored(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await sync_to_async(make_conversation)(elena, "Hello")
    monkeypatch.setattr(assistant, "PUSH_EVERY_S", 0.0)

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        for word in ("Your ", "laptop ", "ships ", "today."):
            yield TextDelta(word)
        yield Done(USAGE)

    speak(monkeypatch, parts)
    layer = get_channel_layer()
    channel = await layer.new_channel()
    group = push.conversation_group(conversation.tenant_id, conversation.id)
    await layer.group_add(group, channel)
    await answer(conversation)
    seen: list[Any] = []
    while not seen or seen[-1]["type"] != "conversation.changed" or len(seen) < 6:
        seen.append(await asyncio.wait_for(layer.receive(channel), timeout=5))
    kinds = [message["type"] for message in seen]
    # The empty message first, then what grows, then the whole one.
    assert kinds == [
        "conversation.changed",
        *["reply.grew"] * 4,
        "conversation.changed",
    ]
    grown = [message["text"] for message in seen if message["type"] == "reply.grew"]
    assert grown == [
        "Your ", "Your laptop ", "Your laptop ships ", "Your laptop ships today."
    ]  # fmt: skip
    await layer.group_discard(group, channel)


async def test_pushes_of_a_fast_reply_are_brought_together(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await sync_to_async(make_conversation)(elena, "Hello")
    pushed: list[str] = []

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        for number in range(200):
            yield TextDelta(f"{number} ")
        yield Done(USAGE)

    async def grew(*args: Any) -> None:
        pushed.append(args[-1])

    speak(monkeypatch, parts)
    monkeypatch.setattr(push, "reply_grew", grew)
    await answer(conversation)
    assert 1 <= len(pushed) < 60


def test_without_any_memory_the_first_question_is_answered(elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello!")
    answer_now(conversation)
    assert reply_to(conversation).text
    assert fresh(conversation).owner == "assistant"


def test_whoever_asks_for_a_person_gets_one(elena: Customer) -> None:
    conversation = make_conversation(elena, "I want to talk to a human, please.")
    answer_now(conversation)
    assert reply_to(conversation).text
    now = fresh(conversation)
    assert (now.owner, now.agent_id) == ("agent", None)


def test_a_second_question_during_the_reply_is_answered_too(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, "First?")
    heard: list[str] = []

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        heard.append(request.messages[-1].content)
        if len(heard) == 1:
            await sync_to_async(ask, thread_sensitive=False)(conversation, "Second?")
        yield TextDelta(f"Answer {len(heard)}.")
        yield Done(USAGE)

    speak(monkeypatch, parts)
    answer_now(conversation)
    assert [message.text for message in replies(conversation)] == [
        "Answer 1.",
        "Answer 2.",
    ]
    assert heard[0] == "First?"


# --- What the model is given ----------------------------------------------------------


def test_the_model_gets_this_customers_memory_and_nobody_elses(
    elena: Customer, desk: Tenant, viktor: Customer, model: ScriptedOpenAI
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    remember(
        make_customer(desk, "Otto"), "city", "Canaryville", "Lives in Canaryville."
    )
    remember(viktor, "city", "Foreignham", "Lives in Foreignham.")
    model.stream("You live in Ghent.")
    conversation = make_conversation(elena, "Which city do I live in?")
    answer_now(conversation)
    sent = json.dumps(model.requests[-1].body)
    assert "Lives in Ghent." in sent
    assert "Canaryville" not in sent
    assert "Foreignham" not in sent
    assert (
        model.requests[-1].body["messages"][-1]["content"] == "Which city do I live in?"
    )
    message = reply_to(conversation)
    assert message.text == "You live in Ghent."
    assert message.context is not None
    assert message.context["prompt_tokens"] == 11


def test_what_it_took_to_understand_the_question_is_counted_with_the_answer(
    elena: Customer, model: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    understand = recall.prepare

    def understood(*args: Any, **options: Any) -> recall.Query:
        metering.spent("gpt-4o-mini", 1_000, 100)
        return understand(*args, **options)

    monkeypatch.setattr(recall, "prepare", understood)
    model.stream("You live in Ghent.")
    conversation = make_conversation(elena, "Which city do I live in?")
    answer_now(conversation)
    context = reply_to(conversation).context
    assert context is not None
    assert context["prompt_tokens"] == 1_011
    assert context["cost_usd"] > cost_usd("gpt-4o-mini", 1_000, 100) > 0
    assert context["model"]


def test_an_agents_note_is_never_sent_to_the_model(
    elena: Customer, alice: User, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="canary-note", note=True
        )
    model.stream("Hi.")
    answer_now(conversation)
    assert "canary-note" not in json.dumps(model.requests[-1].body)
    assert reply_to(conversation).text == "Hi."


def test_the_free_plan_gets_the_buffer_and_nothing_else(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    from accounts.scope import identity_scope

    with identity_scope():
        Tenant.objects.filter(pk=elena.tenant_id).update(plan=Tenant.Plan.FREE)
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    model.stream("I do not know.")
    conversation = make_conversation(elena, "Which city do I live in?")
    answer_now(conversation)
    sent = json.dumps(model.requests[-1].body)
    assert "Lives in Ghent." not in sent
    assert "Which city do I live in?" in sent
    context = reply_to(conversation).context
    assert context is not None
    assert context["ledger"]["budget"] == 4_000
    assert context["facts"] == context["recalled"] == []


def test_the_free_plan_keeps_messages_that_a_rolling_summary_covers(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    from accounts.scope import identity_scope

    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(21)))
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    with identity_scope():
        Tenant.objects.filter(pk=elena.tenant_id).update(plan=Tenant.Plan.FREE)
    model.stream("Fine.")
    answer_now(conversation)
    messages = model.requests[-1].body["messages"]
    assert [m["content"] for m in messages[1:]] == [f"Remark {n}" for n in range(1, 21)]


def test_a_rolling_summary_replaces_the_messages_it_covers(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(21)))
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    model.stream("Fine.")
    answer_now(conversation)
    messages = model.requests[-1].body["messages"]
    memory, *said = [m["content"] for m in messages if m["role"] != "system"]
    assert said == [f"Remark {n}" for n in range(10, 21)]
    assert "so_far" in memory


def test_a_buffer_of_the_desks_own_size_is_what_the_model_gets(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    wants(elena, buffer_messages=3)
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(9)))
    model.stream("Fine.")
    answer_now(conversation)
    assert remarks(model) == ["Remark 6", "Remark 7", "Remark 8"]
    wants(elena, buffer_messages=20, buffer_tokens=20)
    ask(conversation, "Remark 9")
    model.stream("Fine.")
    answer_now(conversation)
    assert remarks(model) == ["Remark 8", "Fine.", "Remark 9"]


def test_a_desk_that_only_forgets_sends_nothing_of_the_older_part(
    elena: Customer,
) -> None:
    """Neither as a summary from before, nor as what is recalled of it; facts stay."""
    conversation = make_conversation(
        elena, "My printer Quillon 9 is broken.", *(f"Remark {n}" for n in range(24))
    )
    ids = (elena.tenant_id, elena.id, conversation.id)
    assert remembering.roll_up(*ids)
    assert remembering.consolidate(*ids)
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    ask(conversation, "What about my printer Quillon 9?")
    query = recall.prepare(
        "What about my printer Quillon 9?", tenant_id=elena.tenant_id
    )
    with tenant_scope(elena.tenant_id):
        tenant = Tenant.objects.get(pk=elena.tenant_id)
        conversation = Conversation.objects.select_related("customer").get()
        sent = {}
        for window in ("summarise", "forget"):
            desk = MemorySettings(window=window)
            buffer = recent_turns(conversation, Limits.of(desk))
            sent[window] = briefing.packed(
                briefing.gather(tenant, conversation, query, buffer=buffer, desk=desk)
            )
    older = sent["summarise"]
    assert older.ledger.summary > 0
    newer = sent["forget"]
    assert newer.ledger.summary == 0
    texts = [memory.text for memory in newer.memories]
    assert "Lives in Ghent." in texts
    assert not [t for t in texts if "broken" in t and "Quillon" in t and "My" in t]
    assert {m.conversation_id for m in newer.recalled if m.kind != "fact"} <= {None}
    assert [m.content for m in newer.messages[-20:]][:2] == ["Remark 5", "Remark 6"]


@pytest.mark.parametrize(
    ("said", "recalls"),
    [("Thanks a lot!", False), ("Thanks, and my printer?", True)],
)
def test_small_talk_recalls_nothing_but_keeps_what_is_always_there(
    elena: Customer, said: str, recalls: bool
) -> None:
    conversation = make_conversation(elena, "My printer Quillon 9 is broken.")
    ids = (elena.tenant_id, elena.id, conversation.id)
    assert remembering.consolidate(*ids)
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    later = make_conversation(elena, said)
    query = recall.prepare(said, tenant_id=elena.tenant_id)
    with tenant_scope(elena.tenant_id):
        later = Conversation.objects.select_related("customer").get(pk=later.pk)
        desk = MemorySettings()
        gathered = briefing.gather(
            Tenant.objects.get(pk=elena.tenant_id),
            later,
            query,
            buffer=recent_turns(later, Limits.of(desk)),
            desk=desk,
        )
    sent = briefing.packed(gathered)
    assert bool(gathered.recalled) is recalls
    assert "Lives in Ghent." in [fact.text for fact in sent.facts]


def test_a_desk_that_only_forgets_makes_no_rolling_summary(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants(elena, window="forget")
    scheduled: list[str] = []
    monkeypatch.setattr(services, "schedule", lambda task, _: scheduled.append(task))
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(24)))
    answer_now(conversation)
    assert scheduled == []
    assert not remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    wants(elena, window="summarise")
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)


def wants(customer: Customer, **how: object) -> None:
    """Let the desk want its memory so."""
    with tenant_scope(customer.tenant_id):
        MemorySettings.objects.update_or_create(
            tenant_id=customer.tenant_id, defaults=how
        )


def remarks(model: ScriptedOpenAI) -> list[str]:
    """What was said, as the model got it the last time."""
    messages = model.requests[-1].body["messages"]
    return [
        m["content"]
        for m in messages
        if m["role"] != "system" and not m["content"].startswith("<memory")
    ]


# --- Tools ----------------------------------------------------------------------------


def test_two_simultaneous_questions_make_one_look_up(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    conversation = make_conversation(elena, "Where is it?")
    shop.pause_s = 0.3
    calls = [
        ToolCall(str(n), "look_up_order", {"order_number": "LF-20418"})
        for n in range(4)
    ]
    results = use_together(elena, calls, conversation)
    assert shop.asked == ["/orders/LF-20418"]
    assert len({text for text, _ in results}) == 1
    assert sorted(cached for _, cached in results) == [False, True, True, True]


def test_look_ups_of_different_orders_do_not_wait_for_each_other(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    conversation = make_conversation(elena, "Where is it?")
    shop.pause_s = 0.4
    calls = [
        ToolCall(str(n), "look_up_order", {"order_number": f"LF-{n}"}) for n in range(4)
    ]
    started = time.monotonic()
    use_together(elena, calls, conversation)
    assert time.monotonic() - started < 1.2
    assert len(shop.asked) == 4


def test_who_waited_for_a_look_up_that_failed_makes_one_of_his_own(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    conversation = make_conversation(elena, "Where is it?")
    shop.status, shop.pause_s = 500, 0.1
    calls = [looking_up("LF-20418") for _ in range(2)]
    results = use_together(elena, calls, conversation)
    assert [cached for _, cached in results] == [False, False]
    assert len(shop.asked) == 2


def test_with_redis_away_each_look_up_is_made(
    elena: Customer, shop: Shop, order_tool: HttpTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, "Where is it?")
    gone = redis.Redis.from_url("unix:///nowhere/redis.sock", decode_responses=True)
    monkeypatch.setattr(working.connection, "client", lambda: gone)
    calls = [looking_up("LF-20418") for _ in range(2)]
    results = use_together(elena, calls, conversation)
    assert ["in transit" in text for text, _ in results] == [True, True]


def test_who_asks_a_tool_names_no_customer(elena: Customer) -> None:
    async def ask_it() -> list[str]:
        here = (elena.tenant_id, elena.id, uuid4())
        question: dict[str, Any] = {"tool": "x", "arguments": {}}
        async with working.look_up_once(*here, **question, timeout_s=1):
            return working.keys_like("*")

    (key,) = asyncio.run(ask_it())
    assert elena.id.hex not in key
    assert working.keys_like("*") == []


def looking_up(order: str) -> ToolCall:
    return ToolCall(str(uuid4()), "look_up_order", {"order_number": order})


def use_together(
    customer: Customer, calls: list[ToolCall], conversation: Conversation
) -> list[tuple[str, bool]]:
    with tenant_scope(customer.tenant_id):
        box = toolbox(
            tenant_id=customer.tenant_id,
            customer_id=customer.id,
            conversation_id=conversation.id,
        )

    async def call_all() -> list[tuple[str, bool]]:
        return await asyncio.gather(*map(box.call, calls))

    return asyncio.run(call_all())


def test_three_questions_about_one_order_cost_one_look_up(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    conversation = make_conversation(elena, "Where is my laptop LF-20418?")
    answer_now(conversation)
    ask(conversation, "When will it arrive?")
    answer_now(conversation)
    ask(conversation, "Can I change the address?")
    answer_now(conversation)
    assert shop.asked == ["/orders/LF-20418"]
    where, when, address = (message.text for message in replies(conversation))
    assert "on its way" in where
    assert "24" in when
    assert "address" in address.lower()
    assert "18 Linden Row" in address
    used = [m.context and m.context["tools"] for m in replies(conversation)]
    assert used[0] == [{"name": "look_up_order", "cached": False}]
    assert used[1] == [{"name": "look_up_order", "cached": True}]
    assert shop.headers[0]["X-Token"] == "secret-token"


def test_another_conversation_looks_up_for_itself(
    elena: Customer, desk: Tenant, shop: Shop, order_tool: HttpTool
) -> None:
    answer_now(make_conversation(elena, "Where is my laptop LF-20418?"))
    otto = make_customer(desk, "Otto")
    answer_now(make_conversation(otto, "Where is my laptop LF-20418?"))
    assert shop.asked == ["/orders/LF-20418"] * 2


def test_the_models_tool_calls_run_and_their_results_go_back_to_it(
    elena: Customer, shop: Shop, order_tool: HttpTool, model: ScriptedOpenAI
) -> None:
    model.tool_call("look_up_order", {"order_number": "LF-20418"})
    model.stream("It is on its way.")
    conversation = make_conversation(elena, "Where is it?")
    answer_now(conversation)
    assert reply_to(conversation).text == "It is on its way."
    first, second = (request.body for request in model.requests)
    assert first["tools"][0]["function"]["name"] == "look_up_order"
    call, result = second["messages"][-2:]
    assert call["tool_calls"][0]["function"]["name"] == "look_up_order"
    assert result["role"] == "tool"
    assert "in transit" in result["content"]
    assert "secret-token" not in json.dumps(first)


def test_a_model_that_only_calls_tools_ends_with_a_person(
    elena: Customer, shop: Shop, order_tool: HttpTool, model: ScriptedOpenAI
) -> None:
    for _ in range(assistant.MAX_ROUNDS):
        model.tool_call("look_up_order", {"order_number": "LF-20418"})
    conversation = make_conversation(elena, "Where is it?")
    answer_now(conversation)
    assert reply_to(conversation).text
    assert fresh(conversation).owner == "agent"
    assert len(shop.asked) == 1


@pytest.mark.parametrize(
    ("call", "status", "words", "asked"),
    [
        (
            ToolCall("1", "look_up_order", {"order_number": "LF-9"}),
            0,
            "Nothing was found",
            1,
        ),
        (
            ToolCall("1", "look_up_order", {"order_number": "LF-9"}),
            500,
            "did not answer",
            1,
        ),
        (ToolCall("1", "look_up_order", {}), 0, "Missing: order_number", 0),
        (ToolCall("1", "look_up_order", {"order_number": " "}), 0, "Missing", 0),
        (ToolCall("1", "delete_all", {}), 0, "no such tool", 0),
    ],
)
def test_a_look_up_that_fails_is_an_answer_the_model_can_speak_about(
    elena: Customer, shop: Shop, order_tool: HttpTool,
    call: ToolCall, status: int, words: str, asked: int,
) -> None:  # fmt: skip
    shop.status = status
    result, cached = use(elena, call)
    assert words in json.loads(result)["error"]
    assert not cached
    assert len(shop.asked) == asked
    assert "secret-token" not in result


def test_a_failed_look_up_is_tried_again_the_next_time(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    conversation = make_conversation(elena, "Hi")
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    shop.status = 503
    assert "error" in use(elena, call, conversation)[0]
    shop.status = 0
    assert "in transit" in use(elena, call, conversation)[0]
    assert use(elena, call, conversation)[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/orders/{order_number}",
        "http://127.0.0.1:9/orders/{unknown}",
        "http://[bad/{order_number}",
        "no scheme {order_number}",
        "http://127.0.0.1:9/{",
        "http://127.0.0.1:9/{order_number.owner}",
    ],
)
def test_a_tool_with_a_bad_address_is_an_answer_too(
    elena: Customer, order_tool: HttpTool, url: str
) -> None:
    with tenant_scope(elena.tenant_id):
        HttpTool.objects.update(url=url)
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    assert "did not answer" in use(elena, call)[0]


def test_an_argument_that_is_not_required_cannot_climb_either(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    with tenant_scope(elena.tenant_id):
        HttpTool.objects.update(url=f"{shop.url}/orders/{{shelf}}/{{order_number}}")
    arguments = {"order_number": "LF-20418", "shelf": ".."}
    use(elena, ToolCall("1", "look_up_order", arguments))
    assert shop.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"order_number": "LF-20418", "customer": "otto"},
        {"order_number": {"$ne": 1}},
        {"order_number": ["LF-20418"]},
        {"order_number": "LF-20418\u200b"},
        {"order_number": "LF-20418/refund"},
        {"order_number": "x" * 500},
    ],
)
def test_a_call_that_the_schema_does_not_allow_is_never_made(
    elena: Customer, shop: Shop, order_tool: HttpTool, arguments: dict[str, Any]
) -> None:
    result, _ = use(elena, ToolCall("1", "look_up_order", arguments))
    assert json.loads(result)["error"]
    assert shop.asked == []


def test_a_redirect_is_not_an_answer(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    shop.status = 302
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    assert "did not answer" in use(elena, call)[0]


def test_an_answer_without_end_is_read_no_further_than_it_is_kept(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    shop.endless_every_s = 0.001
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    assert len(use(elena, call)[0]) == MAX_RESULT_CHARS


def test_an_answer_that_drips_is_given_up(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    with tenant_scope(elena.tenant_id):
        HttpTool.objects.update(timeout_s=0.3)
    shop.endless_every_s = 0.1
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    assert "did not answer" in use(elena, call)[0]


def test_an_argument_cannot_leave_its_place_in_the_address(
    elena: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    for value in ("../admin?x=1#y", "..", "a/../../b"):
        use(elena, ToolCall("1", "look_up_order", {"order_number": value}))
    assert all(path.startswith("/orders/") for path in shop.asked)
    assert not any("?" in path for path in shop.asked)


def test_a_tenants_tools_are_its_own(
    viktor: Customer, shop: Shop, order_tool: HttpTool
) -> None:
    call = ToolCall("1", "look_up_order", {"order_number": "LF-20418"})
    assert "no such tool" in use(viktor, call)[0]
    assert shop.asked == []


def use(
    customer: Customer, call: ToolCall, conversation: Conversation | None = None
) -> tuple[str, bool]:
    with tenant_scope(customer.tenant_id):
        box = toolbox(
            tenant_id=customer.tenant_id,
            customer_id=customer.id,
            conversation_id=conversation.id if conversation else uuid4(),
        )
    return asyncio.run(box.call(call))


# --- When the provider fails ----------------------------------------------------------


def test_a_reply_that_breaks_off_is_tried_again_and_stays_marked(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    model.cut_stream("Your laptop is")
    model.stream("Your laptop ships today.")
    conversation = make_conversation(elena, "Where is it?")
    answer_now(conversation)
    assert [(m.status, m.text) for m in replies(conversation)] == [
        ("interrupted", "Your laptop is"),
        ("complete", "Your laptop ships today."),
    ]
    # The second try is about the same question, not about the half answer.
    assert model.requests[-1].body["messages"][-1]["content"] == "Where is it?"


def test_a_reply_that_keeps_breaking_off_is_handed_to_a_person(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    for _ in range(turns.MAX_ATTEMPTS):
        model.cut_stream("Your laptop is")
    conversation = make_conversation(elena, "Where is it?")
    answer_now(conversation)
    assert [m.status for m in replies(conversation)] == ["interrupted"] * 2
    now = fresh(conversation)
    assert (now.owner, now.turn_id) == ("agent", None)


def test_a_provider_that_is_busy_for_a_moment_is_asked_again(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    model.error(429, retry_after="0")
    model.stream("Here I am.")
    conversation = make_conversation(elena, "Hello?")
    answer_now(conversation)
    assert [m.text for m in replies(conversation)] == ["Here I am."]


def test_with_the_provider_away_the_embedded_engine_answers(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    model.error(401)
    conversation = make_conversation(elena, "Hello!")
    answer_now(conversation)
    message = reply_to(conversation)
    assert message.text
    assert message.context is not None
    assert "embedded" in message.context["model"]


def test_a_crash_in_the_middle_of_a_reply_leaves_no_half_message_as_whole(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        yield TextDelta("Your lap")
        raise ZeroDivisionError

    speak(monkeypatch, parts)
    conversation = make_conversation(elena, "Hello")
    with pytest.raises(ZeroDivisionError):
        answer_now(conversation)
    assert [(m.status, m.text) for m in replies(conversation)] == [
        ("interrupted", "Your lap")
    ]
    now = fresh(conversation)
    assert now.turn_id is None
    assert now.asked_seq > now.answered_seq


def test_no_words_of_the_customer_reach_the_log_when_a_reply_fails(
    elena: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        yield TextDelta("canary-reply")
        raise RetryableError("The model's answer broke off.")

    speak(monkeypatch, parts)
    conversation = make_conversation(elena, "canary-question")
    answer_now(conversation)
    assert caplog.records
    assert "canary" not in caplog.text
    assert elena.name not in caplog.text


# --- Taken over, closed, erased in the middle -----------------------------------------


@pytest.fixture
def in_the_middle(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Conversation, Callable[[], object]], Awaitable[int]]:
    """Answer; after the first word, let something happen. Returns words written."""
    monkeypatch.setattr(assistant, "RENEW_EVERY_S", 0.0)

    async def run(conversation: Conversation, happens: Callable[[], object]) -> int:
        written = 0

        async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
            nonlocal written
            for number in range(50):
                if number == 1:
                    await sync_to_async(happens, thread_sensitive=False)()
                written += 1
                yield TextDelta(f"word{number} ")
            yield Done(USAGE)

        speak(monkeypatch, parts)
        await answer(conversation)
        return written

    return run


async def test_a_takeover_stops_the_reply_in_the_middle(
    elena: Customer, alice: User, in_the_middle: Any
) -> None:
    conversation = await sync_to_async(make_conversation)(elena, "Hello")

    def take_over() -> None:
        with tenant_scope(elena.tenant_id):
            services.take_over(conversation_id=conversation.id, user=alice)

    written = await in_the_middle(conversation, take_over)
    assert written < 5
    (message,) = await sync_to_async(replies)(conversation)
    assert message.status == "interrupted"
    assert message.text.startswith("word0")
    assert (await sync_to_async(fresh)(conversation)).owner == "agent"


async def test_closing_stops_the_reply_in_the_middle(
    elena: Customer, in_the_middle: Any
) -> None:
    conversation = await sync_to_async(make_conversation)(elena, "Hello")

    def close() -> None:
        with tenant_scope(elena.tenant_id):
            services.close(conversation_id=conversation.id)

    assert await in_the_middle(conversation, close) < 5
    assert (await sync_to_async(fresh)(conversation)).status == "closed"


async def test_a_customer_who_is_erased_in_the_middle_leaves_nothing_and_no_error(
    elena: Customer, carla: User, in_the_middle: Any
) -> None:
    from memory import privacy

    conversation = await sync_to_async(make_conversation)(elena, "Hello")

    def erase() -> None:
        with tenant_scope(elena.tenant_id):
            privacy.erase_customer(customer=elena, user=carla)

    assert await in_the_middle(conversation, erase) < 5

    def left() -> int:
        with tenant_scope(elena.tenant_id):
            return privacy.remaining(elena.id)

    assert await sync_to_async(left)() == 0


def test_answering_a_conversation_that_is_gone_does_nothing(elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        Message.objects.all().delete()
        Conversation.objects.all().delete()
    answer_now(conversation)
    assert replies(conversation) == []


def test_the_lease_is_renewed_before_each_round_with_the_model(
    elena: Customer, shop: Shop, order_tool: HttpTool, model: ScriptedOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    renewed: list[bool] = []
    renew = turns.renew_turn

    def counted(*, turn: turns.Turn) -> bool:
        renewed.append(renew(turn=turn))
        return renewed[-1]

    monkeypatch.setattr(turns, "renew_turn", counted)
    for _ in range(3):
        model.tool_call("look_up_order", {"order_number": "LF-20418"})
    model.stream("On its way.")
    answer_now(make_conversation(elena, "Where is it?"))
    assert len(renewed) >= 4


def test_a_long_conversation_is_rolled_up_by_messages_or_by_tokens(
    elena: Customer, monkeypatch: pytest.MonkeyPatch, model: ScriptedOpenAI
) -> None:
    scheduled: list[str] = []
    monkeypatch.setattr(services, "schedule", lambda task, _: scheduled.append(task))
    model.stream("Fine.")
    answer_now(make_conversation(elena, "Short."))
    assert scheduled == []
    otto = make_customer_like(elena)
    model.stream("Fine.")
    answer_now(make_conversation(otto, *["word " * 1_100] * 4))
    assert scheduled == ["roll_up_conversation"]


def make_customer_like(customer: Customer) -> Customer:
    with tenant_scope(customer.tenant_id):
        tenant = Tenant.objects.get(pk=customer.tenant_id)
    return make_customer(tenant, "Otto")
