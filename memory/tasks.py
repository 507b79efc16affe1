"""Background work on memory: thin wrappers that open the scope and call a service."""

import logging
import time
from contextlib import suppress
from typing import Final
from uuid import UUID

import redis
from celery import shared_task
from pgvector import HalfVector

from accounts.models import Tenant
from accounts.queue import enqueue
from accounts.scope import customer_scope, identity_scope, tenant_scope
from memory import (
    disclosure,
    embeddings,
    facts,
    lifecycle,
    requests,
    summaries,
    uses,
)
from memory.embeddings import drift, reembedding
from memory.llm.errors import LLMError
from memory.models import Embedding, Fact, Summary

logger = logging.getLogger(__name__)

# Well within the time limit of a task; the next task takes it from there.
_WORK_FOR_S: Final = 20.0
# A batch may be under way by then, and wait for a model for as long again.
_REEMBED_FOR_S: Final = 10.0


@shared_task
def prune_all() -> None:
    """Let every desk delete what its rules have ended."""
    for tenant_id in _tenants():
        enqueue("memory.tasks.prune", tenant_id=tenant_id)


@shared_task
def prune(*, tenant_id: str) -> None:
    """Delete what is over in one desk, batch by batch."""
    tenant = UUID(tenant_id)
    until = time.monotonic() + _WORK_FOR_S
    while time.monotonic() < until:
        with tenant_scope(tenant):
            if not lifecycle.prune():
                return
    enqueue("memory.tasks.prune", tenant_id=tenant)


@shared_task
def add_up_uses() -> None:
    """Write down how often facts were put before the assistant."""
    for tenant_id in _tenants():
        with suppress(redis.RedisError), tenant_scope(tenant_id):
            uses.add_up(tenant_id)


@shared_task
def index_fact(*, tenant_id: str, customer_id: str, fact_id: str) -> None:
    """Put a fact that a person wrote into the index."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    model = embeddings.in_use(tenant, customer)
    with customer_scope(tenant, customer):
        fact = Fact.objects.filter(pk=fact_id).prefetch_related("evidence").first()
        if fact is None:
            return
        entry = facts.entry(fact)
        disclosure.record_sent(
            "embed",
            customer_id=customer,
            purpose="indexing",
            embedded_by=model,
            fact=fact.id,
        )
    vectors = embeddings.embed([entry], model=model)
    with customer_scope(tenant, customer):
        if not facts.lock_customer(customer):
            return
        fact = Fact.objects.filter(pk=fact_id).first()
        if fact is not None:
            embeddings.index(customer, [entry], vectors, model=model)
            embeddings.set_valid_to(fact.id, fact.valid_to)


@shared_task
def index_summary(*, tenant_id: str, customer_id: str, summary_id: str) -> None:
    """Put a summary that was changed into the index."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    model = embeddings.in_use(tenant, customer)
    with customer_scope(tenant, customer):
        summary = Summary.objects.filter(pk=summary_id).first()
        if summary is None:
            return
        entry = summaries.entry(summary)
        disclosure.record_sent(
            "embed",
            customer_id=customer,
            purpose="indexing",
            embedded_by=model,
            summary=summary.id,
        )
    vectors = embeddings.embed([entry], model=model)
    with customer_scope(tenant, customer):
        if not facts.lock_customer(customer):
            return
        if summaries.is_newest(summary):
            embeddings.index(customer, [entry], vectors, model=model)


@shared_task
def embed_again(*, tenant_id: str, customer_id: str, entry_id: str) -> None:
    """Make the vector of an entry anew whose text has lost a sentence."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    model = embeddings.in_use(tenant, customer)
    with customer_scope(tenant, customer):
        row = Embedding.objects.filter(pk=entry_id).first()
        if row is None or row.model != embeddings.row_of(model):
            # The index of another model copies it anew.
            Embedding.objects.filter(pk=entry_id).delete()
            return
        disclosure.record_sent(
            "embed",
            customer_id=customer,
            purpose="indexing",
            embedded_by=model,
            entry=row.id,
        )
    vector = embeddings.embed_texts([row.text], model=model)[0]
    with customer_scope(tenant, customer):
        rows = Embedding.objects.filter(pk=entry_id, text=row.text)
        rows.update(vector=HalfVector(vector))


@shared_task
def erase_approved(*, tenant_id: str, request_id: str) -> None:
    """Erase the customers of an approved request, each in a transaction of her own."""
    tenant, request = UUID(tenant_id), UUID(request_id)
    until = time.monotonic() + _WORK_FOR_S
    try:
        while time.monotonic() < until:
            with tenant_scope(tenant):
                if not requests.erase_next(request_id=request):
                    return
    except redis.RedisError as error:
        # The schedule goes on with it once Redis is back.
        logger.warning("An erasure waits for Redis: %s", type(error).__name__)
        return
    enqueue("memory.tasks.erase_approved", tenant_id=tenant, request_id=request)


@shared_task
def resume_erasures() -> None:
    """Go on with approved erasures that a dead worker, or a lost queue, left over."""
    for tenant_id in _tenants():
        with tenant_scope(tenant_id):
            for request_id in requests.being_erased():
                enqueue(
                    "memory.tasks.erase_approved",
                    tenant_id=tenant_id,
                    request_id=request_id,
                )


@shared_task
def reembed(*, tenant_id: str) -> None:
    """Go on with a desk's re-embedding, and bring its indexes up to date."""
    tenant = UUID(tenant_id)
    until = time.monotonic() + _REEMBED_FOR_S
    reembedding.run(tenant, until=until)
    reembedding.keep_up(tenant, until=until)
    if time.monotonic() < until:
        return
    with tenant_scope(tenant):
        enqueue("memory.tasks.reembed", tenant_id=tenant)


@shared_task
def resume_reembeds() -> None:
    """Go on where a worker died or a model was away, and copy what is new."""
    for tenant_id in _tenants():
        with tenant_scope(tenant_id):
            if reembedding.is_due():
                enqueue("memory.tasks.reembed", tenant_id=tenant_id)


@shared_task
def prune_indexes() -> None:
    """Delete the indexes to which there is no way back any more."""
    for tenant_id in _tenants():
        with tenant_scope(tenant_id):
            reembedding.prune()


@shared_task
def check_drifts() -> None:
    """Look once a week at each desk's embedding model, in a task of its own."""
    for tenant_id in _tenants():
        with tenant_scope(tenant_id):
            if drift.is_due():
                enqueue("memory.tasks.check_drift", tenant_id=tenant_id)


@shared_task
def check_drift(*, tenant_id: str) -> None:
    """Look whether a desk's embedding model still makes the vectors that it made."""
    try:
        drift.check(UUID(tenant_id))
    except LLMError as error:
        # The page says that nobody has looked; the next week's check tries again.
        logger.warning("Drift is not known: %s", type(error).__name__)


def _tenants() -> list[UUID]:
    with identity_scope():
        return list(Tenant.objects.values_list("id", flat=True))
