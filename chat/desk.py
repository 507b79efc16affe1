"""What an admin decides about the desk: sites, clock, widget's secret, tools.

The only writes to these; each is in the audit log with its reason, and none of a
secret's own text.
"""

from uuid import UUID

from django.db import transaction

from accounts import time_zones
from accounts.audit import record
from accounts.models import Tenant, User, new_widget_secret
from accounts.scope import require_tenant
from chat.models import HttpTool


@transaction.atomic
def set_sites(*, user: User, sites: list[str], reason: str) -> Tenant:
    """Let these sites, and no other, show the widget in a frame.

    Args:
        user: The admin.
        sites: Origins, as `chat.sites.origins_of` returns them.
        reason: Why, in her own words.
    """
    tenant = _locked_tenant()
    tenant.widget_sites = sites
    tenant.save(update_fields=["widget_sites"])
    record(
        actor=user.actor,
        action="widget.sites_changed",
        subject_type="tenant",
        subject_id=tenant.pk,
        reason=reason,
        detail={"sites": len(sites)},
    )
    return tenant


@transaction.atomic
def set_time_zone(*, user: User, time_zone: str, reason: str) -> Tenant:
    """Choose the clock by which customers count who did not tell their own.

    Args:
        user: The admin.
        time_zone: By its IANA name.
        reason: Why, in her own words.

    Raises:
        ValidationError: There is no such zone.
    """
    time_zones.validate(time_zone)
    tenant = _locked_tenant()
    tenant.time_zone = time_zone
    tenant.save(update_fields=["time_zone"])
    record(
        actor=user.actor,
        action="desk.time_zone_changed",
        subject_type="tenant",
        subject_id=tenant.pk,
        reason=reason,
    )
    return tenant


@transaction.atomic
def replace_widget_secret(*, user: User, reason: str) -> str:
    """Make a new secret for the widget; tokens that the old one signed end here.

    Returns:
        The secret, to be shown once.
    """
    tenant = _locked_tenant()
    secret = new_widget_secret()
    tenant.widget_secret = secret
    tenant.save(update_fields=["widget_secret"])
    record(
        actor=user.actor,
        action="widget.secret_replaced",
        subject_type="tenant",
        subject_id=tenant.pk,
        reason=reason,
    )
    return secret


@transaction.atomic
def save_tool(
    *, user: User, tool: HttpTool, changed: list[str], reason: str
) -> HttpTool:
    """Add a tool of the assistant's, or change one.

    Args:
        user: The admin.
        tool: As it shall be.
        changed: Names of the fields that differ.
        reason: Why, in her own words.

    Raises:
        ValidationError: No tool may be so.
    """
    adding = tool._state.adding
    if adding:
        tool.tenant_id = require_tenant()
    tool.full_clean(exclude=["tenant"])
    tool.save()
    record(
        actor=user.actor,
        action="tool.added" if adding else "tool.changed",
        subject_type="tool",
        subject_id=tool.pk,
        reason=reason,
        detail={"changed": sorted(changed)},
    )
    return tool


@transaction.atomic
def delete_tool(*, user: User, tool_id: UUID, reason: str) -> None:
    """Take a tool away from the assistant.

    Raises:
        HttpTool.DoesNotExist: There is none.
    """
    tool: HttpTool = HttpTool.objects.select_for_update().get(pk=tool_id)
    record(
        actor=user.actor,
        action="tool.deleted",
        subject_type="tool",
        subject_id=tool.pk,
        reason=reason,
    )
    tool.delete()


def _locked_tenant() -> Tenant:
    tenant: Tenant = Tenant.objects.select_for_update().get(pk=require_tenant())
    return tenant
