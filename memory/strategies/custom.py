"""What an admin decides about strategies: the only writes to them.

Each is in the audit log with its reason. A strategy runs only as it was tried: whatever
changes it turns it off until it is tried again.
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.scope import require_tenant
from memory.models import CustomStrategy

# Each is a call of its own for every conversation.
MAX_ENABLED = 3


@transaction.atomic
def save(*, user: User, strategy: CustomStrategy, reason: str) -> CustomStrategy:
    """Add a strategy, or change one: its next version, which is off until tried.

    Args:
        user: The admin.
        strategy: As it shall be.
        reason: Why, in her own words.

    Raises:
        ValidationError: No strategy may be so.
    """
    adding = strategy._state.adding
    if adding:
        strategy.tenant_id = require_tenant()
    else:
        strategy.version = _locked(strategy.pk).version + 1
    strategy.enabled, strategy.trial, strategy.tried_at = False, {}, None
    strategy.changed_by, strategy.changed_at = user, timezone.now()
    strategy.full_clean(exclude=["tenant"])
    strategy.save()
    _record(user, "strategy.added" if adding else "strategy.changed", strategy, reason)
    return strategy


@transaction.atomic
def keep_trial(
    *, user: User, strategy_id: UUID, version: int, numbers: dict[str, Any]
) -> bool:
    """Keep the numbers of a dry run; False when the strategy was changed meanwhile.

    Args:
        user: Who tried it.
        strategy_id: Which strategy.
        version: Which of its versions was tried.
        numbers: What `memory.strategies.trial` counted.
    """
    row = CustomStrategy.objects.select_for_update().filter(pk=strategy_id).first()
    if row is None or row.version != version:
        return False
    row.trial, row.tried_at = numbers, timezone.now()
    # What fails now does not go on because it passed once.
    row.enabled = row.enabled and has_passed(row)
    row.save(update_fields=["trial", "tried_at", "enabled"])
    _record(user, "strategy.tried", row)
    return True


def has_passed(strategy: CustomStrategy) -> bool:
    """Say whether the last dry run read something, and all of it had the shape."""
    numbers = strategy.trial
    return bool(numbers.get("read")) and not numbers.get("schema_errors")


@transaction.atomic
def enable(*, user: User, strategy_id: UUID, reason: str) -> None:
    """Let a strategy run that has passed its dry run.

    Raises:
        ValidationError: It has not, or too many run already.
        CustomStrategy.DoesNotExist: There is none.
    """
    # All of them, in one order: two admins at once count the same.
    rows = list(CustomStrategy.objects.select_for_update().order_by("pk"))
    row = next((each for each in rows if each.pk == strategy_id), None)
    if row is None:
        raise CustomStrategy.DoesNotExist
    if not has_passed(row):
        raise ValidationError("Try it first: only what passed a dry run can be on.")
    if sum(each.enabled for each in rows if each is not row) >= MAX_ENABLED:
        raise ValidationError(f"Up to {MAX_ENABLED} can be on: turn another one off.")
    _switch(user, row, enabled=True, reason=reason)


@transaction.atomic
def disable(*, user: User, strategy_id: UUID, reason: str) -> None:
    """Let a strategy run no longer; what it found stays.

    Raises:
        CustomStrategy.DoesNotExist: There is none.
    """
    _switch(user, _locked(strategy_id), enabled=False, reason=reason)


@transaction.atomic
def delete(*, user: User, strategy_id: UUID, reason: str) -> None:
    """Delete a strategy; what it found stays.

    Raises:
        CustomStrategy.DoesNotExist: There is none.
    """
    row = _locked(strategy_id)
    _record(user, "strategy.deleted", row, reason)
    row.delete()


def _switch(user: User, row: CustomStrategy, *, enabled: bool, reason: str) -> None:
    row.enabled = enabled
    row.save(update_fields=["enabled"])
    _record(user, "strategy.enabled" if enabled else "strategy.disabled", row, reason)


def _locked(strategy_id: UUID) -> CustomStrategy:
    row: CustomStrategy = CustomStrategy.objects.select_for_update().get(pk=strategy_id)
    return row


def _record(
    user: User, action: str, strategy: CustomStrategy, reason: str = ""
) -> None:
    record(
        actor=user.actor,
        action=action,
        subject_type="strategy",
        subject_id=strategy.pk,
        reason=reason,
        detail={"version": strategy.version},
    )
