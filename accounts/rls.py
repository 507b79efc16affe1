"""Row-level security as a model constraint, so that the policy travels in migrations.

Every predicate is a bare comparison with a setting wrapped in a scalar subquery: the
planner evaluates it once and can use an index (a CASE expression cannot). The settings
read '' rather than NULL after their first use in a session, hence `nullif`.
"""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import Model

_TENANT = "nullif((select current_setting('app.tenant_id', true)), '')::uuid"
_CUSTOMER = "nullif((select current_setting('app.customer_id', true)), '')::uuid"
_IDENTITY = "(select current_setting('app.identity', true)) = 'on'"


class _AfterTheTable(models.BaseConstraint):
    """A constraint of the database's own, made once its table is there."""

    def sql(self, model: type[Model]) -> Statement:
        """Return the statement that creates it."""
        raise NotImplementedError

    def drop_sql(self, model: type[Model]) -> Statement:
        """Return the statement that removes it."""
        raise NotImplementedError

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that creates it."""
        return self.sql(model)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that removes it."""
        return self.drop_sql(model)

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Put it off: it cannot stand inside CREATE TABLE."""
        editor: BaseDatabaseSchemaEditor = schema_editor
        editor.deferred_sql.append(self.sql(model))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to validate in Python: PostgreSQL holds it."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__


class RowLevelSecurity(_AfterTheTable):
    """Forced row-level security on a model's table.

    Args:
        name: Name of the policy.
        tenant: Column that holds the tenant's id.
        customer: Column that holds the customer's id, for rows about a person; they
            are then narrowed to that customer while a customer scope is open.
        identity: Whether the rows can also be read while finding out who is there.
    """

    def __init__(
        self,
        *,
        name: str,
        tenant: str = "tenant_id",
        customer: str = "",
        identity: bool = False,
    ) -> None:
        super().__init__(name=name)
        self.tenant = tenant
        self.customer = customer
        self.identity = identity

    def predicate(self) -> str:
        """Return the SQL condition under which a row may be seen and written."""
        sql = f"{self.tenant} = {_TENANT}"
        if self.customer:
            sql += f" AND ({_CUSTOMER} IS NULL OR {self.customer} = {_CUSTOMER})"
        if self.identity:
            sql = f"({sql}) OR {_IDENTITY}"
        return sql

    def sql(self, model: type[Model]) -> Statement:
        """Return the statement that locks the table, for its owner as well."""
        return Statement(
            'ALTER TABLE "%(table)s" ENABLE ROW LEVEL SECURITY;'
            ' ALTER TABLE "%(table)s" FORCE ROW LEVEL SECURITY;'
            ' CREATE POLICY "%(policy)s" ON "%(table)s"'
            " USING (%(predicate)s) WITH CHECK (%(predicate)s)",
            table=model._meta.db_table,
            policy=self.name,
            predicate=self.predicate(),
        )

    def drop_sql(self, model: type[Model]) -> Statement:
        """Return the statement that drops the policy; the table stays locked."""
        return Statement(
            'DROP POLICY "%(policy)s" ON "%(table)s"',
            policy=self.name,
            table=model._meta.db_table,
        )

    def deconstruct(self) -> Any:
        """Return what a migration writes down."""
        path, args, kwargs = super().deconstruct()
        kwargs["tenant"] = self.tenant
        kwargs["customer"] = self.customer
        kwargs["identity"] = self.identity
        return path, args, kwargs


class SameScopeKey(_AfterTheTable):
    """A foreign key that carries the scope along, so a child cannot point elsewhere.

    Plain foreign keys are checked without row-level security: one that holds another
    tenant's id would be accepted. This one spans `(tenant_id, <customer_id>, <field>)`.

    Args:
        name: Name of the constraint.
        field: Name of the foreign-key field (declared with `db_constraint=False`).
        customer: Whether the customer must be the same as well.
    """

    def __init__(self, *, name: str, field: str, customer: bool = False) -> None:
        super().__init__(name=name)
        self.field = field
        self.customer = customer

    def sql(self, model: type[Model]) -> Statement:
        """Return the statement that adds the key."""
        field: Any = model._meta.get_field(self.field)
        scope = "tenant_id, customer_id" if self.customer else "tenant_id"
        return Statement(
            'ALTER TABLE "%(table)s" ADD CONSTRAINT "%(name)s" FOREIGN KEY'
            ' (%(scope)s, %(column)s) REFERENCES "%(parent)s" (%(scope)s, id)'
            " DEFERRABLE INITIALLY DEFERRED",
            table=model._meta.db_table,
            name=self.name,
            scope=scope,
            column=field.column,
            parent=field.related_model._meta.db_table,
        )

    def drop_sql(self, model: type[Model]) -> Statement:
        """Return the statement that drops the key."""
        return Statement(
            'ALTER TABLE "%(table)s" DROP CONSTRAINT "%(name)s"',
            table=model._meta.db_table,
            name=self.name,
        )

    def deconstruct(self) -> Any:
        """Return what a migration writes down."""
        path, args, kwargs = super().deconstruct()
        kwargs["field"] = self.field
        kwargs["customer"] = self.customer
        return path, args, kwargs
