"""What a dialog does when the password is needed again, and what an agent sees."""

from uuid import UUID

import pytest
from playwright.sync_api import expect

from accounts.models import Customer, User
from accounts.scope import identity_scope, tenant_scope
from chat import services
from tests.browser.conftest import OpenPage
from tests.browser.people import PASSWORD, Staff
from tests.conftest import make_conversation
from tests.memory.four_tiers import make_fact
from tests.stack import look_up

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("stack", [("web",)], indirect=True, ids=["web alone"]),
]


@pytest.fixture
def staff(alice: User, bob: User, ada: User) -> list[User]:
    """Staff with passwords."""
    with identity_scope():
        for user in (alice, bob, ada):
            user.set_password(PASSWORD)
            user.save()
    return [alice, bob, ada]


@pytest.fixture
def known(elena: Customer) -> Customer:
    """A customer with two facts."""
    make_fact(elena, "city", "Ghent")
    make_fact(elena, "country", "Belgium")
    return elena


@pytest.fixture
def bobs(staff: list[User], known: Customer) -> UUID:
    """A conversation that Bob answered and closed."""
    conversation = make_conversation(known, "I moved to Ghent")
    with tenant_scope(known.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=staff[1], text="Noted."
        )
        services.close(conversation_id=conversation.id, user=staff[1])
    return conversation.id


def test_a_dialog_sends_to_the_password_and_back_and_then_asks_for_the_reason(
    staff: list[User], known: Customer, open_page: OpenPage
) -> None:
    ada = Staff(open_page(), "ada@linden.example")
    ada.page.goto(f"/customers/{known.id}/")
    ada.page.get_by_role("link", name="Erase city").click()
    ada.proves_it_is_her()
    expect(ada.page).to_have_url(
        f"{ada.page.url.split('/customers')[0]}/customers/{known.id}/"
    )
    # Two in a row: she is not asked again.
    for key in ("city", "country"):
        ada.page.get_by_role("link", name=f"Erase {key}").click()
        dialog = ada.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Erase fact").click()
        expect(dialog).to_be_visible()  # the reason is missing
        dialog.get_by_label("Reason").fill("not hers")
        dialog.get_by_role("button", name="Erase fact").click()
        expect(dialog).to_be_hidden()
    expect(ada.page.get_by_text("No facts yet")).to_be_visible()
    assert look_up("select count(*) from memory_fact") == [(0,)]


def test_the_panel_of_a_closed_conversation_opens_with_it(
    bobs: UUID, open_page: OpenPage
) -> None:
    alice = Staff(open_page(), "alice@linden.example")
    record = alice.page.get_by_role("link", name="Open full record")
    alice.page.goto(f"/inbox/{bobs}/?view=closed")
    expect(alice.panel.get_by_text("Not yours to look into now")).to_be_visible()
    expect(record).to_be_hidden()
    assert "Ghent" not in alice.panel.inner_text()
    alice.press("Open again")
    expect(alice.panel.get_by_role("tab", name="Facts 2")).to_be_visible()
    expect(record).to_be_visible()
    expect(alice.looks_at("Facts")).to_contain_text("Ghent")
