"""When a conversation is brought into memory: much said, closed, idle, tried again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from chat import due, imports, remembering, services, turns
from chat.models import Conversation
from memory import consolidation
from memory.llm import gateway
from memory.llm.errors import RetryableError
from memory.models import Consolidation, Embedding, MemorySettings, Summary
from tests.conftest import make_conversation

pytestmark = pytest.mark.usefixtures("db")

NOON = datetime.fromisoformat("2026-11-21T12:00:00+00:00")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Move the clock to so long after noon."""

    def move(**time: float) -> None:
        now = NOON + timedelta(**time)
        monkeypatch.setattr(timezone, "now", lambda: now)

    move()
    return move


def wants(desk: Tenant, **settings: Any) -> None:
    with tenant_scope(desk.id):
        MemorySettings.objects.create(tenant=desk, **settings)


def write(conversation: Conversation, text: str = "And?") -> None:
    with tenant_scope(conversation.tenant_id):
        services.receive(conversation_id=conversation.id, text=text)


def planned(conversation: Conversation) -> tuple[str, float | None]:
    """Return what planned it, and how many seconds after noon."""
    with tenant_scope(conversation.tenant_id):
        now = Conversation.objects.get(pk=conversation.id)
    at = now.consolidate_at
    return now.consolidate_trigger, (at - NOON).total_seconds() if at else None


def taken(desk: Tenant) -> list[Any]:
    with tenant_scope(desk.id):
        return [conversation for _, conversation in due.take()]


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def runs(conversation: Conversation) -> list[Consolidation]:
    with tenant_scope(conversation.tenant_id):
        return list(Consolidation.objects.order_by("finished_at", "id"))


# --- What plans it --------------------------------------------------------------------


def test_a_word_plans_it_for_when_nobody_has_written_for_half_an_hour(
    elena: Customer, desk: Tenant, at: Callable[..., None]
) -> None:
    conversation = make_conversation(elena, "Hello")
    assert planned(conversation) == ("idle", 1800)
    at(minutes=20)
    write(conversation)
    assert planned(conversation) == ("idle", 3000)
    at(minutes=49)
    assert taken(desk) == []
    at(minutes=50)
    assert taken(desk) == [conversation.id]


def test_so_many_messages_plan_it_soon(
    elena: Customer, desk: Tenant, at: Callable[..., None]
) -> None:
    wants(desk, trigger_messages=3)
    conversation = make_conversation(elena, "One", "Two")
    assert planned(conversation) == ("idle", 1800)
    at(seconds=10)
    write(conversation)
    assert planned(conversation) == ("messages", 40)


def test_so_many_tokens_plan_it_soon_whoever_says_them(
    elena: Customer, desk: Tenant, at: Callable[..., None]
) -> None:
    wants(desk, trigger_tokens=100)
    conversation = make_conversation(elena, "word " * 50)
    assert planned(conversation) == ("idle", 1800)
    with customer_scope(elena.tenant_id, elena.id):
        turn = turns.start_turn(conversation_id=conversation.id)
        assert turn
        turns.finish_turn(turn=turn, text="word " * 50, context={})
    assert planned(conversation) == ("tokens", 30)


def test_a_burst_is_waited_for_but_not_longer_than_five_minutes(
    elena: Customer, desk: Tenant, at: Callable[..., None]
) -> None:
    wants(desk, trigger_messages=1)
    conversation = make_conversation(elena, "One")
    for second in range(20, 300, 20):
        at(seconds=second)
        assert taken(desk) == []
        write(conversation)
        assert planned(conversation) == ("messages", min(second + 30, 300))
    at(seconds=300)
    assert taken(desk) == [conversation.id]


def test_a_close_sends_it_at_once_and_keeps_the_schedule_from_it(
    elena: Customer, desk: Tenant, alice: User, at: Callable[..., None]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
    assert planned(conversation) == ("close", 90)
    at(seconds=89)
    assert taken(desk) == []
    at(seconds=90)
    assert taken(desk) == [conversation.id]


def test_a_note_plans_nothing(elena: Customer, alice: User) -> None:
    conversation = make_conversation(elena)
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="VIP", note=True
        )
    assert planned(conversation) == ("", None)


