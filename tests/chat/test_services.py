"""Writing into conversations: durable, once, in order, and nothing half done."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from chat import services, turns
from chat.models import Conversation, Event, Message
from chat.timeline import events_after
from tests.conftest import as_superuser, make_conversation, make_customer
from tests.threads import at_once, in_thread

pytestmark = pytest.mark.usefixtures("rows")

WIDGET_STATEMENTS = 14


@pytest.fixture
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the tasks that are enqueued."""
    names: list[str] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task", lambda name, **_: names.append(name)
    )
    return names


def write(customer: Customer, text: str, client_id: UUID | None = None) -> Message:
    with customer_scope(customer.tenant_id, customer.id):
        return services.receive_from_widget(
            customer=customer, text=text, client_id=client_id or uuid4()
        )


def reply(
    conversation: Conversation, user: User, text: str, **options: object
) -> Message:
    with tenant_scope(user.tenant_id):
        return services.send_as_agent(
            conversation_id=conversation.id,
            user=user,
            text=text,
            **options,  # type: ignore[arg-type]
        )


def fresh(conversation: Conversation) -> Conversation:
    with tenant_scope(conversation.tenant_id):
        found: Conversation = Conversation.objects.select_related("agent").get(
            pk=conversation.id
        )
        return found


def log(conversation: Conversation) -> list[tuple[int, str]]:
    with tenant_scope(conversation.tenant_id):
        events = Event.objects.filter(conversation=conversation).order_by("seq")
        return [(event.seq, event.kind) for event in events]


def texts(conversation: Conversation) -> list[str]:
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(conversation=conversation).order_by("seq")
        return [message.text for message in rows]


def start_turn(conversation: Conversation) -> turns.Turn | None:
    with customer_scope(conversation.tenant_id, conversation.customer_id):
        return turns.start_turn(conversation_id=conversation.id)


# --- Stored before it is acknowledged -------------------------------------------------


def test_a_message_is_in_the_database_when_the_service_returns(
    live_db: None, elena: Customer
) -> None:
    message = write(elena, "Where is my laptop?")

    def seen_by_another_connection() -> str:
        with as_superuser() as admin:
            row = admin.execute(
                "select text from chat_message where id = %s", [message.id]
            ).fetchone()
        return str(row and row[0])

    assert in_thread(seen_by_another_connection) == "Where is my laptop?"


def test_a_message_and_its_event_share_their_seq(elena: Customer) -> None:
    message = write(elena, "Hello")
    assert log(message.conversation) == [(1, "message")]
    assert message.seq == 1
    conversation = fresh(message.conversation)
    assert (conversation.last_seq, conversation.last_message_seq) == (1, 1)
    assert conversation.preview == "Hello"


def test_a_repeated_send_stores_one_message(elena: Customer) -> None:
    client_id = uuid4()
    first = write(elena, "Hello", client_id)
    again = write(elena, "Hello", client_id)
    assert first.id == again.id
    assert texts(first.conversation) == ["Hello"]
    assert fresh(first.conversation).last_seq == 1


def test_a_send_repeated_after_the_close_does_not_reopen(
    elena: Customer, alice: User
) -> None:
    client_id = uuid4()
    first = write(elena, "Hello", client_id)
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=first.conversation_id, user=alice)
    assert write(elena, "Hello", client_id).id == first.id
    assert fresh(first.conversation).status == "closed"
    with tenant_scope(elena.tenant_id):
        assert Conversation.objects.count() == 1


def test_the_same_client_id_of_another_customer_is_another_message(
    elena: Customer, desk: Tenant
) -> None:
    client_id = uuid4()
    otto = make_customer(desk, "Otto")
    assert write(elena, "Hello", client_id).id != write(otto, "Hi", client_id).id


def test_two_sends_at_once_with_one_client_id_store_one_message(
    live_db: None, elena: Customer
) -> None:
    client_id = uuid4()
    sent = at_once(*[lambda: write(elena, "Hello", client_id)] * 4)
    assert len({message.id for message in sent}) == 1
    assert texts(sent[0].conversation) == ["Hello"]


def test_two_first_messages_at_once_open_one_conversation(
    live_db: None, elena: Customer
) -> None:
    sent = at_once(*[lambda: write(elena, "Hello")] * 4)
    assert len({message.conversation_id for message in sent}) == 1
    assert sorted(message.seq for message in sent) == [1, 2, 3, 4]


