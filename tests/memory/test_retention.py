"""How long each kind of memory is kept: what a preview announces is what goes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from memory import lifecycle, requests, retention
from memory.models import (
    Consolidation,
    Embedding,
    Evidence,
    Fact,
    PrivacyRequest,
    RetentionRule,
    ReviewItem,
    Summary,
)
from memory.retention import KINDS, Rule
from tests.memory.four_tiers import (
    make_consolidation,
    make_fact,
    make_review_item,
    make_summary,
)
from tests.memory.remembered import remember, say

pytestmark = pytest.mark.usefixtures("rows")

WHY = "The policy of the shop"


def older(rows: Any, days: int) -> None:
    """Let rows be from so many days before."""
    by = timedelta(days=days)
    if rows.model is Fact:
        # Being said again counts as well.
        Evidence.objects.filter(fact__in=rows).update(said_at=F("said_at") - by)
    at = {
        Fact: "recorded_at",
        Summary: "created_at",
        ReviewItem: "decided_at",
        Consolidation: "finished_at",
        Embedding: "expires_at",
    }[rows.model]
    rows.update(**{at: F(at) - by})


def everything_of(customer: Customer) -> None:
    """A row of every kind."""
    for number, kind in enumerate(Fact.Kind.values):
        remember(customer, f"thing{number}", "x", f"Thing {number}.", kind=kind)
    make_summary(customer)
    with tenant_scope(customer.tenant_id):
        rolling = Summary.objects.get()
        rolling.pk, rolling.kind, rolling.conversation_id = uuid4(), "rolling", uuid4()
        rolling.save(force_insert=True)
    say(customer, "Words of hers")
    make_review_item(customer)
    make_consolidation(customer, conversation_id=uuid4())
    with tenant_scope(customer.tenant_id):
        ReviewItem.objects.update(state="refused", decided_at=timezone.now())


def rows_now(customer: Customer) -> dict[str, int]:
    """How many rows there are of each kind, pinned ones aside."""
    with tenant_scope(customer.tenant_id):
        return {
            name: kind.model.objects.filter(kind.rows).count()
            for name, kind in KINDS.items()
        }


def test_by_default_messages_go_after_a_week_and_facts_stay(elena: Customer) -> None:
    everything_of(elena)
    assert set(rows_now(elena).values()) == {1}
    with tenant_scope(elena.tenant_id):
        assert lifecycle.prune() == {}
        for kind in KINDS.values():
            older(kind.model.objects.filter(kind.rows), 3_000)
        lifecycle.prune()
    left = {name for name, rows in rows_now(elena).items() if rows}
    assert left == {"fact", "preference", "event"}


@pytest.mark.parametrize("name", KINDS)
def test_a_preview_announces_exactly_what_the_prune_deletes(
    elena: Customer, viktor: Customer, ada: User, name: str
) -> None:
    for customer in (elena, viktor):
        everything_of(customer)
    kind = KINDS[name]
    with tenant_scope(elena.tenant_id):
        rows = kind.model.objects.filter(kind.rows)
        older(rows, 5)
        proposed = retention.rules() | {name: Rule(5, kind.half_life_days)}
        (before,) = [p for p in retention.previews(proposed) if p.kind is kind]
        later = retention.rules() | {name: Rule(6, kind.half_life_days)}
        assert sum(p.rows for p in retention.previews(later)) == 0
    assert (before.rows, before.customers) == (1, 1)
    assert before.oldest is not None
    assert before.examples == ((elena.id.hex[-8:], before.oldest),)
    there = rows_now(elena)
    with tenant_scope(elena.tenant_id):
        changed = retention.change(user=ada, proposed=proposed, reason=WHY)
        assert changed == [name]
        assert lifecycle.prune() == {name: before.rows}
        assert lifecycle.prune() == {}
    assert rows_now(elena) == there | {name: 0}
    assert set(rows_now(viktor).values()) == {1}


def test_nothing_is_overdue_after_a_prune_in_the_future(elena: Customer) -> None:
    everything_of(elena)
    with tenant_scope(elena.tenant_id):
        for kind in KINDS.values():
            older(kind.model.objects.filter(kind.rows), 400)
        while lifecycle.prune():
            pass
        now = timezone.now()
        for name, rule in retention.rules().items():
            overdue = retention.overdue(KINDS[name], rule.keep_days, now)
            assert not overdue.exists(), name
        left = set(Fact.objects.values_list("id", flat=True))
        assert set(Evidence.objects.values_list("fact_id", flat=True)) <= left
        entries = Embedding.objects.filter(source_kind="fact")
        assert set(entries.values_list("source_id", flat=True)) <= left


def test_a_long_backlog_goes_in_batches(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BATCH_ROWS", 2)
    say(elena, *(f"Message {number}" for number in range(5)))
    with tenant_scope(elena.tenant_id):
        older(Embedding.objects.all(), 8)
        assert [lifecycle.prune().get("message", 0) for _ in range(4)] == [2, 2, 1, 0]
        events = AuditEvent.objects.filter(action="memory.pruned").order_by("seq")
        assert [event.detail for event in events] == [
            {"message": 2},
            {"message": 2},
            {"message": 1},
        ]


def test_what_is_pinned_or_used_stays(elena: Customer, ada: User) -> None:
    pinned = make_fact(elena, "city", "Ghent")
    used = make_fact(elena, "product", "dock")
    make_fact(elena, "product", "lamp")
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=pinned.pk).update(pinned=True)
        older(Fact.objects.all(), 50)
        Fact.objects.filter(pk=used.pk).update(used_at=timezone.now())
        proposed = {"fact": Rule(30, None)}
        assert retention.previews(proposed)[0].rows == 1
        retention.change(user=ada, proposed=proposed, reason=WHY)
        lifecycle.prune()
        assert set(Fact.objects.all()) == {pinned, used}


def test_what_is_said_again_stays(elena: Customer) -> None:
    remember(elena, "wish", "a blue lamp", "Wants a blue lamp.", kind="intent")
    with tenant_scope(elena.tenant_id):
        older(Fact.objects.all(), 100)
        Evidence.objects.update(said_at=timezone.now() - timedelta(days=89))
        assert lifecycle.prune() == {}
        Evidence.objects.update(said_at=timezone.now() - timedelta(days=91))
        assert lifecycle.prune() == {"intent": 1}


def test_nothing_goes_while_a_privacy_request_is_unfinished(
    elena: Customer, carla: User
) -> None:
    say(elena, "What I asked for")
    with tenant_scope(elena.tenant_id):
        older(Embedding.objects.all(), 8)
        request = requests.open_request(
            kind=PrivacyRequest.Kind.ACCESS,
            customers=[elena],
            reason="Asked by post",
            user=carla,
        )
        assert lifecycle.prune() == {}
        request.state = PrivacyRequest.State.DONE
        request.save()
        assert lifecycle.prune() == {"message": 1}


def test_messages_in_the_index_end_by_the_new_rule_in_recall_too(
    elena: Customer, ada: User
) -> None:
    say(elena, "Old words")
    with tenant_scope(elena.tenant_id):
        before = ends("Old words")
        proposed = {"message": Rule(30, 90)}
        retention.change(user=ada, proposed=proposed, reason=WHY)
        assert ends("Old words") - before == timedelta(days=23)
    say(elena, "New words")
    with tenant_scope(elena.tenant_id):
        kept = ends("New words") - timezone.now()
    assert timedelta(days=29) < kept < timedelta(days=31)


def ends(text: str) -> datetime:
    at = Embedding.objects.get(text=text).expires_at
    assert at is not None
    return at


def test_a_change_is_in_the_audit_log_and_an_idle_one_is_not(
    elena: Customer, ada: User
) -> None:
    with tenant_scope(elena.tenant_id):
        assert not retention.change(user=ada, proposed=retention.rules(), reason=WHY)
        assert not RetentionRule.objects.exists()
        retention.change(user=ada, proposed={"episode": Rule(10, 20)}, reason=WHY)
        (event,) = AuditEvent.objects.filter(action="retention.changed")
        assert event.detail == {"episode_days": 10}
        assert retention.rules()["episode"] == Rule(10, 20)
        assert retention.rules()["message"] == Rule(7, 90)
