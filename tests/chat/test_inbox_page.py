"""The inbox and its fragments. Alice owns, Bob is a teammate, Charlie a stranger."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from accounts.scope import identity_scope, tenant_scope
from chat import inbox as inboxes
from chat import services
from chat.models import Conversation, Message
from tests.clients import signed_in
from tests.conftest import make_conversation
from tests.memory.four_tiers import make_fact

ACTIONS = ["take_over", "hand_back", "close", "reopen"]
PAGES = ["conversation", "row", "head", "memory"]


def of(name: str, conversation: Conversation) -> str:
    return reverse(f"chat:{name}", args=[conversation.id])


def reread(conversation: Conversation) -> Conversation:
    with tenant_scope(conversation.tenant_id):
        fresh: Conversation
        fresh = Conversation.objects.select_related("agent").get(pk=conversation.pk)
        return fresh


@pytest.fixture
def laptop(elena: Customer) -> Conversation:
    return make_conversation(elena, "Where is my laptop?", "I <b>need</b> it.")


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(laptop: Conversation) -> None:
    for url in [
        reverse("chat:home"),
        reverse("chat:inbox"),
        of("conversation", laptop),
    ]:
        response = Client().get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_the_inbox_lists_the_desk_and_counts_every_view(
    alice: User, laptop: Conversation
) -> None:
    html = signed_in(alice).get(reverse("chat:inbox")).content.decode()
    assert f'data-row="{laptop.pk}"' in html
    assert 'All <span class="n">1</span>' in html
    assert 'Mine <span class="n">0</span>' in html


def test_a_stranger_sees_no_row_and_finds_nothing(
    charlie: User, laptop: Conversation
) -> None:
    client = signed_in(charlie)
    html = client.get(reverse("chat:inbox")).content.decode()
    assert str(laptop.pk) not in html
    for page in [*PAGES, "log"]:
        assert client.get(of(page, laptop) + "?before=9").status_code == 404


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_changes_nothing(
    charlie: User, laptop: Conversation, action: str
) -> None:
    before = reread(laptop)
    assert signed_in(charlie).post(of(action, laptop)).status_code == 404
    after = reread(laptop)
    assert (after.last_seq, after.owner, after.status) == (
        before.last_seq,
        before.owner,
        before.status,
    )


def test_compliance_does_not_chat(carla: User, laptop: Conversation) -> None:
    client = signed_in(carla)
    assert client.get(reverse("chat:inbox")).status_code == 403
    assert client.get(of("memory", laptop)).status_code == 403
    assert client.post(of("take_over", laptop)).status_code == 403
    assert reread(laptop).owner == Conversation.Owner.ASSISTANT


@pytest.mark.parametrize("action", ACTIONS)
def test_a_link_cannot_change_a_conversation(
    alice: User, laptop: Conversation, action: str
) -> None:
    assert signed_in(alice).get(of(action, laptop)).status_code == 405


def test_a_forged_post_is_refused(alice: User, laptop: Conversation) -> None:
    client = signed_in(alice, enforce_csrf_checks=True)
    assert client.post(of("close", laptop)).status_code == 403
    assert reread(laptop).status == Conversation.Status.OPEN


def test_what_customers_write_is_shown_as_text(
    alice: User, laptop: Conversation
) -> None:
    html = signed_in(alice).get(of("conversation", laptop)).content.decode()
    assert "I &lt;b&gt;need&lt;/b&gt; it." in html
    assert "<b>need</b>" not in html


def test_no_page_has_a_style_attribute_or_an_inline_script(
    alice: User, laptop: Conversation
) -> None:
    response = signed_in(alice).get(of("conversation", laptop))
    html = response.content.decode()
    assert " style=" not in html
    assert "<script>" not in html
    assert "'unsafe" not in response["Content-Security-Policy"]


def test_htmx_gets_the_thread_without_the_list(
    alice: User, laptop: Conversation
) -> None:
    client = signed_in(alice)
    html = client.get(of("conversation", laptop), headers={"HX-Request": "true"})
    text = html.content.decode()
    assert f'data-conversation="{laptop.pk}"' in text
    assert f'data-seq="{laptop.last_seq}"' in text
    assert "<html" not in text
    assert "no-store" in html["Cache-Control"]


def test_taking_over_opens_the_composer_for_her_alone(
    alice: User, bob: User, laptop: Conversation
) -> None:
    html = signed_in(alice).post(of("take_over", laptop)).content.decode()
    assert 'data-lock=""' in html
    assert reread(laptop).agent == alice
    theirs = signed_in(bob).get(of("head", laptop)).content.decode()
    assert 'data-lock="colleague"' in theirs
    assert "Alice is answering." in theirs


def test_handing_back_locks_the_composer_again(
    alice: User, laptop: Conversation
) -> None:
    client = signed_in(alice)
    client.post(of("take_over", laptop))
    html = client.post(of("hand_back", laptop)).content.decode()
    assert 'data-lock="assistant"' in html
    assert reread(laptop).owner == Conversation.Owner.ASSISTANT


def test_a_closed_conversation_moves_to_its_view_and_can_be_opened_again(
    alice: User, laptop: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "schedule", lambda *args: None)
    client = signed_in(alice)
    assert 'data-lock="closed"' in client.post(of("close", laptop)).content.decode()
    assert str(laptop.pk) not in client.get(reverse("chat:inbox")).content.decode()
    closed = client.get(reverse("chat:inbox") + "?view=closed").content.decode()
    assert str(laptop.pk) in closed
    assert 'data-lock=""' in client.post(of("reopen", laptop)).content.decode()


def test_a_row_says_whether_it_belongs_to_the_view(
    alice: User, laptop: Conversation
) -> None:
    client = signed_in(alice)
    assert client.get(of("row", laptop) + "?view=all")["X-In-View"] == "yes"
    assert client.get(of("row", laptop) + "?view=mine")["X-In-View"] == "no"


def test_a_view_that_does_not_exist_is_all(alice: User, laptop: Conversation) -> None:
    html = signed_in(alice).get(reverse("chat:inbox") + "?view=nonsense&page=x")
    assert str(laptop.pk) in html.content.decode()


def test_a_note_shows_as_a_note(alice: User, laptop: Conversation) -> None:
    with tenant_scope(laptop.tenant_id):
        services.send_as_agent(
            conversation_id=laptop.id,
            user=alice,
            text="Hub mis-sorted it.",
            client_id=uuid4(),
            note=True,
        )
    html = signed_in(alice).get(of("conversation", laptop)).content.decode()
    assert 'class="note"' in html
    assert "Internal note" in html


def test_older_messages_come_on_request_and_none_twice(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "LOG_ENTRIES", 2)
    long = make_conversation(elena, "first", "second", "third")
    client = signed_in(alice)
    newest = client.get(of("conversation", long)).content.decode()
    log = of("log", long)
    assert ">first<" not in newest
    assert f"{log}?before=2" in newest
    older = client.get(log + "?before=2").content.decode()
    assert ">first<" in older
    assert ">second<" not in older
    assert "before=" not in older


@pytest.mark.parametrize("before", ["", "x", "-1"])
def test_a_malformed_place_in_the_log_is_not_found(
    alice: User, laptop: Conversation, before: str
) -> None:
    response = signed_in(alice).get(of("log", laptop) + f"?before={before}")
    assert response.status_code == 404


def test_home_sends_an_agent_to_the_inbox(alice: User) -> None:
    assert signed_in(alice).get("/")["Location"] == reverse("chat:inbox")


# --- Whose memory an agent sees ------------------------------------------------------


@pytest.fixture
def bobs(bob: User, elena: Customer) -> Conversation:
    """A conversation that Bob answered and closed; a fact came of it."""
    conversation = make_conversation(elena, "I moved to Ghent")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(conversation_id=conversation.id, user=bob, text="Noted")
        services.close(conversation_id=conversation.id, user=bob)
        said = Message.objects.earliest("seq")
    fact = make_fact(elena, "nickname", "Zephyr", conversation_id=conversation.id)
    with tenant_scope(elena.tenant_id):
        fact.evidence.update(message_id=said.id, span="moved to Ghent")
    return conversation


def memory_of(user: User, conversation: Conversation) -> list[str]:
    """Everything a page of the inbox shows of it."""
    client = signed_in(user)
    fragment = client.get(of("memory", conversation), {"message": str(uuid4())})
    page = client.get(of("conversation", conversation), {"view": "closed"})
    log = client.get(of("log", conversation), {"before": 99})
    assert {fragment.status_code, page.status_code, log.status_code} == {200}
    return [fragment.text, page.text, log.text]


def test_memory_closes_with_the_conversation_for_who_did_not_answer(
    alice: User, bob: User, ada: User, bobs: Conversation
) -> None:
    for page in memory_of(alice, bobs):
        assert "Zephyr" not in page
        assert "<mark>" not in page
    assert "Not yours to look into now" in memory_of(alice, bobs)[0]
    # Her colleague's conversation is there all the same.
    assert "I moved to Ghent" in memory_of(alice, bobs)[1]
    for user in (bob, ada):
        fragment, page, log = memory_of(user, bobs)
        assert "Zephyr" in fragment
        assert "Zephyr" in page
        assert "<mark>moved to Ghent</mark>" in page
        assert "<mark>moved to Ghent</mark>" in log


@pytest.mark.parametrize("action", ["reopen", "take_over"])
def test_opening_or_taking_over_shows_the_memory(
    alice: User, bobs: Conversation, action: str
) -> None:
    record = reverse("memory:customer", args=[bobs.customer_id])
    client = signed_in(alice)
    nobody = client.get(reverse("memory:customer", args=[uuid4()]))
    hidden = client.get(record)
    assert (hidden.status_code, hidden.text) == (404, nobody.text)
    client.post(of(action, bobs))
    assert "Zephyr" in memory_of(alice, bobs)[0]
    assert client.get(record).status_code == 200
    client.post(of("close", bobs))
    # She has it now, and keeps it.
    assert client.get(record).status_code == 200


def test_nobody_writes_herself_in_with_a_note(alice: User, bobs: Conversation) -> None:
    with tenant_scope(bobs.tenant_id):
        services.send_as_agent(
            conversation_id=bobs.id, user=alice, text="Curious", note=True
        )
    assert "Zephyr" not in memory_of(alice, bobs)[0]


def test_an_agent_keeps_sight_of_whom_she_has_answered(
    alice: User, bob: User, bobs: Conversation
) -> None:
    with tenant_scope(bobs.tenant_id):
        services.send_as_agent(conversation_id=bobs.id, user=alice, text="Me again")
        services.take_over(conversation_id=bobs.id, user=bob)
        services.close(conversation_id=bobs.id, user=bob)
    assert "Zephyr" in memory_of(alice, bobs)[0]


def test_somebody_of_the_same_name_has_not_answered(
    alice: User, bobs: Conversation
) -> None:
    with identity_scope():
        namesake = User.objects.create(
            tenant=alice.tenant, email="bob2@linden.example", name="Bob"
        )
    assert "Zephyr" not in memory_of(namesake, bobs)[0]


def test_home_sends_compliance_to_privacy(carla: User) -> None:
    assert signed_in(carla).get("/")["Location"] == "/privacy/"