def test_eight_writers_at_once_leave_no_gap_and_lose_nothing(
    live_db: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")

    def customer(number: int) -> Callable[[], list[int]]:
        def run() -> list[int]:
            return [write(elena, f"c{number}.{i}").seq for i in range(5)]

        return run

    def agent(number: int) -> Callable[[], list[int]]:
        def run() -> list[int]:
            return [reply(conversation, alice, f"a{number}.{i}").seq for i in range(5)]

        return run

    jobs = [maker(number) for number in range(4) for maker in (customer, agent)]
    for taken in at_once(*jobs):
        assert taken == sorted(taken)
    said = texts(conversation)
    assert len(said) == 41
    assert sorted(said[1:]) == sorted(
        f"{who}{number}.{i}" for who in "ac" for number in range(4) for i in range(5)
    )
    seqs = [seq for seq, _ in log(conversation)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert fresh(conversation).last_seq == len(seqs)


def test_a_customer_and_the_assistant_writing_at_once_do_not_block_each_other(
    live_db: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, "Hello")

    def assistant() -> None:
        for _ in range(15):
            turn = start_turn(conversation)
            if turn is not None:
                with customer_scope(turn.tenant_id, turn.customer_id):
                    turns.finish_turn(turn=turn, text="Yes.", context={})

    def customer() -> None:
        for number in range(15):
            write(elena, f"Question {number}")

    at_once(assistant, customer)
    assert sum(text.startswith("Question") for text in texts(conversation)) == 15


def test_a_message_from_the_widget_asks_the_database_no_more_than_it_has_to(
    elena: Customer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    write(elena, "Hello")
    # She waits for it: a look-up that is made twice is felt in every chat. Savepoints
    # and the scopes of the test count as well.
    with django_assert_max_num_queries(WIDGET_STATEMENTS):
        write(elena, "Where is my order?")


# --- Refused, with nothing changed ----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), (" \n\t", "empty"), ("\x00", "empty"), ("x" * 8_001, "too_long")],
)
def test_a_text_that_is_empty_or_too_long_changes_nothing(
    elena: Customer, alice: User, text: str, code: str
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id)
    before = log(conversation)
    with pytest.raises(ValidationError) as refused:
        write(elena, text)
    assert refused.value.code == code
    with pytest.raises(ValidationError):
        reply(conversation, alice, text)
    assert log(conversation) == before
    assert fresh(conversation).status == "closed"
    with tenant_scope(elena.tenant_id):
        assert Conversation.objects.count() == 1


def test_the_longest_message_is_kept_whole(elena: Customer) -> None:
    text = "🦊" * services.MAX_MESSAGE_CHARS
    assert texts(write(elena, text).conversation) == [text]


def test_what_postgresql_cannot_store_is_left_out(elena: Customer) -> None:
    message = write(elena, "Hel\x00lo \ud800there")
    stored = texts(message.conversation)[0]
    assert stored.startswith("Hello ")
    assert stored.endswith("there")


def test_another_tenants_conversation_does_not_exist(
    elena: Customer, charlie: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with pytest.raises(Conversation.DoesNotExist):
        reply(conversation, charlie, "Hi")
    with tenant_scope(charlie.tenant_id), pytest.raises(Conversation.DoesNotExist):
        services.take_over(conversation_id=conversation.id, user=charlie)
    assert texts(conversation) == ["Hello"]


# --- Who answers ----------------------------------------------------------------------


def test_after_a_takeover_the_assistant_starts_nothing(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.take_over(conversation_id=conversation.id, user=alice)
    assert start_turn(conversation) is None
    write(elena, "Anybody?")
    assert start_turn(conversation) is None
    assert fresh(conversation).agent == alice


def test_a_takeover_in_the_middle_of_a_reply_keeps_what_was_shown_as_interrupted(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    turn = start_turn(conversation)
    assert turn is not None
    with tenant_scope(elena.tenant_id):
        services.take_over(conversation_id=conversation.id, user=alice)
    with customer_scope(turn.tenant_id, turn.customer_id):
        assert not turns.renew_turn(turn=turn)
        stored = turns.finish_turn(turn=turn, text="Your lap", context={"ledger": {}})
        message = Message.objects.get(pk=turn.message_id)
    assert not stored
    assert (message.status, message.text) == ("interrupted", "Your lap")
    assert message.context is None
    assert fresh(conversation).owner == "agent"


def test_the_log_of_a_cut_reply_ends_in_what_the_database_holds(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    turn = start_turn(conversation)
    assert turn is not None
    with tenant_scope(elena.tenant_id):
        services.take_over(conversation_id=conversation.id, user=alice)
        seen = fresh(conversation).last_seq
    with customer_scope(turn.tenant_id, turn.customer_id):
        turns.interrupt_turn(turn=turn, text="Your lap")
    with tenant_scope(elena.tenant_id):
        later = events_after(fresh(conversation), seen, console=False)
    assert [frame["message"]["text"] for frame in later] == ["Your lap"]


def test_an_agents_reply_takes_the_conversation_over(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    reply(conversation, alice, "I look into it.")
    now = fresh(conversation)
    assert (now.owner, now.agent) == ("agent", alice)
    assert start_turn(conversation) is None


def test_a_takeover_is_audited_and_the_next_agent_can_take_over(
    elena: Customer, alice: User, bob: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    for user in (alice, bob):
        with tenant_scope(elena.tenant_id):
            services.take_over(conversation_id=conversation.id, user=user)
    assert fresh(conversation).agent == bob
    with tenant_scope(elena.tenant_id):
        actors = AuditEvent.objects.order_by("seq").values_list("actor", "action")
        assert list(actors) == [
            (f"user:{alice.id}", "conversation.take_over"),
            (f"user:{bob.id}", "conversation.take_over"),
        ]


def test_handed_back_the_assistant_answers_from_the_next_message_on(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.take_over(conversation_id=conversation.id, user=alice)
    write(elena, "Answered by Alice elsewhere")
    with tenant_scope(elena.tenant_id):
        services.hand_back(conversation_id=conversation.id, user=alice)
    assert start_turn(conversation) is None
    write(elena, "And when does it arrive?")
    assert start_turn(conversation) is not None
    assert fresh(conversation).agent is None


def test_handing_back_what_the_assistant_has_changes_nothing(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.hand_back(conversation_id=conversation.id, user=alice)
    assert start_turn(conversation) is not None


# --- Notes ----------------------------------------------------------------------------


def test_a_note_stays_inside_and_takes_nothing_over(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    reply(conversation, alice, "VIP, be nice.", note=True)
    now = fresh(conversation)
    assert now.owner == "assistant"
    assert (now.preview, now.last_message_seq) == ("Hello", 1)
    with tenant_scope(elena.tenant_id):
        shown = events_after(now, 0, console=False)
    assert [frame["seq"] for frame in shown] == [1, 2]
    assert shown[1]["message"] is None
    assert "VIP" not in str(shown)


# --- Closing and opening --------------------------------------------------------------


def test_closing_enqueues_consolidation_after_the_commit_and_once(
    live_db: None, elena: Customer, alice: User, sent_tasks: list[str]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
        assert sent_tasks == []
    assert sent_tasks == ["chat.tasks.consolidate_conversation"]
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
    assert sent_tasks == ["chat.tasks.consolidate_conversation"]
    assert fresh(conversation).closed_at is not None


def test_a_close_that_fails_enqueues_nothing(
    live_db: None, elena: Customer, sent_tasks: list[str]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with pytest.raises(ZeroDivisionError), tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id)
        raise ZeroDivisionError
    assert sent_tasks == []
    assert fresh(conversation).status == "open"


def test_closing_cuts_the_reply_that_is_being_written(elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello")
    turn = start_turn(conversation)
    assert turn is not None
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id)
        assert Message.objects.get(pk=turn.message_id).status == "interrupted"
    assert start_turn(conversation) is None


def test_a_new_message_after_the_close_starts_a_new_conversation(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
    assert write(elena, "Me again").conversation_id != conversation.id


def test_writing_straight_into_a_closed_conversation_reopens_it(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id)
        services.receive(conversation_id=conversation.id, text="One more thing")
    now = fresh(conversation)
    assert (now.status, now.closed_at) == ("open", None)
    assert start_turn(conversation) is not None


def test_reopening_gives_it_to_the_agent_who_did(
    elena: Customer, alice: User, bob: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id, user=alice)
        services.reopen(conversation_id=conversation.id, user=bob)
        before = log(conversation)
        services.reopen(conversation_id=conversation.id, user=alice)
    now = fresh(conversation)
    assert (now.status, now.owner, now.agent) == ("open", "agent", bob)
    assert log(conversation) == before


def test_when_the_queue_is_away_the_close_still_holds(
    live_db: None, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kombu.exceptions import OperationalError

    def away(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr("accounts.queue.current_app.send_task", away)
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.close(conversation_id=conversation.id)
    assert fresh(conversation).status == "closed"


def test_a_conversation_opened_in_one_customers_scope_cannot_be_anothers(
    elena: Customer, desk: Tenant
) -> None:
    otto = make_customer(desk, "Otto")
    with pytest.raises(DatabaseError), customer_scope(desk.id, otto.id):
        services.open_conversation(customer=elena)
