"""From a conversation to memory: verbatim, once, and only what is new."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from chat import remembering, services, turns
from chat.models import Conversation, Message
from memory import consolidation, facts, forgetting, privacy, summaries, working
from memory.consolidation import applying
from memory.extraction import prompts
from memory.llm.tokens import count_tokens
from memory.models import Embedding, Evidence, Fact, MemorySettings, Summary
from tests.conftest import make_conversation, make_customer
from tests.scripted_openai import ScriptedOpenAI
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("rows")

HELLO = (
    "Hi, my name is Elena Marsh.",
    "My email is elena@example.org and I live at 18 Linden Row, Ghent.",
    "Where is my order LF-20418? It should have come on Monday.",
)


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def roll_up(conversation: Conversation) -> bool:
    return remembering.roll_up(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


@pytest.fixture
def hers(elena: Customer) -> Iterator[None]:
    """Look at Elena's rows only, after the test has done its work."""
    with customer_scope(elena.tenant_id, elena.id):
        yield


def known(customer: Customer) -> dict[str, str]:
    with customer_scope(customer.tenant_id, customer.id):
        return {fact.key: fact.value for fact in facts.current_facts()}


def episodes(conversation: Conversation) -> list[Summary]:
    with tenant_scope(conversation.tenant_id):
        rows = Summary.objects.filter(conversation_id=conversation.id, kind="episode")
        return list(rows.order_by("version"))


def answered(conversation: Conversation, text: str) -> None:
    """Let the assistant answer with a text."""
    with customer_scope(conversation.tenant_id, conversation.customer_id):
        turn = turns.start_turn(conversation_id=conversation.id)
        assert turn is not None
        turns.finish_turn(turn=turn, text=text, context={})


def write(conversation: Conversation, text: str) -> None:
    with tenant_scope(conversation.tenant_id):
        services.receive(conversation_id=conversation.id, text=text, client_id=uuid4())


# --- The whole write path -------------------------------------------------------------


def test_a_conversation_becomes_facts_with_verbatim_evidence(elena: Customer) -> None:
    conversation = make_conversation(elena, *HELLO)
    assert consolidate(conversation)
    found = known(elena)
    assert found["email"] == "elena@example.org"
    assert found["customer_name"] == "Elena Marsh"
    assert "LF-20418" in found.values()
    with customer_scope(elena.tenant_id, elena.id):
        rows = list(Evidence.objects.all())
        said = dict(Message.objects.values_list("id", "text"))
        assert len(rows) >= len(found)
        for evidence in rows:
            assert evidence.message_id is not None
            assert evidence.span in said[evidence.message_id]
            assert evidence.conversation_id == conversation.id


def test_it_becomes_one_short_episode_that_names_its_messages(elena: Customer) -> None:
    conversation = make_conversation(elena, *HELLO)
    consolidate(conversation)
    (episode,) = episodes(conversation)
    assert 0 < episode.tokens <= summaries.EPISODE_TOKENS
    assert episode.tokens == count_tokens(episode.text)
    assert (episode.from_seq, episode.to_seq, episode.version) == (1, 3, 1)
    with tenant_scope(elena.tenant_id):
        ids = list(Message.objects.order_by("seq").values_list("id", flat=True))
    assert episode.message_ids == ids


def test_everything_is_in_the_index(elena: Customer) -> None:
    conversation = make_conversation(elena, *HELLO)
    consolidate(conversation)
    with customer_scope(elena.tenant_id, elena.id):
        indexed = set(Embedding.objects.values_list("source_kind", "source_id"))
        expected = {("message", it.id) for it in Message.objects.all()}
        expected |= {("fact", it.id) for it in Fact.objects.all()}
        expected |= {("summary", it.id) for it in Summary.objects.all()}
        assert indexed == expected
        expiring = Embedding.objects.exclude(expires_at=None)
        assert {it.source_kind for it in expiring} == {"message"}
        fact_id = Fact.objects.get(key="email").id
        entry = Embedding.objects.get(source_id=fact_id)
        evidence = Evidence.objects.get(fact_id=fact_id)
        assert evidence.message_id in entry.message_ids
        assert len(entry.vector) == 384


def test_a_long_conversation_still_becomes_a_short_episode(elena: Customer) -> None:
    texts = [
        f"On day {n} the parcel LF-2{n:04} was in Depot {n}, far away from here."
        for n in range(40)
    ]
    conversation = make_conversation(elena, *texts)
    consolidate(conversation)
    (episode,) = episodes(conversation)
    assert episode.tokens <= summaries.EPISODE_TOKENS


