"""What the assistant knew when it sent a message, and what has become of it since."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from chat import assistant, services
from chat.known_then import Item, KnownThen, known_then
from chat.models import Message
from memory import facts, forgetting
from memory.models import Fact
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_summary
from tests.memory.remembered import remember, say, tell

pytestmark = pytest.mark.usefixtures("live_db")


def answered(customer: Customer, question: str = "Where do I live?") -> Message:
    """The assistant's answer to a question, by a turn as it really runs."""
    conversation = make_conversation(customer, question)
    asyncio.run(
        assistant.answer(customer.tenant_id, customer.id, conversation.id),
    )
    with tenant_scope(customer.tenant_id):
        message: Message = Message.objects.get(
            conversation=conversation, author=Message.Author.ASSISTANT
        )
        assert message.context is not None
        return message


def known(message: Message) -> KnownThen:
    with tenant_scope(message.tenant_id):
        return known_then(message.conversation, message)


def fates(items: tuple[Item, ...]) -> dict[str, tuple[str, str]]:
    return {item.text: (item.since.fate, item.since.value) for item in items}


def in_scope(message: Message, act: Callable[..., Any], **options: Any) -> Any:
    with tenant_scope(message.tenant_id):
        return act(**options)


@pytest.fixture
def story(elena: Customer, ada: User) -> Message:
    """An answer that rests on four facts, and what happened to each of them after."""
    city = remember(elena, "city", "Ghent", "Lives in Ghent.")
    bike = remember(elena, "product", "blue bike", "Has a blue bike.")
    pet = remember(elena, "pet", "a hamster", "Has a hamster.")
    remember(elena, "language", "French", "Speaks French.")
    message = answered(elena)
    # She moves; staff corrects the bike; the hamster is erased; the rest holds.
    tell(elena, "city", "Berlin", text="Lives in Berlin.")
    with tenant_scope(elena.tenant_id):
        city.refresh_from_db()
        assert city.superseded_by is not None
        facts.correct(fact=bike, value="red bike", user=ada)
        forgetting.forget(fact=pet, actor=ada.actor)
    remember(elena, "delivery_time", "evenings", "Wants it in the evening.")
    return message


def test_what_was_in_the_prompt_says_what_has_become_of_it(story: Message) -> None:
    found = known(story)
    assert fates(found.prompt) == {
        "Lives in Ghent.": ("changed", "Berlin"),
        "Has a blue bike.": ("corrected", "red bike"),
        "Speaks French.": ("holds", ""),
        # Not a word of what was erased, only that it was.
        "": ("erased", ""),
    }
    assert all(item.since.at for item in found.prompt if item.since.fate != "holds")
    assert found.beside == ()
    assert not found.gone


def test_what_was_learned_after_the_answer_stands_apart(story: Message) -> None:
    assert {item.text for item in known(story).later} == {
        "Lives in Berlin.",
        "Has a red bike.",
        "Wants it in the evening.",
    }


def test_the_page_shows_the_story_and_no_word_of_what_was_erased(
    story: Message, alice: User
) -> None:
    url = reverse("chat:known_then", args=[story.conversation_id, story.id])
    html = signed_in(alice).get(url).content.decode()
    for said in ("Changed to “Berlin”", "Corrected by staff to “red bike”", "Erased"):
        assert said in html
    assert "hamster" not in html
    with tenant_scope(story.tenant_id):
        read = AuditEvent.objects.filter(action="memory.read").latest("seq")
    assert read.actor == alice.actor
    assert read.detail == {
        "purpose": "support",
        "conversation": str(story.conversation_id),
        "message": str(story.id),
        "used": 4,
        "known_then": 0,
        "known_since": 3,
    }


def without_memory(message: Message) -> None:
    """Let an answer have been written with nothing of memory in its prompt."""
    with tenant_scope(message.tenant_id):
        assert message.context is not None
        message.context |= {"facts": [], "recalled": []}
        message.save()


