"""Background work on memory, by a real worker on the real queue."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from memory import embeddings, facts, forgetting, recall, requests, tasks
from memory.models import Embedding, Fact, PrivacyRequest
from tests.conftest import make_customer
from tests.memory.remembered import remember, say
from tests.worker import eventually, working_off

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture(scope="module")
def worker(django_db_setup: None) -> Iterator[None]:
    """A worker that takes off the queue what the tests put there."""
    with working_off():
        yield


def entries(customer: Customer, **lookups: object) -> int:
    with customer_scope(customer.tenant_id, customer.id):
        return Embedding.objects.filter(**lookups).count()


def test_a_corrected_fact_is_found_as_soon_as_the_worker_indexed_it(
    worker: None, elena: Customer, alice: User
) -> None:
    wrong = remember(elena, "city", "Gent", "Lives in Gent.")
    with tenant_scope(elena.tenant_id):
        new = facts.correct(fact=wrong, value="Ghent", user=alice)
    eventually(lambda: entries(elena, source_id=new.id) == 1)
    query = recall.prepare("Where does she live?", tenant_id=elena.tenant_id)
    with customer_scope(elena.tenant_id, elena.id):
        found = recall.recall(query, customer_id=elena.id)
    assert [memory.text for memory in found] == ["Lives in Ghent."]


def test_a_correction_that_is_rolled_back_enqueues_nothing(
    elena: Customer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task", lambda name, **_: sent.append(name)
    )
    wrong = remember(elena, "city", "Gent", "Lives in Gent.")
    with suppress(ZeroDivisionError), tenant_scope(elena.tenant_id):
        facts.correct(fact=wrong, value="Ghent", user=alice)
        raise ZeroDivisionError
    assert sent == []


def test_the_schedule_prunes_every_desk(
    worker: None, elena: Customer, viktor: Customer
) -> None:
    for customer in (elena, viktor):
        say(customer, "Old words")
        with tenant_scope(customer.tenant_id):
            Embedding.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.prune_all.delay()
    eventually(lambda: entries(elena) == entries(viktor) == 0)


def test_a_fact_erased_before_its_turn_is_not_indexed(
    elena: Customer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    ids = {
        "tenant_id": str(elena.tenant_id),
        "customer_id": str(elena.id),
        "fact_id": str(fact.id),
    }
    embed = embeddings.embed

    def erased_meanwhile(
        rows: list[embeddings.Entry], **options: Any
    ) -> embeddings.Vectors:
        with tenant_scope(elena.tenant_id):
            forgetting.forget(fact=fact, actor=alice.actor)
        return embed(rows, **options)

    monkeypatch.setattr(embeddings, "embed", erased_meanwhile)
    tasks.index_fact(**ids)
    assert entries(elena) == 0
    tasks.index_fact(**ids)
    assert entries(elena) == 0


def test_a_fact_that_ended_meanwhile_is_indexed_as_ended(elena: Customer) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    with customer_scope(elena.tenant_id, elena.id):
        embeddings.remove([fact.id])
        Fact.objects.update(valid_to=timezone.now())
    tasks.index_fact(
        tenant_id=str(elena.tenant_id),
        customer_id=str(elena.id),
        fact_id=str(fact.id),
    )
    assert entries(elena) == 1
    assert entries(elena, valid_to=None) == 0


def test_another_customers_fact_is_not_indexed(elena: Customer) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    with customer_scope(elena.tenant_id, elena.id):
        embeddings.remove([fact.id])
    tasks.index_fact(
        tenant_id=str(elena.tenant_id),
        customer_id=str(uuid4()),
        fact_id=str(fact.id),
    )
    assert entries(elena) == 0


def test_what_was_approved_is_erased_by_the_worker(
    worker: None, carla: User, ada: User, elena: Customer
) -> None:
    other = make_customer(carla.tenant, "Other")
    with tenant_scope(carla.tenant_id):
        request = requests.open_request(
            kind="erasure", customers=[elena, other], reason="ticket 118", user=carla
        )
        requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=carla
        )
        seen = requests.digest(request)
        requests.approve(request_id=request.id, seen=seen, reason="fits", user=ada)

    def is_done() -> bool:
        with tenant_scope(carla.tenant_id):
            return PrivacyRequest.objects.filter(pk=request.id, state="done").exists()

    eventually(is_done)
    with tenant_scope(carla.tenant_id):
        assert not Customer.objects.exists()
