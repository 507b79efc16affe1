"""Whether a model still makes the vectors that it made."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Tenant
from accounts.scope import tenant_scope
from memory.embeddings import drift, reembedding, status
from memory.llm.errors import LLMError
from memory.models import Embedding, EmbeddingModel, ReembedJob
from memory.tasks import check_drift, check_drifts, reembed, resume_reembeds
from tests.memory.embeddings.conftest import begin, cut_over
from tests.memory.remembered import remember, say
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")


def standing(desk: Tenant) -> status.Status:
    with tenant_scope(desk.id):
        return status.of_the_desk()


def test_the_model_that_made_the_vectors_has_not_drifted(
    desk: Tenant, elena: Customer
) -> None:
    texts = [f"My order {n} of {n * 7} kettles is late again" for n in range(60)]
    say(elena, *texts, "A long one. " * 100)
    found = drift.check(desk.id)
    assert found is not None
    assert found < drift.LIMIT / 5
    index = standing(desk)
    assert index.active is not None
    assert index.active.drift == found
    assert (index.has_drifted, index.stale) == (False, 0)


def test_a_model_changed_under_its_name_is_noticed(
    desk: Tenant,
    elena: Customer,
    server: ScriptedOpenAI,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    cut_over(desk)
    assert drift.check(desk.id) == pytest.approx(0.0, abs=1e-3)
    server.embeddings([[0.0, 0.0, 9.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    check_drift(tenant_id=str(desk.id))
    index = standing(desk)
    assert index.has_drifted
    assert index.stale == index.entries == 1
    assert "drifted" in caplog.text
    assert "laptop" not in caplog.text
    with tenant_scope(desk.id):
        reads = AuditEvent.objects.filter(detail__purpose="drift check")
        assert {read.customer_ref for read in reads} == {elena.id}


def test_a_model_that_is_away_is_no_error_of_the_task(
    desk: Tenant, elena: Customer
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    with patch.object(drift, "embed_texts", side_effect=LLMError("away")):
        check_drift(tenant_id=str(desk.id))
    assert standing(desk).active.drift is None  # type: ignore[union-attr]  # there is one


def test_the_schedule_looks_once_a_week_and_copies_where_there_are_two_models(
    desk: Tenant, elena: Customer, other_desk: Tenant
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")

    def enqueued() -> list[str]:
        with patch("memory.tasks.enqueue") as enqueue:
            check_drifts()
            resume_reembeds()
        assert {call.kwargs["tenant_id"] for call in enqueue.mock_calls} <= {desk.id}
        return [call.args[0] for call in enqueue.mock_calls]

    assert enqueued() == []
    ago = timezone.now() - timedelta(days=7)
    with tenant_scope(desk.id):
        EmbeddingModel.objects.update(registered_at=ago)
    assert enqueued() == ["memory.tasks.check_drift"]
    drift.check(desk.id)
    begin(desk, "all-MiniLM-L6-v2")
    # Somebody has just begun; nobody goes on where somebody is at work.
    assert enqueued() == []
    with tenant_scope(desk.id):
        ReembedJob.objects.update(updated_at=ago)
    assert enqueued() == ["memory.tasks.reembed"]
    reembed(tenant_id=str(desk.id))
    cut_over(desk)
    assert enqueued() == ["memory.tasks.reembed"]


def test_with_nothing_in_the_index_there_is_nothing_to_look_at(desk: Tenant) -> None:
    assert drift.check(desk.id) is None
    assert standing(desk).stale_percent == 0


def test_what_is_old_is_stale_where_nobody_has_looked(
    desk: Tenant, elena: Customer
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    remember(elena, "product", "dock", "Has a dock.")
    assert standing(desk).stale == 0
    ago = timezone.now() - timedelta(days=31)
    with tenant_scope(desk.id):
        entry = Embedding.objects.filter(text="Has a dock.")
        entry.update(id=status._first_id(ago))
        EmbeddingModel.objects.update(registered_at=ago)
    assert (standing(desk).stale, standing(desk).stale_percent) == (1, 50)
    drift.check(desk.id)
    assert standing(desk).stale == 0


def test_all_of_another_model_than_the_configured_one_is_stale(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    assert standing(desk).stale == 0
    cut_over(desk)
    index = standing(desk)
    assert (index.is_configured, index.stale) == (False, 1)