def test_an_empty_conversation_has_nothing_to_remember(elena: Customer) -> None:
    conversation = make_conversation(elena)
    assert not consolidate(conversation)
    assert episodes(conversation) == []


def test_notes_and_half_messages_are_not_remembered(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello, where is it?")
    with customer_scope(elena.tenant_id, elena.id):
        turn = turns.start_turn(conversation_id=conversation.id)
        assert turn is not None
        turns.interrupt_turn(turn=turn, text="canary-half")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="canary-note", note=True
        )
    consolidate(conversation)
    with customer_scope(elena.tenant_id, elena.id):
        texts = [*Embedding.objects.values_list("text", flat=True)]
    assert texts
    assert "canary" not in str(texts)


def test_the_assistants_words_never_become_facts(elena: Customer) -> None:
    conversation = make_conversation(elena, "Which address do you have?")
    answered(
        conversation,
        "My name is Ada Canary. My email is canary@example.org."
        " Your order is LF-99999 and you live at 1 Canary Row, Ghent.",
    )
    write(conversation, "Thank you.")
    consolidate(conversation)
    assert "canary" not in json.dumps(known(elena)).lower()
    assert "LF-99999" not in known(elena).values()


def test_secrets_are_not_remembered(elena: Customer) -> None:
    conversation = make_conversation(
        elena, "My card is 4111 1111 1111 1111 and my password is hunter2-canary."
    )
    consolidate(conversation)
    values = json.dumps(known(elena))
    assert "4111" not in values
    assert "hunter2" not in values


# --- Exactly once ---------------------------------------------------------------------


def test_delivered_again_it_changes_nothing(elena: Customer) -> None:
    conversation = make_conversation(elena, *HELLO)
    assert consolidate(conversation)
    before = rows_of(elena)
    assert not consolidate(conversation)
    assert rows_of(elena) == before


def rows_of(customer: Customer) -> dict[str, int]:
    with customer_scope(customer.tenant_id, customer.id):
        models = (Fact, Evidence, Summary, Embedding)
        return {model.__name__: model.objects.count() for model in models}


def test_two_workers_at_once_consolidate_it_once(
    live_db: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, *HELLO)
    done = at_once(*[lambda: consolidate(conversation)] * 2)
    assert sorted(done) == [False, True]
    assert len(episodes(conversation)) == 1


def test_what_was_planned_before_somebody_else_consolidated_is_thrown_away(
    elena: Customer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, *HELLO)
    planned = consolidation.plan

    def slow(span: consolidation.Span) -> consolidation.Plan:
        plan = planned(span)
        monkeypatch.setattr(consolidation, "plan", planned)
        # Meanwhile another worker is faster, and an admin erases what it learnt.
        assert consolidate(conversation)
        with tenant_scope(elena.tenant_id):
            forgetting.forget(fact=Fact.objects.get(key="email"), actor=alice.actor)
            services.receive(conversation_id=conversation.id, text="And my cable?")
        return plan

    write(conversation, "Hello?")
    monkeypatch.setattr(consolidation, "plan", slow)
    assert not consolidate(conversation)
    assert "email" not in known(elena)
    # The rest is consolidated the next time, and brings nothing back.
    assert consolidate(conversation)
    assert "email" not in known(elena)


def test_two_conversations_of_one_customer_at_once_leave_one_current_city(
    live_db: None, elena: Customer
) -> None:
    cities = ("Ghent", "Berlin", "Lisbon")
    talks = []
    for city in cities:
        talks.append(make_conversation(elena, f"I live in {city}."))
        with tenant_scope(elena.tenant_id):
            services.close(conversation_id=talks[-1].id)
    assert at_once(*[lambda it=it: consolidate(it) for it in talks]) == [True] * 3
    with customer_scope(elena.tenant_id, elena.id):
        current = Fact.objects.filter(key="city", valid_to=None)
        assert [fact.value for fact in current] == ["Lisbon"]


def test_consolidating_does_not_stand_in_the_way_of_writing(
    live_db: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, *HELLO)

    def customer() -> bool:
        for number in range(10):
            with customer_scope(elena.tenant_id, elena.id):
                services.receive_from_widget(
                    customer=elena, text=f"And {number}?", client_id=uuid4()
                )
        return True

    def worker() -> bool:
        first, *_ = [consolidate(conversation) for _ in range(3)]
        return first

    assert all(at_once(customer, worker))


