"""The lease on a conversation: one writer at a time, and none that is dead."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from chat import services, turns
from chat.models import Conversation, Message
from tests.conftest import make_conversation
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("rows")


@pytest.fixture
def asked(elena: Customer) -> Conversation:
    """A conversation with one question that is owed an answer."""
    return make_conversation(elena, "Where is my laptop?")


def start(conversation: Conversation) -> turns.Turn | None:
    with customer_scope(conversation.tenant_id, conversation.customer_id):
        return turns.start_turn(conversation_id=conversation.id)


def started(conversation: Conversation) -> turns.Turn:
    turn = start(conversation)
    assert turn is not None
    return turn


def renew(turn: turns.Turn) -> bool:
    with customer_scope(turn.tenant_id, turn.customer_id):
        return turns.renew_turn(turn=turn)


def finish(turn: turns.Turn, text: str = "Tomorrow.", reason: str = "") -> bool:
    with customer_scope(turn.tenant_id, turn.customer_id):
        return turns.finish_turn(
            turn=turn, text=text, context={}, hand_over_reason=reason
        )


def interrupt(turn: turns.Turn, text: str) -> None:
    with customer_scope(turn.tenant_id, turn.customer_id):
        turns.interrupt_turn(turn=turn, text=text)


def expire(conversation: Conversation) -> None:
    with tenant_scope(conversation.tenant_id):
        Conversation.objects.filter(pk=conversation.id).update(
            turn_expires_at=timezone.now() - timedelta(seconds=1)
        )


def fresh(conversation: Conversation) -> Conversation:
    with tenant_scope(conversation.tenant_id):
        found: Conversation = Conversation.objects.get(pk=conversation.id)
        return found


def replies(conversation: Conversation) -> list[tuple[str, str]]:
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(
            conversation=conversation, author=Message.Author.ASSISTANT
        ).order_by("seq")
        return [(message.status, message.text) for message in rows]


def test_of_many_who_want_to_answer_one_gets_the_lease(
    live_db: None, asked: Conversation
) -> None:
    got = at_once(*[lambda: start(asked)] * 6)
    assert sum(turn is not None for turn in got) == 1
    assert replies(asked) == [("streaming", "")]


def test_without_a_question_there_is_no_turn(elena: Customer) -> None:
    assert start(make_conversation(elena)) is None


def test_a_finished_turn_answers_what_was_asked_when_it_began(
    asked: Conversation,
) -> None:
    turn = started(asked)
    with tenant_scope(asked.tenant_id):
        services.receive(conversation_id=asked.id, text="And my cable?")
    assert finish(turn)
    assert replies(asked) == [("complete", "Tomorrow.")]
    # The second question is still owed, and gets its own turn.
    second = started(asked)
    assert second.asked_seq > turn.asked_seq
    assert finish(second, "It is in the box.")
    assert start(asked) is None


def test_renewing_keeps_the_lease_from_expiring(asked: Conversation) -> None:
    turn = started(asked)
    expire(asked)
    assert renew(turn)
    assert start(asked) is None
    until = fresh(asked).turn_expires_at
    assert until is not None
    assert until > timezone.now() + turns.LEASE / 2


def test_a_takeover_ends_the_lease(asked: Conversation, alice: User) -> None:
    turn = started(asked)
    with tenant_scope(asked.tenant_id):
        services.take_over(conversation_id=asked.id, user=alice)
    assert not renew(turn)
    assert not finish(turn)
    assert replies(asked) == [("interrupted", "Tomorrow.")]


def test_an_expired_lease_leaves_an_interrupted_message_and_a_new_turn(
    asked: Conversation,
) -> None:
    dead = started(asked)
    expire(asked)
    alive = started(asked)
    assert alive.message_id != dead.message_id
    # The dead one wakes up again: it cannot post any more.
    assert not renew(dead)
    assert not finish(dead, "Late words")
    assert finish(alive)
    assert replies(asked) == [("interrupted", "Late words"), ("complete", "Tomorrow.")]


def test_a_question_that_failed_too_often_goes_to_a_person(
    asked: Conversation,
) -> None:
    for number in range(turns.MAX_ATTEMPTS):
        interrupt(started(asked), f"half {number}")
    assert start(asked) is None
    now = fresh(asked)
    assert (now.owner, now.agent_id) == ("agent", None)
    assert now.answered_seq == now.asked_seq
    assert replies(asked) == [("interrupted", "half 0"), ("interrupted", "half 1")]


def test_a_new_question_gets_all_attempts_again(asked: Conversation) -> None:
    interrupt(started(asked), "")
    with tenant_scope(asked.tenant_id):
        services.receive(conversation_id=asked.id, text="Hello?")
    for _ in range(turns.MAX_ATTEMPTS):
        interrupt(started(asked), "")
    assert start(asked) is None


def test_an_interrupted_turn_frees_the_lease_at_once(asked: Conversation) -> None:
    interrupt(started(asked), "Your lap")
    assert fresh(asked).turn_id is None
    assert start(asked) is not None


def test_a_reply_can_end_with_handing_over(asked: Conversation) -> None:
    assert finish(started(asked), "I pass you on.", "customer asked for a person")
    now = fresh(asked)
    assert (now.owner, now.preview) == ("agent", "I pass you on.")
    assert start(asked) is None


def test_a_customers_scope_cannot_take_another_customers_turn(
    asked: Conversation, viktor: Customer
) -> None:
    with (
        pytest.raises(Conversation.DoesNotExist),
        customer_scope(viktor.tenant_id, viktor.id),
    ):
        turns.start_turn(conversation_id=asked.id)
    assert replies(asked) == []
