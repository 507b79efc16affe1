"""The exact prompt of an answer: put together again, with no copy of it kept."""

import json
from html import unescape
from typing import Any

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.models import AuditEvent, Customer, User
from accounts.scope import customer_scope, tenant_scope
from chat import prompts, remembering
from chat.models import Conversation, Message
from memory import facts
from memory.context import Rebuilt
from memory.models import Embedding, Fact, MemorySettings, Summary
from tests.chat.test_assistant import answer_now, ask, reply_to, wants
from tests.clients import signed_in
from tests.conftest import make_conversation
from tests.memory.remembered import remember
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("live_db")

CARD = "4111 1111 1111 1111"


@pytest.fixture
def answered(elena: Customer, model: ScriptedOpenAI) -> Conversation:
    """A conversation whose newest answer had all kinds of memory in its prompt."""
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    remember(elena, "email", "elena@example.org", "Has the e-mail elena@example.org.")
    older = make_conversation(elena, "My printer Quillon 9 jams.", "It is <new>.")
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(21)))
    for each in (older, conversation):
        assert remembering.consolidate(each.tenant_id, elena.id, each.id)
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    ask(conversation, f"My card is {CARD}. Does the printer Quillon 9 jam again?")
    model.stream("It may.")
    answer_now(conversation)
    return conversation


def sent(model: ScriptedOpenAI) -> list[tuple[str, str]]:
    messages = model.requests[-1].body["messages"]
    return [(message["role"], message["content"]) for message in messages]


def rebuilt(conversation: Conversation) -> Rebuilt:
    answer = reply_to(conversation)
    with tenant_scope(conversation.tenant_id):
        found = prompts.rebuilt(conversation, answer, desk="Linden")
    assert found is not None
    return found


def as_sent(prompt: Rebuilt) -> list[tuple[str, str]]:
    """The prompt's messages, from what the page shows of them."""
    return [
        (
            block.role,
            "\n".join(
                text
                for text in (
                    block.opening, *(part.text for part in block.parts), block.closing
                )
                if text
            ),
        )
        for block in prompt.blocks
    ]  # fmt: skip


def page(conversation: Conversation, user: User, **kwargs: Any) -> Any:
    url = reverse("chat:prompt", args=[conversation.id, reply_to(conversation).id])
    return signed_in(user, **kwargs).get(url)


def test_it_is_put_together_again_byte_for_byte(
    answered: Conversation, model: ScriptedOpenAI, ada: User
) -> None:
    prompt = rebuilt(answered)
    assert as_sent(prompt) == sent(model)
    assert prompt.exact
    assert (prompt.changed, prompt.gone) == (0, 0)
    kinds = json.dumps(sent(model))
    for kind in ("so_far", "city", "message", "Remark 20"):
        assert kind in kinds
    shown = unescape(page(answered, ada).text)
    assert "This is, byte for byte, what was sent." in shown
    for _, text in sent(model):
        assert all(line in shown for line in text.splitlines())
    # A secret was masked before it was sent, and is masked here.
    assert CARD not in shown


def test_no_copy_is_stored_and_nothing_that_a_guess_could_be_tried_on(
    answered: Conversation,
) -> None:
    stored = json.dumps(reply_to(answered).context)
    for text in ("Ghent", "Quillon", "Remark", CARD, "support assistant"):
        assert text not in stored
    assert len(stored) < 8_000
    assert rebuilt(answered).count("same") > 10
    # A seal is made with the server's key.
    with override_settings(SECRET_KEY="another"):
        assert not rebuilt(answered).comparable


def test_what_was_forgotten_since_is_gone_and_the_rest_is_there(
    answered: Conversation, model: ScriptedOpenAI, ada: User
) -> None:
    with tenant_scope(answered.tenant_id):
        fact = Fact.objects.get(key="city")
        facts.take_out([fact])
    prompt = rebuilt(answered)
    assert not prompt.exact
    assert prompt.gone == 1
    assert prompt.changed == 0
    shown = unescape(page(answered, ada).text)
    assert "This is not all that was sent." in shown
    assert "1 piece is erased or expired since." in shown
    assert "Lives in Ghent." not in shown
    assert "elena@example.org" in shown


def test_what_says_something_else_now_is_said_so(
    answered: Conversation, ada: User
) -> None:
    with tenant_scope(answered.tenant_id):
        Message.objects.filter(text="Remark 20").update(text="Remark [masked]")
    prompt = rebuilt(answered)
    assert (prompt.exact, prompt.changed, prompt.gone) == (False, 1, 0)
    assert "1 says something else now." in unescape(page(answered, ada).text)


def test_what_was_corrected_or_left_the_index_still_shows_what_was_sent(
    answered: Conversation, alice: User
) -> None:
    with customer_scope(answered.tenant_id, answered.customer_id):
        facts.correct(fact=Fact.objects.get(key="city"), value="Bruges", user=alice)
        assert Embedding.objects.all().delete()[0]
    assert rebuilt(answered).exact


def test_a_summary_that_was_cut_is_cut_at_the_same_sentence(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(21)))
    assert remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    with tenant_scope(elena.tenant_id):
        summary = Summary.objects.get()
        said = " ".join(f"She said {n} and then some words." for n in range(2_000))
        summary.text = said
        summary.save()
    model.stream("Fine.")
    answer_now(conversation)
    context = reply_to(conversation).context
    assert context is not None
    assert context["ledger"]["shortened"] == 1
    assert rebuilt(conversation).exact
    assert as_sent(rebuilt(conversation)) == sent(model)


def test_a_desk_that_only_forgets_has_exact_prompts_too(
    elena: Customer, model: ScriptedOpenAI
) -> None:
    wants(elena, window=MemorySettings.Window.FORGET, buffer_messages=4)
    conversation = make_conversation(elena, *(f"Remark {n}" for n in range(9)))
    model.stream("Fine.")
    answer_now(conversation)
    assert rebuilt(conversation).exact
    assert as_sent(rebuilt(conversation)) == sent(model)


def test_only_admins_see_it_when_they_proved_who_they_are_and_it_is_recorded(
    answered: Conversation, alice: User, carla: User, charlie: User, ada: User
) -> None:
    assert page(answered, alice).status_code == 403
    assert page(answered, carla).status_code == 403
    assert page(answered, charlie).status_code == 404
    assert page(answered, ada, minutes_ago=60).status_code == 302
    with tenant_scope(answered.tenant_id):
        reads = AuditEvent.objects.filter(detail__purpose="exact prompt")
        assert not reads.exists()
        assert page(answered, ada).status_code == 200
        event = reads.get()
    assert event.actor == ada.actor
    assert event.customer_ref == answered.customer_id
    assert event.detail["message"] == str(reply_to(answered).id)
    assert len(event.detail["facts"]) == 2
    assert "no-store" in page(answered, ada)["Cache-Control"]
    # The memory panel leads there, and an answer from before says that it is one.
    panel = reverse("chat:memory", args=[answered.id])
    assert f"/{reply_to(answered).id}/prompt/" in signed_in(ada).get(panel).text
    assert "/prompt/" not in signed_in(alice).get(panel).text
    answer = reply_to(answered)
    assert answer.context is not None
    del answer.context["prompt"]
    with tenant_scope(answered.tenant_id):
        answer.save()
    assert "Nothing was recorded of this prompt" in page(answered, ada).text