def test_an_erased_customer_is_not_remembered_by_a_late_job(
    elena: Customer, carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, *HELLO)
    planned = consolidation.plan

    def slow(span: consolidation.Span) -> consolidation.Plan:
        plan = planned(span)
        with tenant_scope(elena.tenant_id):
            privacy.erase_customer(customer=elena, user=carla)
        return plan

    monkeypatch.setattr(consolidation, "plan", slow)
    assert not consolidate(conversation)
    with tenant_scope(elena.tenant_id):
        assert privacy.remaining(elena.id) == 0
    assert not consolidate(conversation)
    assert not roll_up(conversation)


def test_a_failure_in_the_middle_leaves_nothing_half_done(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, *HELLO)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(applying, "_store_episode", broken)
        assert not consolidate(conversation)
    assert rows_of(elena) == {"Fact": 0, "Evidence": 0, "Summary": 0, "Embedding": 0}
    assert consolidate(conversation)


# --- Going on -------------------------------------------------------------------------


def test_a_reopened_conversation_adds_only_what_is_new(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, *HELLO)
    consolidate(conversation)
    before = rows_of(elena)
    write(conversation, "By the way, my phone number is +44 7700 900321.")
    applied: list[consolidation.Plan] = []
    apply = consolidation.apply

    def spy(plan: consolidation.Plan) -> list[facts.Remembered]:
        applied.append(plan)
        return apply(plan)

    monkeypatch.setattr(consolidation, "apply", spy)
    assert consolidate(conversation)
    fresh_text = "By the way, my phone number is +44 7700 900321."
    assert [entry.text for entry in applied[0].message_entries] == [fresh_text]
    assert {c.message_id for c in applied[0].candidates} == {
        applied[0].span.turns[-1].id
    }
    assert "phone" in known(elena)
    first, second = episodes(conversation)
    assert (second.version, second.from_seq, second.to_seq) == (2, 1, 4)
    assert len(second.message_ids) == 4
    # The old version is kept, but only the new one is in the index.
    with customer_scope(elena.tenant_id, elena.id):
        indexed = Embedding.objects.filter(source_kind="summary")
        assert [entry.source_id for entry in indexed] == [second.id]
        assert list(summaries.current_episodes()) == [second]
    assert rows_of(elena)["Embedding"] == before["Embedding"] + 2
    assert first.id != second.id


def test_a_move_told_in_a_later_conversation_closes_the_old_address(
    elena: Customer,
) -> None:
    first = make_conversation(elena, "I live at 18 Linden Row, Ghent.")
    consolidate(first)
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=first.id)
    assert known(elena)["city"] == "Ghent"
    consolidate(make_conversation(elena, "I moved to Berlin."))
    now = known(elena)
    assert now["city"] == "Berlin"
    assert "street_address" not in now


def test_an_address_told_late_does_not_come_back_after_a_move(elena: Customer) -> None:
    first = make_conversation(elena, "I live at 18 Linden Row, Ghent.")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=first.id)
    consolidate(make_conversation(elena, "I live in Berlin."))
    consolidate(first)
    now = known(elena)
    assert now["city"] == "Berlin"
    assert "street_address" not in now


# --- With a language model ------------------------------------------------------------


def answer(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "facts": [], "summary": "Asked for her order.", "topics": ["order"],
        "entities": [], "sentiment": "neutral", "pending_actions": ["Call back"],
    }  # fmt: skip
    return {**base, **changes}


def fact(line: int, span: str, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "line": line, "span": span, "kind": "fact", "key": "city", "value": span,
        "text": f"Lives in {span}.", "polarity": "assert", "confidence": 0.9,
        "certainty": "plain", "date": "",
    }  # fmt: skip
    return {**base, **changes}


