"""Background work on memory: thin wrappers that open the scope and call a service."""

import logging
import time
from typing import Final
from uuid import UUID

import redis
from celery import shared_task
from pgvector import HalfVector

from accounts.models import Tenant
from accounts.queue import enqueue
from accounts.scope import customer_scope, identity_scope, tenant_scope
from memory import disclosure, embeddings, facts, lifecycle, requests, summaries
from memory.llm import gateway
from memory.models import Embedding, Fact, Summary

logger = logging.getLogger(__name__)

# Well within the time limit of a task; the next task takes it from there.
_ERASE_FOR_S: Final = 20.0


@shared_task
def expire_memories() -> None:
    """Prune what has expired, tenant by tenant."""
    with identity_scope():
        tenant_ids = list(Tenant.objects.values_list("id", flat=True))
    for tenant_id in tenant_ids:
        with tenant_scope(tenant_id):
            lifecycle.expire()


@shared_task
def index_fact(*, tenant_id: str, customer_id: str, fact_id: str) -> None:
    """Put a fact that a person wrote into the index."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    with customer_scope(tenant, customer):
        fact = Fact.objects.filter(pk=fact_id).prefetch_related("evidence").first()
        if fact is None:
            return
        entry = facts.entry(fact)
        disclosure.record_sent(
            "embed", customer_id=customer, purpose="indexing", fact=fact.id
        )
    vectors = embeddings.embed([entry])
    with customer_scope(tenant, customer):
        fact = Fact.objects.select_for_update().filter(pk=fact_id).first()
        if fact is not None:
            embeddings.index(customer, [entry], vectors)
            embeddings.set_valid_to(fact.id, fact.valid_to)


@shared_task
def index_summary(*, tenant_id: str, customer_id: str, summary_id: str) -> None:
    """Put a summary that was changed into the index."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    with customer_scope(tenant, customer):
        summary = Summary.objects.filter(pk=summary_id).first()
        if summary is None:
            return
        entry = summaries.entry(summary)
        disclosure.record_sent(
            "embed", customer_id=customer, purpose="indexing", summary=summary.id
        )
    vectors = embeddings.embed([entry])
    with customer_scope(tenant, customer):
        if Summary.objects.select_for_update().filter(pk=summary_id).first():
            embeddings.index(customer, [entry], vectors)


@shared_task
def embed_again(*, tenant_id: str, customer_id: str, entry_id: str) -> None:
    """Make the vector of an entry anew whose text has lost a sentence."""
    tenant, customer = UUID(tenant_id), UUID(customer_id)
    with customer_scope(tenant, customer):
        row = Embedding.objects.filter(pk=entry_id).first()
        if row is None or row.model_id != embeddings.active_model().id:
            # Another model's vectors are no use without their texts.
            Embedding.objects.filter(pk=entry_id).delete()
            return
        disclosure.record_sent(
            "embed", customer_id=customer, purpose="indexing", entry=row.id
        )
    vector = gateway.embed([row.text])[0]
    with customer_scope(tenant, customer):
        rows = Embedding.objects.filter(pk=entry_id, text=row.text)
        rows.update(vector=HalfVector(vector))


@shared_task
def erase_approved(*, tenant_id: str, request_id: str) -> None:
    """Erase the customers of an approved request, each in a transaction of her own."""
    tenant, request = UUID(tenant_id), UUID(request_id)
    until = time.monotonic() + _ERASE_FOR_S
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
    with identity_scope():
        tenant_ids = list(Tenant.objects.values_list("id", flat=True))
    for tenant_id in tenant_ids:
        with tenant_scope(tenant_id):
            for request_id in requests.being_erased():
                enqueue(
                    "memory.tasks.erase_approved",
                    tenant_id=tenant_id,
                    request_id=request_id,
                )
