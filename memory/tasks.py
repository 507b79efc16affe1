"""Background work on memory: thin wrappers that open the scope and call a service."""

from uuid import UUID

from celery import shared_task

from accounts.models import Tenant
from accounts.scope import customer_scope, identity_scope, tenant_scope
from memory import disclosure, embeddings, facts, lifecycle
from memory.models import Fact


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
