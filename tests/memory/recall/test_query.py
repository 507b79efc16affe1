"""What is understood of a question before anything is searched for."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from memory import recall
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.recall import Query
from tests.memory.remembered import tell

# It is Thursday already in Auckland, and still Wednesday in New York.
ASKED = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)


def understood(customer: Customer, text: str, **options: object) -> Query:
    known = {"customer_id": customer.id, "asked_at": ASKED, **options}
    return recall.prepare(text, tenant_id=customer.tenant_id, **known)  # type: ignore[arg-type]  # options of `prepare`


def clock(of: Customer | Tenant, zone: str) -> None:
    tenant = of if isinstance(of, Tenant) else of.tenant
    with tenant_scope(tenant.id):
        of.time_zone = zone
        of.save(update_fields=["time_zone"])


def yesterday(query: Query) -> datetime | None:
    (period,) = query.periods
    return period.start


def test_yesterday_is_counted_where_the_customer_is(elena: Customer) -> None:
    clock(elena, "Pacific/Auckland")
    asked = understood(elena, "What did I say yesterday?")
    assert yesterday(asked) == datetime(2026, 11, 17, 11, tzinfo=UTC)
    clock(elena, "America/New_York")
    asked = understood(elena, "What did I say yesterday?")
    assert yesterday(asked) == datetime(2026, 11, 17, 5, tzinfo=UTC)


def test_where_her_clock_is_not_known_the_desks_counts(
    elena: Customer, desk: Tenant
) -> None:
    text = "What did I say yesterday?"
    assert yesterday(understood(elena, text)) == datetime(2026, 11, 17, tzinfo=UTC)
    clock(desk, "Asia/Kolkata")
    kolkata = datetime(2026, 11, 17, 18, 30, tzinfo=UTC)
    assert yesterday(understood(elena, text)) == kolkata
    assert yesterday(understood(elena, text, customer_id=None)) == kolkata


def test_a_zone_that_is_none_is_passed_over(elena: Customer, desk: Tenant) -> None:
    clock(elena, "Mars/Olympus")
    clock(desk, "Asia/Kolkata")
    asked = understood(elena, "What did I say yesterday?")
    assert yesterday(asked) == datetime(2026, 11, 17, 18, 30, tzinfo=UTC)


def test_a_change_in_her_life_is_a_period_like_any_other(elena: Customer) -> None:
    moved = datetime(2026, 7, 1, tzinfo=UTC)
    tell(elena, "city", "Ghent", said_at=datetime(2026, 1, 1, tzinfo=UTC))
    tell(elena, "city", "Leeds", said_at=moved)
    asked = understood(elena, "Which plan was I on before I moved?")
    assert [(each.start, each.end) for each in asked.periods] == [(None, moved)]
    assert asked.tense == "before"
    assert understood(elena, "Which plan am I on?").tense == "present"
    nobody = understood(elena, "Which plan was I on before I moved?", customer_id=None)
    assert nobody.periods == ()


def test_without_a_vector_the_time_is_understood_all_the_same(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise LLMError

    monkeypatch.setattr(gateway, "embed", away)
    asked = understood(elena, "What did I say yesterday?")
    assert asked.vector is None
    assert len(asked.periods) == 1


def test_only_a_question_about_time_asks_for_a_clock(elena: Customer) -> None:
    def queries(text: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            understood(elena, text)
        return len(captured)

    queries("warm up")
    plain = queries("Where is my parcel?")
    assert queries("What did I say yesterday?") == plain + 1
