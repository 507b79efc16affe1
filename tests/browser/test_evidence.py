"""From an answer to what it rests on: by the keyboard, and on a phone."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Customer, User
from accounts.scope import identity_scope, tenant_scope
from chat import services
from chat.inbox import LOG_ENTRIES
from chat.models import Message
from memory.recall import Reasons
from tests.browser.conftest import OpenPage
from tests.browser.people import PASSWORD, Staff
from tests.conftest import make_conversation

FIRST = "My parcel LF-20418 is lost."
LEDGER = dict.fromkeys(("instructions", "facts", "summary", "recalled", "buffer"), 1)


@dataclass(frozen=True)
class Written:
    """A conversation whose first message stands on an earlier page of the thread."""

    conversation_id: UUID
    first_id: UUID
    answer_id: UUID


@pytest.fixture
def written(elena: Customer, alice: User) -> Written:
    with identity_scope():
        alice.set_password(PASSWORD)
        alice.save()
    more = (f"And another remark, number {n}." for n in range(LOG_ENTRIES + 5))
    conversation = make_conversation(elena, FIRST, *more)
    with tenant_scope(elena.tenant_id):
        first = Message.objects.filter(conversation=conversation).earliest("seq")
        locked = services.lock(conversation.id)
        answer = services.append_message(
            locked, author="assistant", author_name="Assistant", text="I see."
        )
        services.save(locked)
        reasons = Reasons(0.6, 1, 2, 1.0, parts={"meaning": 0.6, "words": 0.3})
        answer.context = {
            "ledger": {**LEDGER, "total": 5, "budget": 100, "left_out": {}},
            "facts": [],
            "recalled": [
                {
                    "kind": "message",
                    "source": str(first.id),
                    "score": 0.9,
                    "reasons": reasons.as_json(),
                }
            ],
            "tools": [],
        }
        answer.save()
    return Written(conversation.id, first.id, answer.id)


def leads_to_the_first_message(page: Page, written: Written) -> None:
    message = page.locator(f"[data-message='{written.first_id}']")
    expect(message).to_contain_text(FIRST)
    expect(message).to_be_focused()
    expect(message).to_be_in_viewport()


@pytest.mark.parametrize("stack", [("web",)], indirect=True, ids=["web alone"])
def test_evidence_leads_to_its_message_however_far_up_it_stands(
    written: Written, open_page: OpenPage
) -> None:
    page = Staff(open_page(), "alice@linden.example").page
    page.goto(f"/inbox/{written.conversation_id}/")
    expect(page.locator(f"[data-message='{written.first_id}']")).to_have_count(0)
    page.get_by_role("group").filter(has_text="Score").locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("By meaning")).to_be_visible()
    page.get_by_role("link", name="Show it").focus()
    page.keyboard.press("Enter")
    leads_to_the_first_message(page, written)
    # So does its address, as other conversations have it.
    page.goto("/inbox/")
    page.goto(f"/inbox/{written.conversation_id}/#message-{written.first_id}")
    leads_to_the_first_message(page, written)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/inbox/{written.conversation_id}/messages/{written.answer_id}/known/")
    expect(
        page.get_by_role("heading", name="In its prompt", exact=True)
    ).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Show it").click()
    leads_to_the_first_message(page, written)
