"""What a query sees: the rows of the scope, and without a scope an error."""

from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import QuerySet

from accounts.scope import ScopeRequiredError, current_scope, require_tenant

if TYPE_CHECKING:
    from accounts.models import SingleSignOn, Tenant, User

M = TypeVar("M", bound=models.Model)


class TenantManager(models.Manager[M]):
    """Rows of the tenant in scope; asking without a scope raises."""

    def get_queryset(self) -> QuerySet[M]:
        """Return the rows of the tenant in scope."""
        return super().get_queryset().filter(tenant_id=require_tenant())


class CustomerManager(TenantManager[M]):
    """Rows of the tenant, and of the one customer while a customer scope is open."""

    customer_field = "customer_id"

    def get_queryset(self) -> QuerySet[M]:
        """Return the rows that the scope shows."""
        rows = super().get_queryset()
        customer_id = current_scope().customer_id
        if customer_id is not None:
            rows = rows.filter(**{self.customer_field: customer_id})
        return rows


class CustomersManager(CustomerManager[M]):
    """The customers themselves: their own id is what narrows them."""

    customer_field = "id"


def _identity_rows(rows: QuerySet[M], tenant_field: str) -> QuerySet[M]:
    scope = current_scope()
    if scope.identity:
        return rows
    if scope.tenant_id is None:
        raise ScopeRequiredError(
            "Users and tenants are read inside identity_scope() or a tenant's scope."
        )
    return rows.filter(**{tenant_field: scope.tenant_id})


class TenantsManager(models.Manager["Tenant"]):
    """The tenant in scope; all of them inside an identity scope."""

    def get_queryset(self) -> QuerySet["Tenant"]:
        """Return the tenants that the scope shows."""
        return _identity_rows(super().get_queryset(), "id")


class UsersManager(BaseUserManager["User"]):
    """Staff of the tenant in scope; of all tenants inside an identity scope."""

    def get_queryset(self) -> QuerySet["User"]:
        """Return the users that the scope shows."""
        return _identity_rows(super().get_queryset(), "tenant_id")


class SingleSignOnManager(TenantManager["SingleSignOn"]):
    """The provider of the tenant in scope; of all tenants inside an identity scope."""

    def get_queryset(self) -> QuerySet["SingleSignOn"]:
        """Return the providers that the scope shows."""
        return _identity_rows(super(TenantManager, self).get_queryset(), "tenant_id")
