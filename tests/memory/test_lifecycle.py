"""What ends by itself, and what stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Customer
from accounts.scope import tenant_scope
from memory import lifecycle
from memory.models import Embedding, Evidence, Fact
from tests.memory.remembered import remember, say

pytestmark = pytest.mark.usefixtures("rows")

OVER = timezone.now() - timedelta(minutes=1)
LATER = timezone.now() + timedelta(days=1)


def test_expired_messages_leave_the_index_and_nothing_else(elena: Customer) -> None:
    say(elena, "Old words")
    with tenant_scope(elena.tenant_id):
        Embedding.objects.update(expires_at=OVER)
    say(elena, "New words")
    remember(elena, "product", "dock", "Has a dock.")
    with tenant_scope(elena.tenant_id):
        assert lifecycle.prune() == {"message": 1}
        left = set(Embedding.objects.values_list("text", flat=True))
        assert left == {"New words", "Has a dock."}
        assert lifecycle.prune() == {}


def test_an_expired_fact_goes_with_its_evidence_and_its_vector(elena: Customer) -> None:
    gone = remember(elena, "product", "dock", "Has a dock.")
    kept = remember(elena, "product", "lamp", "Has a lamp.")
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=gone.pk).update(expires_at=OVER)
        Fact.objects.filter(pk=kept.pk).update(expires_at=LATER)
        assert lifecycle.prune() == {"ended": 1}
        assert list(Fact.objects.all()) == [kept]
        assert {evidence.fact_id for evidence in Evidence.objects.all()} == {kept.id}


def test_a_pinned_fact_stays_with_its_vector(elena: Customer) -> None:
    fact = remember(elena, "product", "dock", "Has a dock.")
    with tenant_scope(elena.tenant_id):
        Fact.objects.update(expires_at=OVER, pinned=True)
        Embedding.objects.update(expires_at=OVER)
        assert lifecycle.prune() == {}
        assert Embedding.objects.get().source_id == fact.id


def test_what_superseded_an_expired_fact_stays(elena: Customer) -> None:
    old = remember(elena, "city", "Ghent", "Ghent.", said_at=OVER - timedelta(days=9))
    new = remember(elena, "city", "Berlin", "Berlin.", said_at=OVER)
    with tenant_scope(elena.tenant_id):
        Fact.objects.filter(pk=new.pk).update(expires_at=OVER)
        lifecycle.prune()
        assert Fact.objects.get().superseded_by_id is None
        assert Fact.objects.get() == old


def test_each_desk_is_pruned_in_its_own_scope(
    elena: Customer, viktor: Customer
) -> None:
    for customer in (elena, viktor):
        say(customer, "Old words")
        with tenant_scope(customer.tenant_id):
            Embedding.objects.update(expires_at=OVER)
    with tenant_scope(elena.tenant_id):
        lifecycle.prune()
    with tenant_scope(viktor.tenant_id):
        assert Embedding.objects.count() == 1
    with tenant_scope(viktor.tenant_id):
        lifecycle.prune()
        assert Embedding.objects.count() == 0
