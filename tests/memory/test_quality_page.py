"""Page "Quality": the trend of the desk's summaries, and the worst of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from memory.models import Summary
from memory.summaries import trend
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_summary

URL = "/settings/quality/"


def judged(customer: Customer, quality: float | None, **fields: Any) -> Summary:
    """A summary with this score, as consolidation stores it."""
    names = {"version", "conversation_id", "kind", "text"}
    made = {name: fields.pop(name) for name in names & fields.keys()}
    summary = make_summary(customer, **made)
    with tenant_scope(customer.tenant_id):
        Summary.objects.filter(pk=summary.pk).update(
            quality=quality, judged_by="embedded", **fields
        )
        summary.refresh_from_db()
    return summary


@pytest.fixture
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the tasks that are enqueued."""
    names: list[str] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task", lambda name, **_: names.append(name)
    )
    return names


def again(summary: Summary) -> str:
    return reverse("memory:rewrite_summary", args=[summary.customer_id, summary.id])


def trend_of(customer: Customer) -> trend.Trend:
    with tenant_scope(customer.tenant_id):
        return trend.trend(Summary.objects.all(), now=timezone.now())


# --- The trend ------------------------------------------------------------------------


def test_the_trend_is_the_mean_by_day(elena: Customer) -> None:
    now = datetime.now(UTC).replace(hour=12)
    judged(elena, 1.0, created_at=now)
    judged(elena, 0.5, created_at=now, tries=2)
    judged(elena, 0.25, created_at=now - timedelta(days=2))
    judged(elena, None, created_at=now)
    judged(elena, 0.9, created_at=now - timedelta(days=40))
    judged(elena, 0.0, created_at=now - timedelta(days=90))
    found = trend_of(elena)
    assert found.judged == 3
    assert found.mean == pytest.approx(0.583, abs=0.001)
    assert found.before == 0.9
    assert found.low == pytest.approx(2 / 3)
    assert found.again == pytest.approx(1 / 3)
    early, late = found.bars
    assert (early.low, late.low) == (True, False)
    assert "25% of 1, 1 too low" in early.label
    assert "75% of 2, 1 too low" in late.label
    assert late.height > early.height
    assert early.y + early.height == late.y + late.height == found.height


def test_every_bar_is_within_the_picture(elena: Customer) -> None:
    for days in (0, 29):
        for quality in (0.0, 1.0):
            judged(elena, quality, created_at=timezone.now() - timedelta(days=days))
    for bar in trend_of(elena).bars:
        assert 0 <= float(bar.x[:-1]) <= 100 - float(bar.width[:-1])
        assert 0 <= bar.y < bar.y + bar.height <= trend.HEIGHT_PX + 2


def test_a_desk_without_summaries_has_no_trend(elena: Customer, ada: User) -> None:
    found = trend_of(elena)
    assert (found.mean, found.change, found.bars) == (None, None, [])
    assert "Nothing judged yet" in signed_in(ada).get(URL).text


# --- The worst ------------------------------------------------------------------------


def test_the_worst_newest_versions_stand_with_what_is_missing(
    elena: Customer, ada: User
) -> None:
    conversation = uuid4()
    judged(elena, 0.1, conversation_id=conversation, missing=["old-canary"])
    judged(
        elena, 0.6, conversation_id=conversation, version=2, missing=["14 March", "<b>"]
    )
    worst = judged(elena, 0.2, missing=["€84"])
    judged(elena, 0.7, missing=["good-canary"])
    page = signed_in(ada).get(URL).text
    assert page.index("€84") < page.index("14 March")
    assert "canary" not in page
    assert "<b>" not in page
    assert f"/customers/{elena.id}/#summary-{worst.id}" in page
    assert "20 %" in page


def test_whoever_reads_the_page_is_recorded_for_each_customer(
    elena: Customer, ada: User
) -> None:
    otto = make_customer(elena.tenant, "Otto")
    shown = {judged(elena, 0.2).id, judged(elena, 0.3).id, judged(otto, 0.1).id}
    signed_in(ada).get(URL)
    with tenant_scope(elena.tenant_id):
        events = list(AuditEvent.objects.filter(action="memory.read"))
    assert {event.customer_ref for event in events} == {elena.id, otto.id}
    seen = {row for event in events for row in event.detail["summaries"]}
    assert seen == {str(row) for row in shown}


def test_only_reviewers_see_it_and_only_their_own_desk(
    elena: Customer, viktor: Customer, alice: User, carla: User, charlie: User
) -> None:
    judged(elena, 0.2, missing=["elenas-canary"])
    assert signed_in(alice).get(URL).status_code == 403
    assert signed_in(carla).get(URL).status_code == 403
    page = signed_in(charlie).get(URL).text
    assert "elenas-canary" not in page
    assert "Elena" not in page


def test_it_takes_the_same_queries_for_few_and_for_many(
    elena: Customer, ada: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(15):
        judged(elena, 0.2, missing=["x"])
    client = signed_in(ada)
    client.get(URL)
    with django_assert_max_num_queries(30):
        client.get(URL)


# --- On the customer's page -----------------------------------------------------------


def test_the_customers_page_shows_the_score_and_what_is_missing(
    elena: Customer, ada: User
) -> None:
    judged(elena, 0.45, missing=["14 March"], tries=2)
    page = signed_in(ada).get(f"/customers/{elena.id}/").text
    assert "Quality 45 %" in page
    assert "<li>14 March</li>" in page
    assert "1 detail of its messages" in page


def test_a_summary_without_a_score_shows_none(elena: Customer, ada: User) -> None:
    judged(elena, None)
    assert "Quality " not in signed_in(ada).get(f"/customers/{elena.id}/").text


def test_writing_again_is_enqueued_after_the_commit_and_audited(
    live_db: None, elena: Customer, alice: User, sent_tasks: list[str]
) -> None:
    make_conversation(elena)
    summary = judged(elena, 0.45)
    answer = signed_in(alice).post(again(summary))
    assert answer.status_code == 302
    assert sent_tasks == ["chat.tasks.rewrite_summary"]
    with tenant_scope(elena.tenant_id):
        event = AuditEvent.objects.get(action="summary.write_again")
    assert (event.actor, event.subject_id) == (f"user:{alice.id}", str(summary.id))
    assert event.customer_ref == elena.id


def test_only_those_who_correct_memory_have_it_written_again(
    elena: Customer, carla: User, bob: User, charlie: User, ada: User
) -> None:
    summary = judged(elena, 0.45)
    # Bob is an agent who does not work with her.
    answers = [signed_in(who).post(again(summary)) for who in (carla, bob, charlie)]
    assert [answer.status_code for answer in answers] == [403, 404, 404]
    assert signed_in(ada).get(again(summary)).status_code == 405
    with tenant_scope(elena.tenant_id):
        assert not AuditEvent.objects.filter(action="summary.write_again").exists()
