"""What goes from a conversation into memory, and what never may."""

import json

from accounts.models import Customer, Tenant, User
from accounts.scope import tenant_scope
from chat import remembering, services
from tests.conftest import as_superuser, make_conversation


def test_no_tier_of_memory_keeps_a_card_number_a_password_or_a_code(
    live_db: None, desk: Tenant, alice: User, elena: Customer
) -> None:
    conversation = make_conversation(
        elena,
        "My card number is 4111 1111 1111 1111 and the payment was declined.",
        "My password is hunter2zebra, the checkout still refuses it.",
    )
    with tenant_scope(desk.id):
        services.send_as_agent(
            conversation_id=conversation.id,
            user=alice,
            text="What are the last four digits of your social security number?",
        )
        services.receive(conversation_id=conversation.id, text="7719")
        services.close(conversation_id=conversation.id)
    remembering.consolidate(desk.id, elena.id, conversation.id)
    with as_superuser() as admin:
        for store in ("fact", "evidence", "summary", "embedding"):
            # Not the vectors, whose numbers may look like anything.
            found = admin.execute(
                f"select to_jsonb(r) - 'vector' from memory_{store} r"
            ).fetchall()
            kept = json.dumps(found, default=str)
            for secret in ("4111", "hunter2zebra", "7719"):
                assert secret not in kept, f"{secret} in memory_{store}"