def test_what_was_imported_and_is_over_is_due_now(
    desk: Tenant, at: Callable[..., None]
) -> None:
    def given(number: str, *, over: bool) -> Conversation:
        with tenant_scope(desk.id):
            source = imports.parse(
                {
                    "id": number,
                    "customer": {"id": "u1"},
                    "started_at": NOON.isoformat(),
                    "messages": [{"id": "m", "author": "customer", "content": "Hi"}],
                }
            )
            return imports.import_conversation(source, close=over)[0]

    assert planned(given("c1", over=True)) == ("import", 0)
    assert planned(given("c2", over=False)) == ("idle", 1800)


# --- What becomes of it ---------------------------------------------------------------


def test_each_try_leaves_numbers_and_no_words(elena: Customer) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.", "Bye")
    assert consolidate(conversation)
    (run,) = runs(conversation)
    assert (run.trigger, run.state, run.attempt) == ("idle", "done", 1)
    assert (run.from_seq, run.to_seq) == (0, 2)
    assert (run.engine, run.outcomes) == ("embedded", {"added": 1})
    # Its vectors are the embedded model's work.
    assert min(run.own_ms, run.model_ms) > 0
    assert (run.prompt_tokens, run.cost_usd) == (0, 0)
    assert planned(conversation) == ("", None)
    assert "elena@example.org" not in str(vars(run))


def test_a_conversation_that_fails_three_times_is_left_to_people(
    elena: Customer,
    desk: Tenant,
    at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consolidation, "plan", no_plan)
    conversation = make_conversation(elena, "Hello")
    assert not consolidate(conversation)
    assert planned(conversation) == ("idle", 60)
    # A message does not hurry it.
    write(conversation)
    assert planned(conversation) == ("idle", 60)
    at(minutes=1)
    assert taken(desk) == [conversation.id]
    assert not consolidate(conversation)
    assert planned(conversation) == ("idle", 360)
    assert not consolidate(conversation)
    assert planned(conversation) == ("", None)
    states = [(run.state, run.attempt) for run in runs(conversation)]
    assert states == [("failed", 1), ("failed", 2), ("given_up", 3)]
    assert {run.reason for run in runs(conversation)} == {"The model is away."}
    # Neither a task that comes late nor the schedule nor a close tries it again.
    assert not consolidate(conversation)
    with tenant_scope(desk.id):
        services.close(conversation_id=conversation.id)
        assert due.plan_unplanned() == 0
    at(days=1)
    assert taken(desk) == []
    assert len(runs(conversation)) == 3


def no_plan(_: consolidation.Span) -> None:
    raise RetryableError("The model is away.")


def give_up(conversation: Conversation) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consolidation, "plan", no_plan)
        for _ in range(due.MAX_TRIES):
            assert not consolidate(conversation)


def test_a_new_message_gives_it_another_chance(elena: Customer) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    give_up(conversation)
    write(conversation)
    assert planned(conversation)[0] == "idle"
    assert consolidate(conversation)
    assert runs(conversation)[-1].attempt == 1