def test_a_connected_model_writes_facts_and_episode(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    model.json_answer(answer(facts=[fact(0, "Ghent")]))
    assert consolidate(conversation)
    assert known(elena) == {"city": "Ghent"}
    (episode,) = episodes(conversation)
    assert episode.text == "Asked for her order."
    assert episode.pending_actions == ["Call back"]
    assert episode.made_by == f"summary/gpt-4.1/{prompts.REMEMBER.id}"


def test_what_a_model_makes_up_is_not_believed(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    answered(conversation, "You live in Canaryville.")
    made_up = [
        fact(0, "Paris"),  # not said
        fact(1, "Canaryville"),  # said by the assistant
        fact(7, "Ghent"),  # no such line
        fact(-1, "Ghent"),
        fact(0, ""),
    ]
    model.json_answer(answer(facts=made_up))
    assert consolidate(conversation)
    assert known(elena) == {}


def test_a_models_long_episode_is_kept_within_its_limit(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, "I live in Ghent.")
    model.json_answer(answer(summary="She asked again. " * 200))
    assert consolidate(conversation)
    (episode,) = episodes(conversation)
    assert episode.tokens <= summaries.EPISODE_TOKENS


def test_with_the_model_away_the_embedded_rules_remember(
    elena: Customer, model: ScriptedOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    model.error(401, to="json")
    conversation = make_conversation(elena, *HELLO)
    assert consolidate(conversation)
    assert known(elena)["email"] == "elena@example.org"
    assert episodes(conversation)[0].made_by == "summary/embedded"
    assert "elena@example.org" not in caplog.text


# --- Rolling summaries ----------------------------------------------------------------


def test_a_short_conversation_is_not_rolled_up(elena: Customer) -> None:
    assert not roll_up(make_conversation(elena, *["Hello there."] * 20))


@pytest.mark.parametrize(
    "texts", [["Where is my parcel?"] * 21, ["word " * 1_100] * 4], ids=["many", "long"]
)
def test_a_long_conversation_is_rolled_up_to_its_older_half(
    elena: Customer, texts: list[str]
) -> None:
    conversation = make_conversation(elena, *texts)
    assert roll_up(conversation)
    with tenant_scope(elena.tenant_id):
        summary = summaries.latest_rolling(elena.id, conversation.id)
        half = len(texts) // 2
        ids = Message.objects.order_by("seq").values_list("id", flat=True)[:half]
        assert summary is not None
        assert summary.message_ids == list(ids)
        assert (summary.from_seq, summary.to_seq) == (1, half)
        assert 0 < summary.tokens <= summaries.ROLLING_TOKENS
    # What is left is short: nothing to do.
    assert not roll_up(conversation)


def test_the_next_rolling_summary_covers_what_the_last_one_did(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, *["word " * 1_100] * 4)
    assert roll_up(conversation)
    for _ in range(3):
        write(conversation, "word " * 1_100)
    assert roll_up(conversation)
    with tenant_scope(elena.tenant_id):
        summary = summaries.latest_rolling(elena.id, conversation.id)
        ids = Message.objects.order_by("seq").values_list("id", flat=True)
        assert summary is not None
        assert summary.version == 2
        assert summary.message_ids == list(ids[: len(summary.message_ids)])
        assert len(summary.message_ids) > 2


def test_one_message_too_long_to_halve_is_left_alone(elena: Customer) -> None:
    conversation = make_conversation(elena, "🦊🧭" * 3_000)
    assert not roll_up(conversation)


def test_two_workers_at_once_roll_up_once(live_db: None, elena: Customer) -> None:
    conversation = make_conversation(elena, *["Where is my parcel?"] * 21)
    assert sorted(at_once(*[lambda: roll_up(conversation)] * 2)) == [False, True]


def test_a_customers_scope_cannot_consolidate_another_customers_talk(
    elena: Customer, desk: Tenant
) -> None:
    conversation = make_conversation(elena, *HELLO)
    otto = make_customer(desk, "Otto")
    assert not remembering.consolidate(desk.id, otto.id, conversation.id)
    assert rows_of(elena)["Fact"] == rows_of(otto)["Fact"] == 0


def test_messages_become_turns_with_their_authors(elena: Customer, alice: User) -> None:
    from chat.history import recent_turns

    conversation = make_conversation(elena, "Hello")
    answered(conversation, "Hi")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="Me now"
        )
        limits = working.Limits.of(MemorySettings())
        found = recent_turns(Conversation.objects.get(), limits).turns
    assert [(it.author, it.text) for it in found] == [
        ("customer", "Hello"), ("assistant", "Hi"), ("agent", "Me now"),
    ]  # fmt: skip


def test_a_connected_model_rolls_a_long_conversation_up(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, *(f"Remark {n}." for n in range(24)))
    rolled = answer(summary="She made remarks. " * 200)
    del rolled["facts"]
    model.json_answer(rolled)
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    with tenant_scope(elena.tenant_id):
        summary = summaries.latest_rolling(elena.id, conversation.id)
    assert summary is not None
    assert summary.made_by == f"rolling/gpt-4.1/{prompts.ROLL_UP.id}"
    assert summary.text.startswith("She made remarks.")
    assert summary.tokens <= summaries.ROLLING_TOKENS
    prompt = str(model.requests[0])
    assert "Remark 11." in prompt
    assert "Remark 12." not in prompt
