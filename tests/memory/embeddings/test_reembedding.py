"""From one embedding model to another, while the index is in use."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from memory import curation, embeddings, facts, forgetting, lifecycle, recall
from memory.embeddings import copying, reembedding
from memory.llm import gateway
from memory.models import Embedding, EmbeddingModel, ReembedJob
from tests.memory.embeddings.conftest import (
    ACTOR,
    OTHER,
    begin,
    cut_over,
    roll_back,
    the_job,
)
from tests.memory.remembered import remember, say
from tests.scripted_openai import EMBEDDING_DIMS, ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")
State = ReembedJob.State


def entries(desk: Tenant) -> dict[str, set[str]]:
    """The texts of each model that has any, by its name and version."""
    found: dict[str, set[str]] = {}
    with tenant_scope(desk.id):
        for entry in Embedding.objects.select_related("model"):
            # Every vector is as long as its model says.
            assert len(entry.vector) == entry.model.dimensions
            found.setdefault(entry.model.name, set()).add(entry.text)
    return found


def found_by(customer: Customer, text: str) -> list[recall.Recalled]:
    query = recall.prepare(text, tenant_id=customer.tenant_id)
    with customer_scope(customer.tenant_id, customer.id):
        return recall.recall(query, customer_id=customer.id)


MINILM = "all-MiniLM-L6-v2"


def test_a_second_index_grows_beside_the_one_in_use(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    say(elena, "It is broken", "Can you help?")
    job = begin(desk)
    assert (job.state, job.total, job.model.active) == (State.RUNNING, 3, False)
    reembedding.run(desk.id)
    texts = {"Has a laptop.", "It is broken", "Can you help?"}
    assert entries(desk) == {MINILM: texts, OTHER: texts}
    job = the_job(desk)
    assert (job.state, job.done, job.total) == (State.READY, 3, 3)
    assert job.model.dimensions == EMBEDDING_DIMS
    # Nobody reads it yet.
    asked = len(server.requests)
    assert found_by(elena, "notebook computer")[0].reasons.vector_rank == 1
    assert len(server.requests) == asked


def test_a_copy_says_all_that_its_original_says(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    with tenant_scope(desk.id):
        embeddings.set_valid_to(fact.id, timezone.now())
        embeddings.set_expires_at(fact.id, timezone.now() + timedelta(days=1))
    begin(desk)
    reembedding.run(desk.id)
    with tenant_scope(desk.id):
        one, two = (
            dict(row) for row in Embedding.objects.order_by("model__name").values()
        )
    for name in ("id", "model_id", "vector"):
        assert one.pop(name) != two.pop(name)
    assert one == two


def test_after_the_cut_over_questions_go_to_the_new_model(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    cut_over(desk)
    with tenant_scope(desk.id):
        assert EmbeddingModel.objects.get(active=True).name == OTHER
    (found,) = found_by(elena, "a laptop maybe")
    assert found.reasons.vector_rank == 1
    assert server.requests[-1].body["input"] == ["a laptop maybe"]
    assert server.requests[-1].body["model"] == OTHER
    # And what is written now is written with it.
    remember(elena, "product", "dock", "Has a dock.")
    assert "Has a dock." in entries(desk)[OTHER]


def test_rolling_back_returns_at_once_and_loses_nothing(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    cut_over(desk)
    remember(elena, "product", "dock", "Has a dock.")
    roll_back(desk)
    # Not in the index from before yet, but found by its words already.
    texts = [found.text for found in found_by(elena, "dock")]
    assert texts[0] == "Has a dock."
    reembedding.keep_up(desk.id)
    assert entries(desk)[MINILM] == {"Has a laptop.", "Has a dock."}
    (first, _) = found_by(elena, "dock")
    assert (first.text, first.reasons.vector_rank) == ("Has a dock.", 1)
    with tenant_scope(desk.id):
        assert reembedding.prune() == 2
    assert set(entries(desk)) == {MINILM}


def test_the_index_from_before_is_kept_up_for_a_week_and_then_deleted(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    job = cut_over(desk)
    remember(elena, "product", "dock", "Has a dock.")
    reembedding.keep_up(desk.id)
    assert entries(desk)[MINILM] == {"Has a laptop.", "Has a dock."}
    with tenant_scope(desk.id):
        assert reembedding.prune() == 0
        later = timezone.now() - timedelta(days=7, minutes=1)
        ReembedJob.objects.filter(pk=job.pk).update(finished_at=later)
        assert reembedding.prune() == 2
    assert set(entries(desk)) == {OTHER}
    with pytest.raises(ValidationError, match="no index to return to"):
        roll_back(desk)


def test_what_comes_in_while_it_runs_and_while_it_waits_is_in_both(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding._step(desk.id)
    remember(elena, "product", "dock", "Has a dock.")
    reembedding.run(desk.id)
    assert the_job(desk).state == State.READY
    remember(elena, "product", "mouse", "Has a mouse.")
    with pytest.raises(ValidationError, match="1 new entries are being copied"):
        cut_over(desk)
    reembedding.keep_up(desk.id)
    cut_over(desk)
    both = entries(desk)
    assert both[MINILM] == both[OTHER]
    assert len(both[OTHER]) == 3


def test_a_text_that_changes_leaves_the_other_index_until_it_is_copied(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    fact = remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    model = embeddings.in_use(desk.id)
    with tenant_scope(desk.id):
        entry = facts.entry(fact)
    changed = [type(entry)(entry.source_kind, entry.source_id, "Sold it.", JAN)]
    vectors = embeddings.embed(changed, model=model)
    with customer_scope(desk.id, elena.id):
        embeddings.index(elena.id, changed, vectors, model=model)
    assert entries(desk) == {MINILM: {"Sold it."}}
    reembedding.keep_up(desk.id)
    assert entries(desk) == {MINILM: {"Sold it."}, OTHER: {"Sold it."}}


JAN = timezone.now() - timedelta(days=200)


def erase_entry(fact: Any, user: User) -> None:
    entry = Embedding.objects.filter(source_id=fact.id).first()
    assert entry is not None
    curation.erase_entry(entry=entry, user=user)


def expire(fact: Any, user: User) -> None:
    type(fact).objects.filter(pk=fact.pk).update(expires_at=JAN)
    lifecycle.prune()


@pytest.mark.parametrize(
    "erase",
    [
        lambda fact, user: forgetting.forget(fact=fact, actor=user.actor),
        lambda fact, user: facts.retract(fact=fact, user=user),
        erase_entry,
        expire,
    ],
    ids=["forget", "retract", "erase entry", "expire"],
)
def test_what_is_erased_is_erased_from_both_and_does_not_come_back(
    desk: Tenant, elena: Customer, ada: User, server: ScriptedOpenAI, erase: Any
) -> None:
    kept = remember(elena, "product", "dock", "Has a dock.")
    fact = remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    with tenant_scope(desk.id):
        erase(fact, ada)
        assert Embedding.objects.filter(source_id=fact.id).count() == 0
        assert Embedding.objects.filter(source_id=kept.id).count() == 2
    reembedding.keep_up(desk.id)
    cut_over(desk)
    roll_back(desk)
    reembedding.keep_up(desk.id)
    assert all(texts == {"Has a dock."} for texts in entries(desk).values())


def test_when_a_fact_ends_it_ends_in_both(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.", said_at=JAN)
    begin(desk)
    reembedding.run(desk.id)
    remember(elena, "city", "Berlin", "Lives in Berlin.")
    with tenant_scope(desk.id):
        ends = Embedding.objects.filter(text="Lives in Ghent.")
        assert [e.valid_to is None for e in ends] == [False, False]
    reembedding.keep_up(desk.id)
    cut_over(desk)
    assert [f.text for f in found_by(elena, "Where? Ghent?")] == ["Lives in Berlin."]


@pytest.mark.parametrize("meanwhile", ["erased", "changed", "ended"])
def test_what_happens_while_a_model_is_asked_counts(
    desk: Tenant, elena: Customer, ada: User, server: ScriptedOpenAI, meanwhile: str
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    job = begin(desk)
    with tenant_scope(desk.id):
        batch = copying.missing(source=job.before, target=job.model)
    reembedding._learn_length(job.model)
    vectors = reembedding._embedded(batch, job.model)
    with tenant_scope(desk.id):
        if meanwhile == "erased":
            forgetting.forget(fact=fact, actor=ada.actor)
        elif meanwhile == "changed":
            Embedding.objects.update(text="Lives in Bruges.")
        else:
            embeddings.set_valid_to(fact.id, timezone.now())
        added = copying.copy(batch, vectors, source=job.before, target=job.model)
        copies = Embedding.objects.filter(model=job.model)
        assert added == copies.count() == (1 if meanwhile == "ended" else 0)
        assert all(copy.valid_to is not None for copy in copies)


def test_a_copy_that_says_something_else_is_made_anew_before_it_is_ready(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding._step(desk.id)
    with tenant_scope(desk.id):
        Embedding.objects.filter(model__name=OTHER).update(text="Odd", purpose="odd")
    reembedding.run(desk.id)
    assert entries(desk)[OTHER] == {"Has a laptop."}


def test_it_goes_on_where_it_was_and_asks_for_nothing_twice(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI, monkeypatch: Any
) -> None:
    """Whatever is asked before the endpoint fails is kept."""
    monkeypatch.setattr(copying, "BATCH", 4)
    texts = {f"Text number {n}" for n in range(11)}
    say(elena, *texts)
    begin(desk)
    assert reembedding._step(desk.id)
    for _ in range(3):
        server.error(503, to="embeddings", retry_after="0")
    reembedding.run(desk.id)
    job = the_job(desk)
    assert (job.state, job.done) == (State.RUNNING, 4)
    assert "model" in job.problem
    before = len(server.requests)
    reembedding.run(desk.id)
    job = the_job(desk)
    assert (job.state, job.done, job.problem) == (State.READY, 11, "")
    sent = [text for r in server.requests[before:] for text in r.body["input"]]
    assert len(sent) == 7
    assert entries(desk)[OTHER] == texts


def test_a_model_that_refuses_ends_the_job_with_its_reason(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    server.error(404, to="embeddings", message="no such model: Has a laptop.")
    reembedding.run(desk.id)
    job = the_job(desk)
    assert job.state == State.FAILED
    assert job.problem
    assert "laptop" not in job.problem
    # And another may be started.
    begin(desk)
    reembedding.run(desk.id)
    assert the_job(desk).state == State.READY


def test_there_is_one_job_at_a_time(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    begin(desk)
    with pytest.raises(ValidationError, match="being made already"):
        begin(desk, "another")
    with pytest.raises(ValidationError, match="no new index that is ready"):
        cut_over(desk)


def test_without_an_endpoint_there_is_no_other_model(desk: Tenant) -> None:
    with pytest.raises(ValidationError, match="No endpoint is connected"):
        begin(desk)


def test_cancelling_deletes_what_there_is_and_only_copies(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    job = begin(desk)
    reembedding.run(desk.id)
    # Something of which the index in use has nothing.
    with tenant_scope(desk.id):
        Embedding.objects.filter(model=job.before).delete()
    remember(elena, "product", "dock", "Has a dock.")
    reembedding.keep_up(desk.id, until=0)
    with tenant_scope(desk.id):
        reembedding.cancel(job=the_job(desk), actor=ACTOR)
    assert entries(desk) == {OTHER: {"Has a laptop."}, MINILM: {"Has a dock."}}
    reembedding.keep_up(desk.id)
    assert entries(desk)[MINILM] == {"Has a laptop.", "Has a dock."}


def test_the_same_model_can_make_its_vectors_anew(
    desk: Tenant, elena: Customer
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    for generation in (1, 2):
        begin(desk, MINILM)
        reembedding.run(desk.id)
        cut_over(desk)
        with tenant_scope(desk.id):
            active = EmbeddingModel.objects.get(active=True)
            reembedding.prune()
        assert active.version == f"{gateway.version_of(MINILM)}~{generation}"
        assert found_by(elena, "a notebook")[0].reasons.vector_rank == 1


def test_a_model_that_cannot_be_reached_any_more_leaves_its_words(
    desk: Tenant, elena: Customer
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    with tenant_scope(desk.id):
        EmbeddingModel.objects.update(version="ct2-int8-of-yesterday")
    (found,) = found_by(elena, "laptop")
    assert (found.text, found.reasons.vector_rank) == ("Has a laptop.", None)
    # What is new is embedded with the one that is configured, and found by meaning.
    remember(elena, "product", "dock", "Has a docking station.")
    (found,) = found_by(elena, "port replicator")
    assert found.text == "Has a docking station."
    begin(desk, MINILM)
    reembedding.run(desk.id)
    cut_over(desk)
    assert len(found_by(elena, "a notebook")) == 2


def test_a_desk_says_nothing_of_another_ones_index(
    desk: Tenant,
    elena: Customer,
    other_desk: Tenant,
    viktor: Customer,
    server: ScriptedOpenAI,
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    remember(viktor, "product", "dock", "Has a dock.")
    begin(desk)
    reembedding.run(desk.id)
    cut_over(desk)
    assert entries(other_desk) == {MINILM: {"Has a dock."}}
    assert [r.body["input"] for r in server.requests][1:] == [["Has a laptop."]]
    with tenant_scope(other_desk.id):
        assert reembedding.latest() is None


def test_each_customer_whose_texts_are_sent_is_recorded(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI
) -> None:
    fact = remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk)
    reembedding.run(desk.id)
    with tenant_scope(desk.id):
        read = AuditEvent.objects.get(action="memory.read", customer_ref=elena.id)
        acts = AuditEvent.objects.filter(subject_type="reembed_job")
        assert list(acts.order_by("seq").values_list("actor", "action")) == [
            ("operator", "index.reembed"),
            ("system", "index.ready"),
        ]
    assert read.actor == f"assistant:{OTHER}"
    assert read.detail["sources"] == [str(fact.id)]
    cut_over(desk)
    roll_back(desk)
    before = len(server.requests)
    reembedding.keep_up(desk.id)
    # Nothing is sent to a model that runs here, nor recorded.
    assert len(server.requests) == before
    with tenant_scope(desk.id):
        assert AuditEvent.objects.filter(action="memory.read").count() == 1
