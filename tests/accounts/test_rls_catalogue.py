"""No table may exist without a policy, and the policies hold for the app's own role."""

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from accounts import audit
from accounts.models import (
    AuditEvent,
    Customer,
    CustomerModel,
    Tenant,
    TenantModel,
    User,
)
from accounts.scope import (
    ScopeRequiredError,
    customer_scope,
    identity_scope,
    tenant_scope,
)
from chat.models import Conversation, Message
from tests.conftest import as_superuser, make_conversation, make_customer

pytestmark = pytest.mark.usefixtures("rows")

# Tables that hold nothing of a tenant, each with its reason.
WITHOUT_POLICY = {
    "django_migrations": "which migrations ran",
    "django_content_type": "names of models",
    "django_session": "random keys; read before anybody is known",
    "auth_permission": "names of permissions, unused",
    "auth_group": "unused",
    "auth_group_permissions": "unused",
}

SCOPED = [
    model
    for model in apps.get_models()
    if issubclass(model, TenantModel) or model in {Tenant, User}
]


def tables() -> dict[str, tuple[bool, bool, int]]:
    """Table → (row security on, forced, number of policies), from the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, c.relrowsecurity, c.relforcerowsecurity,"
            " (select count(*) from pg_policy p where p.polrelid = c.oid)"
            " from pg_class c where c.relkind in ('r', 'p')"
            " and c.relnamespace = 'public'::regnamespace"
        )
        return {name: (on, forced, count) for name, on, forced, count in cursor}


def test_every_table_has_a_forced_policy_or_a_reason() -> None:
    unlocked = {
        name
        for name, (on, forced, count) in tables().items()
        if not (on and forced and count == 1)
    }
    assert unlocked == set(WITHOUT_POLICY)


def test_every_model_about_a_customer_is_narrowed_to_her() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, pg_get_expr(p.polqual, p.polrelid),"
            " pg_get_expr(p.polwithcheck, p.polrelid)"
            " from pg_policy p join pg_class c on c.oid = p.polrelid"
        )
        policies = {name: (using, check) for name, using, check in cursor}
    for model in SCOPED:
        using, check = policies[model._meta.db_table]
        assert "app.tenant_id" in using
        assert using == check
        if issubclass(model, CustomerModel) or model is Customer:
            assert "app.customer_id" in using, model


def test_the_role_is_restricted() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select rolname, rolsuper, rolbypassrls from pg_roles"
            " where rolname = current_user"
        )
        assert cursor.fetchone() == ("recollect_app", False, False)


@pytest.mark.parametrize("model", SCOPED, ids=lambda m: m.__name__)
def test_without_a_scope_a_query_raises(model: type[TenantModel]) -> None:
    with pytest.raises(ScopeRequiredError):
        model.objects.all()


@pytest.mark.parametrize("model", SCOPED, ids=lambda m: m.__name__)
def test_without_a_scope_sql_sees_nothing(
    model: type[TenantModel], live_db: None
) -> None:
    table = model._meta.db_table
    with as_superuser() as admin:
        admin.execute("set session_replication_role = replica")
        columns = insert_anything(admin, table)
        assert columns
        assert count(admin, table) == 1
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        assert cursor.fetchone() == (0,)


def count(admin: Any, table: str) -> Any:
    return admin.execute(f"select count(*) from {table}").fetchone()[0]


def insert_anything(admin: Any, table: str) -> list[str]:
    """Insert one row with a neutral value in every column that needs one."""
    neutral = {
        "uuid": "gen_random_uuid()", "timestamp with time zone": "now()",
        "date": "current_date",
        "boolean": "false", "bigint": "1", "integer": "1", "smallint": "1",
        "double precision": "1", "jsonb": "'{}'", "ARRAY": "'{}'",
        "tsvector": "''::tsvector", "USER-DEFINED": "'[1]'::halfvec",
    }  # fmt: skip
    columns = admin.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name = %s"
        " and is_nullable = 'NO' and column_default is null",
        [table],
    ).fetchall()
    names = [f'"{name}"' for name, _ in columns]
    values = [neutral.get(kind, "'x'") for _, kind in columns]
    admin.execute(
        f"insert into {table} ({', '.join(names)}) values ({', '.join(values)})"
    )
    return names


def test_a_row_cannot_be_written_for_another_tenant(
    desk: Tenant, other_desk: Tenant
) -> None:
    with (
        tenant_scope(desk.id),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Customer.objects.create(tenant=other_desk, name="Planted")


def test_a_row_cannot_be_moved_to_another_tenant(
    elena: Customer, other_desk: Tenant
) -> None:
    with (
        tenant_scope(elena.tenant_id),
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        Customer.objects.filter(pk=elena.pk).update(tenant=other_desk)


def test_without_a_scope_nothing_can_be_inserted(desk: Tenant) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Customer(tenant=desk, name="Nobody").save(force_insert=True)


def test_customer_scope_hides_the_other_customers(
    elena: Customer, desk: Tenant
) -> None:
    other = make_customer(desk, "Otto")
    make_conversation(other, "My card ends in 12")
    with customer_scope(desk.id, elena.id):
        assert list(Customer.objects.all()) == [elena]
        assert not Message.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from chat_message")
            assert cursor.fetchone() == (0,)


def test_a_child_cannot_point_at_another_customers_parent(
    live_db: None, elena: Customer, desk: Tenant
) -> None:
    other = make_conversation(make_customer(desk, "Otto"), "Hello")
    with (
        pytest.raises(DatabaseError, match="chat_message_conversation"),
        tenant_scope(desk.id),
    ):
        Message.objects.create(
            tenant=desk,
            customer=elena,
            conversation=other,
            seq=9,
            author="customer",
        )


def test_a_nested_scope_gives_back_the_outer_one(
    elena: Customer, viktor: Customer
) -> None:
    with tenant_scope(elena.tenant_id):
        with tenant_scope(viktor.tenant_id):
            assert list(Customer.objects.all()) == [viktor]
        assert list(Customer.objects.all()) == [elena]
        with pytest.raises(ValueError, match="wrong"), tenant_scope(viktor.tenant_id):
            raise ValueError("wrong")
        assert list(Customer.objects.all()) == [elena]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from accounts_customer")
        assert cursor.fetchone() == (0,)


def test_identity_scope_sees_no_customer(elena: Customer) -> None:
    with identity_scope():
        assert Tenant.objects.count() == 1
        with pytest.raises(ScopeRequiredError):
            Customer.objects.count()
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from accounts_customer")
            assert cursor.fetchone() == (0,)


def test_the_audit_log_refuses_changes(desk: Tenant) -> None:
    with tenant_scope(desk.id):
        audit.record(actor="system", action="x.y", subject_type="x", subject_id=uuid4())
        for statement in (
            "update accounts_auditevent set actor = 'me'",
            "delete from accounts_auditevent",
            "truncate accounts_auditevent",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(statement)
        assert AuditEvent.objects.count() == 1
        assert not Conversation.objects.exists()
