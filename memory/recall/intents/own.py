"""What an admin decides about intents: the only writes to a desk's own examples.

Each is in the audit log, without the words. The examples are the desk's own text: an
export or an erasure of a customer does not touch them, so they may not name one.
"""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant, User
from accounts.scope import require_tenant
from memory import refusals, settings
from memory.models import IntentExample
from memory.recall.intents.catalogue import INTENTS
from memory.recall.intents.desk import changed

MOST: Final = 200
"""Examples of one desk; each is compared with every question."""

# What points at one person: an address, or a number of some length.
_PERSONAL = re.compile(r"\w@\w|(?:\d[ ./-]?){5}")


@transaction.atomic
def add(*, user: User, intent: str, text: str) -> IntentExample:
    """Add an example; it counts from the next message on. Twice is once.

    Args:
        user: The admin.
        intent: What it is an example of.
        text: What a customer might write.

    Raises:
        ValidationError: There may be no such example, or no more.
    """
    # Two admins at once count the same: one waits here for the other.
    Tenant.objects.select_for_update(no_key=True).get(pk=require_tenant())
    hers = IntentExample.objects.filter(tenant_id=require_tenant())
    if known := hers.filter(intent=intent, text__iexact=_plain(text)).first():
        found: IntentExample = known
        return found
    if hers.count() >= MOST:
        raise ValidationError(f"A desk has {MOST} examples at the most: delete one.")
    row = IntentExample(tenant_id=require_tenant(), intent=intent, text=text)
    return _save(user, row, "intent_example.added")


@transaction.atomic
def change(
    *, user: User, example: IntentExample, intent: str, text: str
) -> IntentExample:
    """Change an example.

    Args:
        user: The admin.
        example: Which.
        intent: What it is an example of.
        text: What a customer might write.

    Raises:
        ValidationError: There may be no such example.
        IntentExample.DoesNotExist: It was deleted meanwhile.
    """
    row = _locked(example)
    row.intent, row.text, row.changed_at = intent, text, timezone.now()
    return _save(user, row, "intent_example.changed")


@transaction.atomic
def delete(*, user: User, example: IntentExample) -> None:
    """Delete an example.

    Raises:
        IntentExample.DoesNotExist: It was deleted meanwhile.
    """
    row = _locked(example)
    tenant_id, example_id, intent = row.tenant_id, row.pk, row.intent
    row.delete()
    transaction.on_commit(lambda: changed(tenant_id))
    audit.record(
        actor=user.actor,
        action="intent_example.deleted",
        subject_type="intent_example",
        subject_id=example_id,
        detail={"intent": intent},
    )


@transaction.atomic
def let_model_decide(*, user: User, by_model: bool, reason: str) -> bool:
    """Let a connected model decide what messages are about, or the examples.

    Args:
        user: The admin.
        by_model: Whether the model does.
        reason: Why, in her own words.

    Returns:
        Whether it was otherwise before.
    """
    tenant_id = require_tenant()
    transaction.on_commit(lambda: changed(tenant_id))
    values = {"intents_by_model": by_model}
    return bool(settings.change(user=user, values=values, reason=reason))


def _save(user: User, row: IntentExample, action: str) -> IntentExample:
    row.text = _plain(row.text)
    if row.intent not in INTENTS:
        raise ValidationError({"intent": "Choose one of the intents."})
    if refusals.refuses(row.text):
        raise ValidationError(
            {"text": "Leave out secrets, health and the like: memory refuses them."}
        )
    if _PERSONAL.search(row.text):
        raise ValidationError(
            {"text": "Leave out addresses and long numbers: it is about nobody."}
        )
    row.full_clean()
    row.save()
    tenant_id = row.tenant_id
    transaction.on_commit(lambda: changed(tenant_id))
    audit.record(
        actor=user.actor,
        action=action,
        subject_type="intent_example",
        subject_id=row.pk,
        detail={"intent": row.intent},
    )
    return row


def _plain(text: str) -> str:
    return " ".join(text.split())


def _locked(example: IntentExample) -> IntentExample:
    row: IntentExample = IntentExample.objects.select_for_update().get(pk=example.pk)
    return row
