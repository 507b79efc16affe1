"""Secrets leave the stored messages too, where a desk wants it so."""

from datetime import UTC, datetime

import pytest

from accounts.models import Customer, Tenant, User
from accounts.scope import tenant_scope
from chat import imports, services
from chat.models import Conversation, Message
from memory.models import MemorySettings
from tests.conftest import make_conversation

pytestmark = pytest.mark.usefixtures("rows")

CARD = "4111 1111 1111 1111"


@pytest.fixture
def masking(desk: Tenant) -> None:
    with tenant_scope(desk.id):
        MemorySettings.objects.create(tenant=desk, mask_messages=True)


def stored(conversation: Conversation) -> list[str]:
    with tenant_scope(conversation.tenant_id):
        rows = Message.objects.filter(conversation=conversation).order_by("seq")
        return list(rows.values_list("text", flat=True))


def test_a_desk_keeps_messages_as_they_are_unless_it_wants_otherwise(
    elena: Customer,
) -> None:
    assert stored(make_conversation(elena, f"My card is {CARD}")) == [
        f"My card is {CARD}"
    ]


def test_a_message_is_masked_before_it_is_stored(
    masking: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, f"My card is {CARD}, order LF-20418")
    assert stored(conversation) == [
        "My card is \u2022\u2022\u2022 (card number, not kept), order LF-20418"
    ]
    assert "4111" not in conversation.preview


def test_what_answers_a_question_and_what_staff_repeat_is_masked(
    masking: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "I cannot sign in.")
    with tenant_scope(elena.tenant_id):
        for text in ("What is your PIN?",):
            services.send_as_agent(
                conversation_id=conversation.id, user=alice, text=text
            )
        services.receive(conversation_id=conversation.id, text="5567")
        services.send_as_agent(
            conversation_id=conversation.id,
            user=alice,
            text="Your PIN is 5567",
            note=True,
        )
    assert "5567" not in " ".join(stored(conversation))


def test_a_card_number_in_pieces_is_masked_with_its_last_piece(
    masking: None, elena: Customer
) -> None:
    conversation = make_conversation(elena, "4111 1111", "and then 1111 1111")
    assert "1111" not in " ".join(stored(conversation))


def test_health_stays_for_whoever_answers_her(masking: None, elena: Customer) -> None:
    conversation = make_conversation(
        elena, "I'm allergic to nuts, which cake can I eat?"
    )
    assert "allergic" in stored(conversation)[0]


def test_an_import_is_masked_too(masking: None, desk: Tenant) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with tenant_scope(desk.id):
        conversation, _ = imports.import_conversation(
            imports.ImportedConversation(
                id="c1",
                customer_id="u1",
                customer_name="",
                started_at=at,
                messages=(
                    imports.ImportedMessage("1", "agent", "", "Your password?", at),
                    imports.ImportedMessage("2", "customer", "", "bluebird", at),
                    imports.ImportedMessage("3", "customer", "", f"card {CARD}", at),
                ),
            )
        )
    kept = stored(conversation)
    assert kept[0] == "Your password?"
    assert "bluebird" not in kept[1]
    assert "4111" not in kept[2]
