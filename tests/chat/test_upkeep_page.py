"""The page "Remembering": what waits, what was given up, the last tries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer, User
from accounts.scope import tenant_scope
from chat import due, remembering
from chat.models import Conversation
from memory import consolidation
from memory.llm.errors import RetryableError
from tests.clients import signed_in
from tests.conftest import make_conversation

pytestmark = pytest.mark.usefixtures("db")

HOME = "/settings/remembering/"


@pytest.fixture
def given_up(elena: Customer, monkeypatch: pytest.MonkeyPatch) -> Conversation:
    """A conversation that could not be remembered as often as it may."""

    def fail(_: consolidation.Span) -> None:
        raise RetryableError("The model is away.")

    conversation = make_conversation(elena, "My email is elena@example.org.")
    with monkeypatch.context() as patch:
        patch.setattr(consolidation, "plan", fail)
        for _ in range(due.MAX_TRIES):
            consolidate(conversation)
    return conversation


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def again(conversation: Conversation) -> str:
    return reverse("chat:consolidate_again", args=[conversation.pk])


def test_an_admin_sees_what_waits_and_what_became_of_the_last(
    elena: Customer, ada: User
) -> None:
    page = signed_in(ada).get(HOME).text
    assert "Nothing waits" in page
    done = make_conversation(elena, "My email is elena@example.org.")
    assert consolidate(done)
    make_conversation(elena, "Where is it?")
    page = signed_in(ada).get(HOME).text
    assert "1 added" in page
    assert "in 29 min" in page
    assert f"/inbox/{done.pk}/" in page
    # Numbers and names of who talked, no word of what was said.
    assert "elena@example.org" not in page


def test_what_was_given_up_says_why_and_is_tried_again_at_a_press(
    given_up: Conversation, ada: User
) -> None:
    client = signed_in(ada)
    assert "The model is away." in client.get(HOME).text
    head = client.get(reverse("chat:head", args=[given_up.pk])).text
    assert "The model is away." in head
    assert HOME in head
    page = client.post(again(given_up), follow=True).text
    assert "It is tried again now." in page
    assert again(given_up) not in page
    assert consolidate(given_up)
    assert (
        "The model is away."
        not in client.get(reverse("chat:head", args=[given_up.pk])).text
    )
    assert "not given up any more" in client.post(again(given_up), follow=True).text


@pytest.mark.parametrize("who", ["alice", "carla"])
def test_nobody_else_sees_it_or_tries_again(
    who: str, given_up: Conversation, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert client.get(HOME).status_code == 403
    assert client.post(again(given_up)).status_code == 403
    with tenant_scope(given_up.tenant_id):
        assert due.is_given_up(Conversation.objects.get())


def test_an_agent_is_told_that_it_is_not_in_memory(
    given_up: Conversation, alice: User
) -> None:
    head = signed_in(alice).get(reverse("chat:head", args=[given_up.pk])).text
    assert "The model is away." in head
    assert HOME not in head


def test_another_desks_conversation_is_as_unknown_as_none(
    given_up: Conversation, charlie: User
) -> None:
    client = signed_in(charlie)
    page = client.get(HOME).text
    assert "The model is away." not in page
    assert "Elena" not in page
    assert client.post(again(given_up)).status_code == 404


def test_it_asks_the_same_number_of_questions_however_many_rows_there_are(
    elena: Customer, ada: User
) -> None:
    client = signed_in(ada)
    counts = []
    for _ in range(2):
        for _ in range(3):
            assert consolidate(make_conversation(elena, "Hello"))
            make_conversation(elena, "Hello")
        with CaptureQueriesContext(connection) as asked:
            client.get(HOME)
        counts.append(len(asked))
    assert counts[0] == counts[1]
