"""The scope: what is open, what it shows, and what it leaves behind."""

import pytest
from django.db import connection

from accounts.models import Customer, Tenant
from accounts.scope import (
    NO_SCOPE,
    ScopeWidenedError,
    current_scope,
    customer_scope,
    identity_scope,
    tenant_scope,
)
from tests.conftest import make_customer


def setting() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(current_setting('app.tenant_id', true), ''),"
            " coalesce(current_setting('app.customer_id', true), ''),"
            " coalesce(current_setting('app.identity', true), '')"
        )
        found: tuple[str, ...] = cursor.fetchone()
        return found


@pytest.mark.usefixtures("db")
def test_nothing_opened_inside_a_customers_scope_shows_another_customer(
    desk: Tenant, other_desk: Tenant, elena: Customer
) -> None:
    other = make_customer(desk, "Otto")
    wider = [
        tenant_scope(desk.id),
        tenant_scope(other_desk.id),
        customer_scope(desk.id, other.id),
        customer_scope(other_desk.id, elena.id),
    ]
    with customer_scope(desk.id, elena.id):
        for scope in wider:
            with pytest.raises(ScopeWidenedError), scope:
                pass
            assert list(Customer.objects.all()) == [elena]
        with customer_scope(desk.id, elena.id):
            assert list(Customer.objects.all()) == [elena]
        with identity_scope(), connection.cursor() as cursor:
            cursor.execute("select count(*) from accounts_customer")
            assert cursor.fetchone() == (0,)
        assert list(Customer.objects.all()) == [elena]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.usefixtures("live_db")
def test_a_scope_that_breaks_leaves_nothing_behind_on_its_connection(
    desk: Tenant, elena: Customer, error: type[BaseException]
) -> None:
    with pytest.raises(error), customer_scope(desk.id, elena.id):
        raise error
    assert setting() == ("", "", "")
    assert current_scope() == NO_SCOPE
    with tenant_scope(desk.id):
        before = setting()
        with pytest.raises(error), customer_scope(desk.id, elena.id):
            raise error
        assert setting() == before
    assert setting() == ("", "", "")
