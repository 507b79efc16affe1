"""Page "Tokens": where they go, day by day, and what to change."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import tasks
from chat.models import Conversation, Message, TokenDay
from chat.tokens import counting
from chat.tokens.advice import advice
from chat.tokens.counting import Numbers, together
from chat.tokens.history import whole_history_tokens
from chat.tokens.report import Report, report
from memory import context
from memory.models import MemorySettings
from memory.types import Turn
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer

pytestmark = pytest.mark.usefixtures("rows")

_SEQS = itertools.count(1_000)
URL = "/settings/tokens/"
TIERS = {"instructions": 200, "facts": 50, "summary": 0, "recalled": 300, "buffer": 450}


def answers(
    conversation: Conversation, *ledgers: dict[str, Any], at: datetime | None = None
) -> None:
    """Answers of the assistant with these ledgers, as they are stored."""
    rows = []
    for ledger in ledgers:
        whole: dict[str, Any] = {
            "budget": 16_000,
            "left_out": {},
            "shortened": 0,
            "over": 0,
        }
        whole |= TIERS | ledger
        whole["total"] = sum(whole[tier] for tier in TIERS)
        spent = {"prompt_tokens": 1_100, "completion_tokens": 20, "cost_usd": 0.001}
        rows.append(
            Message(
                tenant_id=conversation.tenant_id,
                customer_id=conversation.customer_id,
                conversation=conversation,
                seq=next(_SEQS),
                author="assistant",
                text="Yes.",
                sent_at=at or timezone.now(),
                context={"ledger": whole, "facts": [], "recalled": [], **spent},
            )
        )
    with tenant_scope(conversation.tenant_id):
        Message.objects.bulk_create(rows)


@pytest.fixture
def talk(elena: Customer) -> Conversation:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        Conversation.objects.filter(pk=conversation.pk).update(answered_seq=1)
    return conversation


def found(customer: Customer) -> Numbers:
    with tenant_scope(customer.tenant_id):
        return together(counting.numbers(now=timezone.now()).values())


def report_of(customer: Customer, **how: Any) -> Report:
    with tenant_scope(customer.tenant_id):
        tenant = Tenant.objects.get(pk=customer.tenant_id)
        return report(tenant, MemorySettings(**how))


def titles(customer: Customer, **how: Any) -> list[str]:
    return [one.title for one in report_of(customer, **how).advice]


# --- Counting -------------------------------------------------------------------------


def test_the_numbers_are_what_the_ledgers_say(
    elena: Customer, talk: Conversation
) -> None:
    answers(
        talk,
        {"buffer": 1_000, "history": 20_000},
        {"buffer": 3_000, "left_out": {"buffer": 2}},
        {"left_out": {"recalled": 4, "facts": 1}, "facts": 0},
    )
    numbers = found(elena)
    assert numbers.sums["answers"] == 3
    assert numbers.sums["buffer"] == 4_450
    assert numbers.sums["total"] == 4_450 + 2 * 50 + 3 * 500
    assert (numbers.mean("overflow"), numbers.mean("left_out")) == (1 / 3, 1 / 3)
    assert numbers.sums["prompt_tokens"] == 3_300
    assert numbers.sums["cost_usd"] == pytest.approx(0.003)
    shown = report_of(elena)
    # Compared where both are known.
    assert shown.of_history == pytest.approx(1_550 / 20_000)
    assert shown.a_customer_usd == pytest.approx(0.003)
    assert shown.used == pytest.approx(numbers.sums["total"] / 48_000)
    assert sum(tier.share for tier in shown.tiers) == pytest.approx(1)


def test_medians_are_right_to_within_a_twentieth(
    elena: Customer, talk: Conversation
) -> None:
    dice = random.Random(7)
    sizes = sorted(int(dice.lognormvariate(6, 1.2)) for _ in range(400))
    answers(talk, *({"buffer": size} for size in sizes))
    numbers = found(elena)
    assert numbers.percentile("buffer", 0.5) == pytest.approx(sizes[199], rel=0.05)
    assert numbers.percentile("buffer", 0.95) == pytest.approx(sizes[379], rel=0.05)
    assert numbers.percentile("summary", 0.95) == 0
    assert Numbers().percentile("buffer", 0.5) == 0


def test_rolling_up_changes_no_number_and_counts_nothing_twice(
    elena: Customer, talk: Conversation
) -> None:
    now = timezone.now()
    for days in (0, 1, 1, 5, 29):
        at = now - timedelta(days=days, minutes=5)
        answers(talk, {"buffer": 100 * days}, {"left_out": {"buffer": 1}}, at=at)
    before = found(elena)
    tasks.count_tokens()
    with tenant_scope(elena.tenant_id):
        assert TokenDay.objects.count() >= 4
        # Every number comes from the rows by now.
        assert counting.roll_up(now=timezone.now()) == 0
    assert found(elena) == before
    answers(talk, {"buffer": 900}, at=now - timedelta(seconds=1))
    after = found(elena)
    assert after.sums["answers"] == before.sums["answers"] + 1
    with tenant_scope(elena.tenant_id):
        # What may not be committed yet waits for the next time.
        assert counting.roll_up(now=now) == 0
        assert counting.roll_up(now=now + timedelta(minutes=10)) == 1
        assert counting.roll_up(now=now + timedelta(minutes=10)) == 0
    assert found(elena) == after


def test_older_answers_and_other_desks_do_not_count(
    elena: Customer, viktor: Customer, talk: Conversation
) -> None:
    answers(talk, {}, at=timezone.now() - timedelta(days=31))
    answers(make_conversation(viktor, "Hi"), {}, {})
    assert found(elena).sums.get("answers", 0) == 0
    tasks.count_tokens()
    assert found(elena).sums.get("answers", 0) == 0
    assert found(viktor).sums["answers"] == 2


def test_the_whole_history_is_estimated_by_the_messages_at_hand(
    elena: Customer,
) -> None:
    texts = [f"Where is my order number {n}, please?" for n in range(60)]
    conversations = [make_conversation(elena, *texts[:40])]
    conversations.append(make_conversation(elena, *texts[40:]))
    every = [Turn(uuid4(), "customer", text, timezone.now()) for text in texts]
    parts: dict[str, Any] = {"desk": "Linden", "marked_for": uuid4()}
    packed = context.pack(budget_tokens=4_000, buffer=every[-10:], **parts)
    whole = context.pack(budget_tokens=100_000, buffer=every, **parts)
    with tenant_scope(elena.tenant_id):
        estimate = whole_history_tokens(elena.id, packed)
    assert estimate == pytest.approx(whole.ledger.total, rel=0.03)


# --- Advice ---------------------------------------------------------------------------


def test_limits_outside_of_a_third_to_a_half_of_the_budget_are_advised_on(
    elena: Customer, talk: Conversation
) -> None:
    answers(talk, *({"buffer": 5_200} for _ in range(10)))
    # The defaults are a quarter of the paid plan's budget.
    assert titles(elena) == [
        "The messages that are sent word for word: try 6,500 tokens",
        "The trigger of a summary: try 6,500 tokens",
    ]
    fitting = {"buffer_tokens": 6_000, "trigger_tokens": 6_000}
    assert titles(elena, **fitting) == ["Nothing to change"]
    assert titles(elena, buffer_tokens=12_000, trigger_tokens=6_000) == [
        "The messages that are sent word for word: try 6,500 tokens"
    ]


def test_what_is_often_left_out_is_advised_on(
    elena: Customer, talk: Conversation
) -> None:
    fitting: dict[str, Any] = {"buffer_tokens": 6_000, "trigger_tokens": 6_000}
    answers(talk, *({} for _ in range(20)), {"left_out": {"buffer": 1}})
    assert titles(elena, **fitting) == ["Nothing to change"]
    answers(talk, {"left_out": {"buffer": 1}}, {"left_out": {"facts": 9}})
    assert titles(elena, **fitting) == ["Let more messages in"]
    answers(talk, {"left_out": {"recalled": 1}})
    assert titles(elena, **fitting) == ["Let more messages in", "Let fewer messages in"]
    forgetting = report_of(elena, window="forget", **fitting).advice[0].text
    assert "no summary takes their place" in forgetting


def test_the_free_plan_is_told_what_it_sends(elena: Customer) -> None:
    with identity_scope():
        Tenant.objects.filter(pk=elena.tenant_id).update(plan=Tenant.Plan.FREE)
        tenant = Tenant.objects.get(pk=elena.tenant_id)
    given = advice(tenant, MemorySettings(), Numbers())
    assert [one.title for one in given] == ["This plan sends messages only"]


# --- The page -------------------------------------------------------------------------


def test_the_page_shows_where_they_go_and_leads_to_the_prompts(
    elena: Customer, ada: User, talk: Conversation
) -> None:
    answers(talk, {"history": 10_000, "left_out": {"recalled": 3}})
    page = unescape(signed_in(ada).get(URL).text)
    with tenant_scope(elena.tenant_id):
        answer = Message.objects.get(author="assistant")
    assert f"/inbox/{talk.id}/messages/{answer.id}/prompt/" in page
    assert "that would be 10,000 tokens" in page
    assert "10 %" in page
    assert "$0.0010" in page
    assert "3 recalled" in page
    today = datetime.now(UTC)
    assert f"{today.day} {today:%b}: 1,000 tokens, 1 answers" in page
    assert "/settings/memory/" in page


def test_a_desk_without_answers_has_a_page_too(ada: User) -> None:
    page = signed_in(ada).get(URL).text
    assert "No answers yet" in page
    assert "no model with a price has answered" in page


def test_only_who_manages_the_desk_sees_it_and_only_her_own(
    alice: User, carla: User, charlie: User, talk: Conversation
) -> None:
    answers(talk, {})
    assert signed_in(alice).get(URL).status_code == 403
    assert signed_in(carla).get(URL).status_code == 403
    page = signed_in(charlie).get(URL).text
    assert "No answers yet" in page
    assert "Elena" not in page


def test_it_takes_the_same_queries_for_few_and_for_many(
    elena: Customer, ada: User, talk: Conversation, django_assert_max_num_queries: Any
) -> None:
    for name in ("Otto", "Ida", "Max"):
        answers(make_conversation(make_customer(elena.tenant, name), "Hi"), {}, {})
    client = signed_in(ada)
    client.get(URL)
    with django_assert_max_num_queries(25):
        client.get(URL)
