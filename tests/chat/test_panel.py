"""What the memory panel says about an answer."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, Tenant, User
from accounts.scope import tenant_scope
from chat import services
from chat.models import Conversation, Message
from chat.panel import Panel, panel
from chat.receipts import Used, recalled_json
from memory import facts
from memory.models import Fact, Summary
from memory.recall import Reasons, Recalled
from memory.types import FactCandidate
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_summary

ADDRESS = "18 Linden Row, Ghent"


def remember(conversation: Conversation, *, span: str = ADDRESS) -> Fact:
    """The customer's address, said in the conversation's first message."""
    said = Message.objects.filter(conversation=conversation).earliest("seq")
    candidate = FactCandidate(
        kind="fact",
        key="street_address",
        value=ADDRESS,
        text=f"Lives at {ADDRESS}.",
        message_id=said.id,
        span=span,
        confidence=0.9,
        importance=0.8,
        single=True,
        polarity="assert",
        event_at=None,
    )
    found = facts.remember(
        customer_id=conversation.customer_id,
        candidate=candidate,
        conversation_id=conversation.id,
        said_at=timezone.now(),
    ).fact
    assert found is not None
    return found


def answer(
    conversation: Conversation, left_out: dict[str, int] | None = None, **context: Any
) -> Message:
    """An answer of the assistant with this context."""
    ledger = {
        "budget": 1000,
        "instructions": 100,
        "facts": 50,
        "summary": 0,
        "recalled": 30,
        "buffer": 20,
        "left_out": left_out or {},
        "total": 200,
    }
    locked = services.lock(conversation.id)
    message = services.append_message(
        locked, author=Message.Author.ASSISTANT, author_name="Assistant", text="Yes."
    )
    services.save(locked)
    message.context = {"ledger": ledger, "facts": [], "recalled": [], "tools": []}
    message.context |= context
    message.save()
    return message


@pytest.fixture
def home(elena: Customer) -> Conversation:
    return make_conversation(elena, f"I live at {ADDRESS}.")


def shown(conversation: Conversation, message: Message | None = None) -> Panel:
    return panel(conversation, message.id if message else None)


def test_before_the_first_answer_there_is_no_receipt(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        assert shown(home).receipt is None


def test_the_budget_bar_adds_up(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        answer(home)
        receipt = shown(home).receipt
    assert receipt is not None
    budget = receipt.budget
    assert sum(part.tokens for part in budget.parts) == budget.total == 200
    assert budget.parts[-1].end == pytest.approx(0.2)
    assert budget.left_out == "nothing left out"
    assert "200 of 1,000 tokens" in budget.label


def test_what_was_left_out_is_said(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        answer(home, left_out={"facts": 2, "recalled": 3})
        receipt = shown(home).receipt
    assert receipt is not None
    assert receipt.budget.left_out == "5 left out"


def test_every_memory_says_why_and_points_at_its_message(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        fact = remember(home)
        said = Message.objects.filter(conversation=home).earliest("seq")
        recalled = {"kind": "message", "source": str(said.id)}
        answer(
            home,
            facts=[str(fact.id)],
            recalled=[recalled | {"score": 0.0312, "reason": "Same words"}],
            tools=[{"name": "order_status", "cached": True}],
        )
        receipt = shown(home).receipt
    assert receipt is not None
    tool, message, known = receipt.used
    assert (tool.tier, tool.text) == ("working", "order_status")
    assert (message.tier, message.why, message.score) == (
        "vector",
        "Same words",
        "0.031",
    )
    assert [quoted.message_id for quoted in message.evidence] == [said.id]
    assert message.parts == ()
    assert known.text == f"Lives at {ADDRESS}."
    assert [quoted.message_id for quoted in known.evidence] == [said.id]
    assert receipt.fact_ids == {fact.id}


def used(conversation: Conversation, **found: Any) -> Used:
    """What an answer says that recalled one thing."""
    with tenant_scope(conversation.tenant_id):
        answer(conversation, recalled=[{"score": 0.7, **found}])
        receipt = shown(conversation).receipt
    assert receipt is not None
    (one,) = receipt.used
    return one


def test_numbers_alone_are_stored_and_the_words_are_found_again(
    home: Conversation,
) -> None:
    with tenant_scope(home.tenant_id):
        fact = remember(home)
        answer(home)
        services.receive(
            conversation_id=home.id, text="Is it Linden Road?", client_id=uuid4()
        )
    reasons = Reasons(0.71, 1, 2, 1.0, terms=("linden",), parts={"meaning": 0.5})
    memory = Recalled(
        id=uuid4(), kind="fact", source_id=fact.id, conversation_id=home.id,
        message_ids=(), text=fact.text, occurred_at=timezone.now(), score=0.71234567,
        reasons=reasons,
    )  # fmt: skip
    (stored,) = recalled_json([memory])
    assert "inden" not in json.dumps(stored)
    assert stored["score"] == 0.7123
    one = used(home, **stored)
    assert one.why == "Same words: Linden · similar meaning"
    assert one.whose == "Customer said"
    with tenant_scope(home.tenant_id):
        assert one.said_at == fact.evidence.get().said_at


def test_a_score_is_taken_apart_with_bars_as_long_as_their_parts(
    home: Conversation, alice: User
) -> None:
    with tenant_scope(home.tenant_id):
        fact = remember(home)
    parts = {"meaning": 0.8, "outdated": 0.4, "of_the_moon": 0.2}
    reasons = Reasons(0.71, 3, None, 1.0, parts=parts).as_json()
    one = used(home, kind="fact", source=str(fact.id), reasons=reasons)
    assert [
        (part.label, part.value, part.share, part.against) for part in one.parts
    ] == [
        ("By meaning", "place 3", None, False),
        ("By words", "not found", None, False),
        ("Meaning", "0.80", 1.0, False),
        ("Outdated", "\u00d7 0.40", 0.5, True),
        ("Of the moon", "0.20", 0.25, False),
    ]
    html = signed_in(alice).get(reverse("chat:memory", args=[home.id])).content.decode()
    assert '<rect class="warn" width="50.00%" height="100%">' in html
    assert "<dt>Of the moon</dt>" in html


def test_a_summary_leads_to_the_first_of_its_messages_and_is_nobodys_word(
    home: Conversation, elena: Customer
) -> None:
    earlier = make_conversation(elena, "My lamp is broken.", "And my desk.")
    with tenant_scope(home.tenant_id):
        rows = Message.objects.filter(conversation=earlier).order_by("seq")
        ids = list(rows.values_list("pk", flat=True))
        episode = make_summary(elena, "Her lamp was broken.")
        Summary.objects.filter(pk=episode.pk).update(message_ids=ids)
    one = used(
        home, kind="summary", source=str(episode.id),
        reasons=Reasons(0.5, 1, None, 1.0).as_json(),
    )  # fmt: skip
    assert one.whose == ""
    (quoted,) = one.evidence
    assert (quoted.message_id, quoted.conversation_id) == (ids[0], earlier.id)
    assert (quoted.first_of, quoted.here) == (2, False)


def test_evidence_that_is_gone_is_no_link(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        fact = remember(home)
        fact.evidence.update(message_id=uuid4())
    one = used(
        home, kind="fact", source=str(fact.id),
        reasons=Reasons(0.5, 1, None, 1.0).as_json(),
    )  # fmt: skip
    assert one.evidence == ()


def test_an_internal_note_is_never_evidence(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        locked = services.lock(home.id)
        note = services.append_message(
            locked, author="agent", author_name="Alice", text="Hm", is_note=True
        )
        services.save(locked)
        answer(home, recalled=[
            {"kind": "message", "source": str(note.id), "score": 1.0, "reason": "x"}
        ])  # fmt: skip
        receipt = shown(home).receipt
    assert receipt is not None
    assert receipt.used == ()


def test_what_was_erased_since_is_not_shown(home: Conversation) -> None:
    gone = {"kind": "fact", "source": str(uuid4()), "score": 0.03, "reason": "x"}
    with tenant_scope(home.tenant_id):
        answer(home, facts=[str(uuid4())], recalled=[gone])
        receipt = shown(home).receipt
    assert receipt is not None
    assert receipt.used == ()


def test_an_older_answer_can_be_explained(home: Conversation) -> None:
    with tenant_scope(home.tenant_id):
        first, second = answer(home), answer(home)
        older, newest = shown(home, first).receipt, shown(home).receipt
    assert older is not None
    assert newest is not None
    assert (older.answered_at, older.is_newest) == (first.sent_at, False)
    assert (newest.answered_at, newest.is_newest) == (second.sent_at, True)


def test_a_superseded_fact_is_history(home: Conversation, ada: User) -> None:
    with tenant_scope(home.tenant_id):
        new = facts.correct(fact=remember(home), value="4 Quay Street", user=ada)
        both = shown(home)
    assert [fact.id for fact in both.facts] == [new.id]
    assert [fact.value for fact in both.history] == [ADDRESS]


def test_the_page_marks_evidence_and_links_to_it(
    home: Conversation, alice: User
) -> None:
    with tenant_scope(home.tenant_id):
        remember(home)
        said = Message.objects.filter(conversation=home).earliest("seq")
    url = reverse("chat:conversation", args=[home.id])
    html = signed_in(alice).get(url).content.decode()
    assert f"<mark>{ADDRESS}</mark>" in html
    assert f'data-evidence="{said.id}"' in html
    assert "No language model is connected." in html


def test_another_customers_memory_never_shows(home: Conversation, desk: Tenant) -> None:
    other = make_conversation(make_customer(desk, "Tom"), "Hello")
    with tenant_scope(home.tenant_id):
        fact = remember(home)
        answer(other, facts=[str(fact.id)])
        theirs = shown(other)
    assert theirs.facts == []
    assert theirs.receipt is not None
    assert theirs.receipt.used == ()


def test_the_panel_says_where_her_clock_is(alice: User, elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello")
    url = reverse("chat:conversation", args=[conversation.pk])
    assert "Asia/Kolkata" not in signed_in(alice).get(url).content.decode()
    with tenant_scope(elena.tenant_id):
        Customer.objects.filter(pk=elena.pk).update(time_zone="Asia/Kolkata")
    assert "Asia/Kolkata" in signed_in(alice).get(url).content.decode()