def test_staff_may_try_it_again_and_it_is_said_who_did(
    elena: Customer, ada: User
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    give_up(conversation)
    with tenant_scope(elena.tenant_id):
        assert remembering.try_again(conversation_id=conversation.id, user=ada)
        assert not remembering.try_again(conversation_id=conversation.id, user=ada)
    assert consolidate(conversation)
    assert runs(conversation)[-1].trigger == "retry"
    with tenant_scope(elena.tenant_id):
        told = AuditEvent.objects.filter(action="conversation.consolidate_again")
        assert [event.actor for event in told] == [ada.actor]


def test_what_kills_its_process_each_time_is_given_up_too(
    elena: Customer, desk: Tenant, at: Callable[..., None]
) -> None:
    conversation = make_conversation(elena, "Hello")
    for number in range(1, 4):
        with customer_scope(elena.tenant_id, elena.id):
            assert remembering._begin(conversation.id, gateway.embedding_model())
        with tenant_scope(desk.id):
            remembering.give_up_cut_off()
        assert runs(conversation) == []
        at(seconds=number * 100)
    assert taken(desk) == []
    with tenant_scope(desk.id):
        remembering.give_up_cut_off()
    (run,) = runs(conversation)
    assert (run.state, run.attempt) == ("given_up", 3)
    assert "cut off" in run.reason
    assert planned(conversation) == ("", None)


def test_what_was_forgotten_while_it_was_read_makes_it_read_again(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    plan, read = consolidation.plan, []

    def slow(span: consolidation.Span) -> consolidation.Plan:
        made = plan(span)
        read.append(span.epoch)
        if len(read) < 3:
            forget_something(elena)
        return made

    monkeypatch.setattr(consolidation, "plan", slow)
    assert consolidate(conversation)
    assert read == [0, 1, 2]
    assert [run.state for run in runs(conversation)] == ["done"]


def forget_something(customer: Customer) -> None:
    with tenant_scope(customer.tenant_id):
        now = Customer.objects.get(pk=customer.pk)
        now.memory_epoch += 1
        now.save(update_fields=["memory_epoch"])


def test_what_is_forgotten_all_the_time_is_tried_later(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, "My email is elena@example.org.")
    plan = consolidation.plan

    def slow(span: consolidation.Span) -> consolidation.Plan:
        made = plan(span)
        forget_something(elena)
        return made

    monkeypatch.setattr(consolidation, "plan", slow)
    assert not consolidate(conversation)
    (run,) = runs(conversation)
    assert run.state == "failed"
    assert "changed again and again" in run.reason


def test_a_reply_that_is_being_written_is_waited_for_and_not_passed_over(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, "Hello")
    with customer_scope(elena.tenant_id, elena.id):
        turn = turns.start_turn(conversation_id=conversation.id)
    assert turn
    write(conversation)
    assert consolidate(conversation)
    assert not consolidate(conversation)
    assert planned(conversation)[1]
    with customer_scope(elena.tenant_id, elena.id):
        turns.finish_turn(turn=turn, text="Good morning.", context={})
    assert consolidate(conversation)
    assert [(run.from_seq, run.to_seq) for run in runs(conversation)] == [
        (0, 1),
        (1, 3),
    ]
    with tenant_scope(elena.tenant_id):
        indexed = Embedding.objects.filter(source_kind="message")
        assert {it.text for it in indexed} == {"Hello", "Good morning.", "And?"}


# --- Windows --------------------------------------------------------------------------


def test_a_long_conversation_goes_window_by_window_and_all_of_it_goes(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consolidation.span, "FRESH_MESSAGES", 4)
    conversation = make_conversation(elena, *(f"Remark {n}." for n in range(9)))
    assert consolidate(conversation)
    assert planned(conversation)[0] == "idle"
    assert remembering.consolidate_all(elena.tenant_id, elena.id, conversation.id)
    spans = [(run.from_seq, run.to_seq) for run in runs(conversation)]
    assert spans == [(0, 4), (4, 8), (8, 9)]
    with tenant_scope(elena.tenant_id):
        assert Embedding.objects.filter(source_kind="message").count() == 9
        episodes = Summary.objects.order_by("version")
        assert [len(episode.message_ids) for episode in episodes] == [4, 8, 9]


def test_a_window_is_bounded_and_has_at_least_one_message() -> None:
    window = consolidation.window
    assert window([10] * 20, 0) == (0, 20)
    assert window([10] * 20, 15) == (0, 20)
    # Six thousand new tokens at most, and with older ones eight thousand.
    assert window([1_000] * 20, 0) == (0, 6)
    assert window([1_000] * 20, 10) == (8, 16)
    assert window([50_000] * 3, 1) == (1, 2)
    assert window([1] * 1_000, 0) == (0, 200)
