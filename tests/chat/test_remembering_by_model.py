"""Consolidation by a connected model: what it is sent, and what its answers cost."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope, tenant_scope
from chat import remembering, services, turns
from chat.briefing import gather, packed
from chat.history import recent_turns
from chat.models import Conversation
from memory import consolidation, facts, recall, working
from memory.extraction.prompts import REMEMBER
from memory.llm import prices
from memory.models import Consolidation, MemorySettings, Summary
from memory.summaries import improving
from memory.working import Limits
from tests.chat.test_remembering import answer, fact
from tests.conftest import make_conversation
from tests.scripted_openai import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    ScriptedOpenAI,
)

pytestmark = pytest.mark.usefixtures("db")

SECRETS = ("My card number is 4111 1111 1111 1111.", "My password is hunter2zebra.")


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def run_of(conversation: Conversation) -> Consolidation:
    with tenant_scope(conversation.tenant_id):
        return Consolidation.objects.get()


def episode_of(conversation: Conversation) -> Summary:
    with tenant_scope(conversation.tenant_id):
        newest = Summary.objects.order_by("-version").first()
    assert newest is not None
    return newest


def test_one_window_is_one_call_and_what_it_cost_is_recorded(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.", "Thank you.")
    model.json_answer(answer(facts=[fact(0, "Ghent")]), delay_s=0.2)
    assert consolidate(conversation)
    assert len(model.asked) == 1
    run = run_of(conversation)
    assert (run.engine, run.outcomes) == (f"gpt-4.1/{REMEMBER.id}", {"added": 1})
    spent = (run.prompt_tokens, run.completion_tokens)
    assert spent == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert run.cost_usd == pytest.approx(prices.cost_usd("gpt-4.1", *spent))
    assert run.model_ms >= 200
    assert 0 < run.own_ms < run.model_ms + 5_000


def test_an_unusable_answer_costs_too_and_the_embedded_rules_remember(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    model.text_answer("Sure!")
    model.text_answer("Sure!")
    assert consolidate(conversation)
    run = run_of(conversation)
    assert run.engine == "embedded"
    assert run.outcomes == {"added": 1}
    assert run.prompt_tokens == 2 * PROMPT_TOKENS


@pytest.mark.parametrize("bad", ["\x00", "\ud800"], ids=["NUL", "half a surrogate"])
def test_what_no_store_can_hold_does_not_fail_the_write(
    elena: Customer, model: ScriptedOpenAI, bad: str
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    found = fact(0, "Ghent", text=f"Lives in{bad} Ghent.", value=f"{bad}Ghent")
    given = answer(
        facts=[found],
        summary=f"She told{bad} her city.",
        topics=[f"city{bad}"],
        pending_actions=[f"Call{bad} back"],
    )
    model.text_answer(json.dumps(given))
    assert consolidate(conversation)
    assert run_of(conversation).outcomes == {"added": 1}
    episode = episode_of(conversation)
    assert episode.text == "She told her city."
    assert episode.topics == ["city"]
    with customer_scope(elena.tenant_id, elena.id):
        (known,) = facts.current_facts()
        assert (known.value, known.text) == ("Ghent", "Lives in Ghent.")


def test_a_late_window_is_sent_with_the_episode_so_far_instead_of_all_before(
    elena: Customer, model: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consolidation.span, "FRESH_TOKENS", 30)
    monkeypatch.setattr(consolidation.span, "READ_TOKENS", 40)
    # What little the model says is good enough here.
    monkeypatch.setattr(improving, "GOOD_ENOUGH", 0.0)
    texts = [f"Remark {n} about parcel LF-2000{n}, please." for n in range(6)]
    conversation = make_conversation(elena, *texts)
    for number in range(3):
        model.json_answer(answer(summary=f"Episode {number}."))
        # Whoever judges it is away.
        model.error(404, to="json")
    assert remembering.consolidate_all(elena.tenant_id, elena.id, conversation.id)
    prompts = [json.dumps(request.body["messages"]) for request in model.asked]
    assert len(prompts) == 3
    assert "Episode 1." in prompts[2]
    assert "Remark 0" not in prompts[2]
    # One window's end stands before the next, as what is not fresh.
    assert [prompt.count("Remark") for prompt in prompts] == [2, 3, 3]
    episode = episode_of(conversation)
    assert (episode.text, episode.version) == ("Episode 2.", 3)
    assert len(episode.message_ids) == 6


def test_nothing_is_extracted_from_the_episode_so_far(
    elena: Customer, model: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consolidation.span, "FRESH_MESSAGES", 1)
    monkeypatch.setattr(consolidation.span, "READ_TOKENS", 0)
    conversation = make_conversation(elena, "Hello.", "I live in Ghent.")
    model.json_answer(answer(summary="She lives in Paris."))
    model.json_answer(answer(facts=[fact(0, "Paris"), fact(1, "Ghent")]))
    assert remembering.consolidate_all(elena.tenant_id, elena.id, conversation.id)
    with customer_scope(elena.tenant_id, elena.id):
        assert [it.value for it in facts.current_facts()] == ["Ghent"]


# --- Secrets --------------------------------------------------------------------------


def test_no_model_that_consolidates_or_rolls_up_is_sent_a_secret(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, *SECRETS, *["And now?"] * 20)
    rolled = answer()
    del rolled["facts"]
    model.json_answer(rolled)
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    model.json_answer(answer())
    assert consolidate(conversation)
    assert len(model.asked) == 2
    refuse_secrets(json.dumps([request.body for request in model.requests]))


def refuse_secrets(sent: str) -> None:
    assert "My card number is" in sent
    for secret in ("4111", "hunter2zebra"):
        assert secret not in sent


def test_neither_the_live_buffer_nor_a_replys_context_holds_a_secret(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, *SECRETS)
    refuse_secrets(str(in_scope(elena, recent(conversation))))
    redis = working.client()
    kept = (key for key in redis.keys("t:*") if redis.type(key) == "string")
    refuse_secrets(str([redis.get(key) for key in kept]))
    query = recall.prepare("And now?", tenant_id=elena.tenant_id)
    desk = MemorySettings()

    def gathered() -> Any:
        buffer = recent_turns(conversation, Limits.of(desk))
        return gather(elena.tenant, conversation, query, buffer=buffer, desk=desk)

    context = packed(in_scope(elena, gathered))
    refuse_secrets(str(context.messages))


def recent(conversation: Conversation) -> Callable[[], Any]:
    return lambda: recent_turns(conversation, Limits.of(MemorySettings()))


def in_scope(customer: Customer, work: Callable[[], Any]) -> Any:
    with customer_scope(customer.tenant_id, customer.id):
        return work()


def test_an_answered_secret_is_masked_by_what_was_asked(elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello")
    with customer_scope(elena.tenant_id, elena.id):
        turn = turns.start_turn(conversation_id=conversation.id)
        assert turn
        turns.finish_turn(turn=turn, text="What is your PIN?", context={})
    with tenant_scope(elena.tenant_id):
        services.receive(conversation_id=conversation.id, text="7719")
        conversation.refresh_from_db()
    texts = [it.text for it in in_scope(elena, recent(conversation)).turns]
    assert texts[:2] == ["Hello", "What is your PIN?"]
    assert "7719" not in texts[2]