def test_what_was_known_and_not_in_the_prompt_is_told_with_its_fate(
    story: Message, elena: Customer
) -> None:
    without_memory(story)
    found = known(story)
    assert found.prompt == ()
    assert fates(found.beside) == {
        "Lives in Ghent.": ("changed", "Berlin"),
        "Has a blue bike.": ("corrected", "red bike"),
        "Speaks French.": ("holds", ""),
    }
    # Of the hamster a number is left.
    assert (found.gone.erased, found.gone.retracted) == (1, 0)


def test_a_move_that_is_dated_back_was_still_not_known_then(elena: Customer) -> None:
    month_ago = timezone.now() - timedelta(days=30)
    year_ago = timezone.now() - timedelta(days=365)
    tell(elena, "city", "Ghent", text="Lives in Ghent.", said_at=year_ago)
    message = answered(elena)
    without_memory(message)
    tell(
        elena, "city", "Berlin", text="Lives in Berlin.",
        said_at=timezone.now(), valid_from=month_ago, revises="change",
    )  # fmt: skip
    with tenant_scope(elena.tenant_id):
        old = Fact.objects.get(value="Ghent")
        # True until a month ago, and believed until she said so.
        assert old.valid_to == month_ago
        assert old.closed_at is not None
        assert old.closed_at > message.sent_at
    assert fates(known(message).beside) == {"Lives in Ghent.": ("changed", "Berlin")}


def test_what_had_ended_before_the_answer_is_not_known_then(elena: Customer) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    remember(elena, "city", "Berlin", "Lives in Berlin.")
    message = answered(elena)
    without_memory(message)
    assert fates(known(message).beside) == {"Lives in Berlin.": ("holds", "")}


