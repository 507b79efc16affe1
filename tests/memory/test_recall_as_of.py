"""As of a moment: what had been said and was true by then, case by case.

The cases are those of docs/recall.md, section "As of", in their order.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from memory import embeddings, facts, forgetting, recall, summaries
from memory.models import Embedding, Fact, Summary
from memory.types import SummaryDraft, Turn
from tests.memory.remembered import index, remember, say, tell

pytestmark = pytest.mark.usefixtures("rows")

JAN, FEB, MAR, APR, MAY, JUN = (datetime(2026, m, 1, tzinfo=UTC) for m in range(1, 7))
GHENT, BERLIN = "Lives in the city of Ghent.", "Lives in the city of Berlin."


def then(customer: Customer, moment: datetime | None = None, **how: Any) -> set[str]:
    """The texts that are recalled as of a moment, or now."""
    query = recall.prepare("Which city, lives, lamp?", tenant_id=customer.tenant_id)
    with customer_scope(customer.tenant_id, customer.id):
        found = recall.recall(query, customer_id=customer.id, as_of=moment, **how)
        return {memory.text for memory in found}


def moved(customer: Customer, **changes: Any) -> tuple[Fact, Fact]:
    """She lived in Ghent, and in Berlin after it."""
    old = remember(customer, "city", "Ghent", GHENT, said_at=JAN)
    new = remember(customer, "city", "Berlin", BERLIN, said_at=JUN, **changes)
    with tenant_scope(customer.tenant_id):
        old.refresh_from_db()
        new.refresh_from_db()
    return old, new


def test_a_fact_is_found_from_when_it_is_true_to_when_it_ends(elena: Customer) -> None:
    moved(elena)
    assert then(elena, JAN - timedelta(seconds=1)) == set()
    assert then(elena, JAN) == {GHENT}
    assert then(elena, JUN - timedelta(seconds=1)) == {GHENT}
    # At the very moment of the change only the new one.
    assert then(elena, JUN) == {BERLIN}
    assert then(elena) == {BERLIN}


def test_what_she_dated_back_is_not_found_before_she_said_it(elena: Customer) -> None:
    old, new = moved(elena, valid_from=MAR, revises="change")
    assert (old.valid_to, new.valid_from) == (MAR, MAR)
    assert then(elena, FEB) == {GHENT}
    # True since March, said in June: in between the one was over, the other unsaid.
    assert then(elena, APR) == set()
    assert then(elena, JUN) == {BERLIN}


def test_what_she_says_again_is_found_since_the_first_time(elena: Customer) -> None:
    remember(elena, "city", "Ghent", GHENT, said_at=JAN)
    tell(elena, "city", "Ghent", said_at=MAY)
    assert then(elena, FEB) == {GHENT}


def test_the_end_of_something_is_no_word_that_it_was_so(elena: Customer) -> None:
    tell(elena, "product", "lamp", text="Has a lamp.", said_at=MAY, polarity="end")
    remember(elena, "product", "lamp", "Has a lamp.", said_at=JUN, revises="change")
    assert then(elena, MAY + timedelta(days=1)) == set()


def test_what_was_put_right_at_once_never_held(elena: Customer) -> None:
    here = uuid4()
    wrong = tell(
        elena, "city", "Ghent", text=GHENT, said_at=JAN, conversation_id=here
    ).fact
    remember(
        elena, "city", "Berlin", BERLIN,
        said_at=JAN + timedelta(minutes=1), conversation_id=here, revises="mistake",
    )  # fmt: skip
    assert wrong is not None
    index(elena, [wrong])
    assert then(elena, JAN + timedelta(seconds=30)) == set()
    assert then(elena, FEB) == {BERLIN}


def test_what_staff_corrected_holds_since_they_did(elena: Customer, ada: User) -> None:
    fact = remember(elena, "city", "Ghent", GHENT, said_at=JAN)
    with tenant_scope(elena.tenant_id):
        new = facts.correct(fact=fact, value="Berlin", user=ada)
    index(elena, [new])
    assert then(elena, MAY) == {GHENT}
    assert then(elena) == {BERLIN}
    assert then(elena, timezone.now()) == {BERLIN}


def test_what_was_taken_back_is_found_at_no_time(elena: Customer, ada: User) -> None:
    _, new = moved(elena)
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=new, user=ada)
    for moment in (JUN, timezone.now()):
        assert then(elena, moment) == {GHENT}


def test_what_was_erased_is_found_at_no_time(elena: Customer, ada: User) -> None:
    old, _ = moved(elena)
    say(elena, "My city is Ghent.", at=JAN)
    with tenant_scope(elena.tenant_id):
        forgetting.forget(fact=old, actor=ada.actor)
    assert then(elena, MAY) == set()


def test_what_has_expired_is_found_at_no_time(elena: Customer) -> None:
    say(elena, "My lamp is broken.", at=JAN)
    assert then(elena, FEB) == {"My lamp is broken."}
    with customer_scope(elena.tenant_id, elena.id):
        Embedding.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert then(elena, FEB) == set()


def test_a_message_is_found_from_when_it_was_sent(elena: Customer) -> None:
    say(elena, "My lamp is broken.", at=MAR)
    assert then(elena, MAR - timedelta(seconds=1)) == set()
    assert then(elena, MAR) == {"My lamp is broken."}


def episode(customer: Customer, text: str, *moments: datetime, at: Any) -> Summary:
    """The summary of a conversation whose messages were sent at these moments."""
    said = [Turn(uuid4(), "customer", "My lamp.", moment) for moment in moments]
    with tenant_scope(customer.tenant_id):
        row = summaries.store(
            customer_id=customer.id,
            conversation_id=at,
            kind=Summary.Kind.EPISODE,
            draft=SummaryDraft(text, (), (), "neutral", ()),
            turns=said,
            from_seq=1,
            to_seq=len(said),
            made_by="embedded",
        )
        entry = summaries.entry(row)
    vectors = embeddings.embed([entry])
    with tenant_scope(customer.tenant_id):
        embeddings.index(customer.id, [entry], vectors)
    return row


def test_an_episode_is_found_when_all_that_it_covers_was_said(elena: Customer) -> None:
    episode(elena, "Her lamp broke.", JAN, FEB, at=uuid4())
    assert then(elena, FEB - timedelta(seconds=1)) == set()
    assert then(elena, FEB) == {"Her lamp broke."}


def test_an_episode_that_went_on_covers_later_words_and_is_not_found(
    elena: Customer,
) -> None:
    here = uuid4()
    episode(elena, "Her lamp broke.", JAN, at=here)
    episode(elena, "Her lamp broke, and was mended.", JAN, MAY, at=here)
    # The version that covered less has left the index; the messages are still in it.
    assert then(elena, FEB) == set()
    assert then(elena, MAY) == {"Her lamp broke, and was mended."}


def test_for_another_purpose_nothing_is_found_at_any_time(elena: Customer) -> None:
    moved(elena)
    assert then(elena, FEB, purposes=["marketing"]) == set()


def test_a_moment_to_come_finds_what_holds_now(elena: Customer) -> None:
    moved(elena)
    assert then(elena, timezone.now() + timedelta(days=365)) == {BERLIN}