def test_an_end_of_before_ends_were_recorded_counts_from_its_own_time(
    elena: Customer,
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    remember(elena, "city", "Berlin", "Lives in Berlin.")
    message = answered(elena)
    without_memory(message)
    with tenant_scope(elena.tenant_id):
        Fact.objects.update(closed_at=None)
    assert set(fates(known(message).beside)) == {"Lives in Berlin."}


def test_a_fact_that_was_taken_back_is_told_as_wrong(
    elena: Customer, alice: User
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    message = answered(elena)
    in_scope(message, facts.retract, fact=fact, user=alice)
    assert fates(known(message).prompt) == {"": ("retracted", "")}
    without_memory(message)
    assert known(message).gone.retracted == 1


def test_what_falls_away_is_known_again_and_its_end_forgotten(
    elena: Customer, alice: User
) -> None:
    old = tell(elena, "city", "Ghent").fact
    new = tell(elena, "city", "Berlin").fact
    assert old is not None
    assert new is not None
    with tenant_scope(elena.tenant_id):
        old.refresh_from_db()
        assert old.closed_at is not None
        facts.retract(fact=new, user=alice)
        again = Fact.objects.get(pk=old.pk)
        assert (again.valid_to, again.closed_at) == (None, None)


def test_what_came_and_went_after_the_answer_was_not_known_then(
    elena: Customer, alice: User
) -> None:
    message = answered(elena)
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    in_scope(message, facts.retract, fact=fact, user=alice)
    found = known(message)
    assert not found.gone
    assert found.beside == found.later == ()


def test_episodes_and_messages_are_told_apart_by_when_they_came(
    elena: Customer,
) -> None:
    early = make_summary(elena, "Her lamp was broken.")
    message = answered(elena, "Thanks a lot!")
    without_memory(message)
    make_summary(elena, "Her lamp was mended.")
    found = known(message)
    assert [item.text for item in found.beside] == ["Her lamp was broken."]
    assert [item.text for item in found.later] == ["Her lamp was mended."]
    with tenant_scope(elena.tenant_id):
        assert message.context is not None
        message.context["recalled"] = [
            {"kind": "summary", "source": str(early.id), "score": 0.1, "reason": "x"},
            {"kind": "message", "source": str(uuid4()), "score": 0.1, "reason": "x"},
        ]
        message.save()
    found = known(message)
    assert [item.text for item in found.prompt] == ["Her lamp was broken."]
    assert found.gone_messages == 1
    assert found.beside == ()


def test_a_memory_points_at_its_message_in_another_conversation(
    elena: Customer, alice: User
) -> None:
    earlier = make_conversation(elena, "I live in Ghent.")
    with tenant_scope(elena.tenant_id):
        said = Message.objects.get(conversation=earlier)
        services.close(conversation_id=earlier.id, user=alice)
    remember(
        elena, "city", "Ghent", "Lives in Ghent.",
        message_id=said.id, conversation_id=earlier.id,
    )  # fmt: skip
    message = answered(elena)
    url = reverse("chat:known_then", args=[message.conversation_id, message.id])
    html = signed_in(alice).get(url).content.decode()
    there = reverse("chat:conversation", args=[earlier.id])
    assert f'href="{there}?view=all#message-{said.id}"' in html
    panel = reverse("chat:memory", args=[message.conversation_id])
    html = signed_in(alice).get(panel).content.decode()
    assert f'href="{there}?view=all#message-{said.id}"' in html
    assert "In another conversation" in html


# --- Who sees it ----------------------------------------------------------------------


def test_only_an_answer_with_its_receipt_has_such_a_page(
    elena: Customer, alice: User
) -> None:
    message = answered(elena)
    client = signed_in(alice)
    with tenant_scope(elena.tenant_id):
        question = Message.objects.get(
            conversation=message.conversation, author=Message.Author.CUSTOMER
        )
    other = make_conversation(elena, "Hello")
    for conversation_id, message_id in (
        (message.conversation_id, question.id),
        (message.conversation_id, uuid4()),
        (other.id, message.id),
    ):
        url = reverse("chat:known_then", args=[conversation_id, message_id])
        assert client.get(url).status_code == 404


def test_who_does_not_see_her_memory_now_does_not_see_it_then(
    elena: Customer, alice: User, bob: User, carla: User, charlie: User
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    message = answered(elena)
    url = reverse("chat:known_then", args=[message.conversation_id, message.id])
    assert signed_in(bob).get(url).status_code == 200
    assert signed_in(carla).get(url).status_code == 403
    assert signed_in(charlie).get(url).status_code == 404
    with tenant_scope(elena.tenant_id):
        services.take_over(conversation_id=message.conversation_id, user=alice)
        services.close(conversation_id=message.conversation_id, user=alice)
    # Closed, and answered by somebody else.
    assert signed_in(bob).get(url).status_code == 404
    assert signed_in(alice).get(url).status_code == 200


def test_nothing_of_another_customer_is_on_it(elena: Customer) -> None:
    with tenant_scope(elena.tenant_id):
        tom = make_customer(elena.tenant, "Tom")
    theirs = remember(tom, "city", "Oslo", "Lives in Oslo.")
    said = say(tom, "I live in Oslo.")[0]
    message = answered(elena)
    with tenant_scope(elena.tenant_id):
        assert message.context is not None
        message.context["facts"] = [str(theirs.id)]
        message.context["recalled"] = [
            {"kind": "message", "source": str(said.id), "score": 1, "reason": "x"}
        ]
        message.save()
    found = known(message)
    assert fates(found.prompt) == {"": ("gone", "")}
    assert found.beside == found.later == ()


def test_the_thread_leads_to_it(elena: Customer, alice: User) -> None:
    message = answered(elena)
    page = reverse("chat:conversation", args=[message.conversation_id])
    html = signed_in(alice).get(page).content.decode()
    url = reverse("chat:known_then", args=[message.conversation_id, message.id])
    assert html.count(f'href="{url}"') == 2  # under the message, and in the panel


def test_without_any_memory_the_page_says_so(elena: Customer, alice: User) -> None:
    message = answered(elena)
    url = reverse("chat:known_then", args=[message.conversation_id, message.id])
    html = signed_in(alice).get(url).content.decode()
    assert "Nothing out of memory" in html
    assert "Nothing new has been learned since." in html
