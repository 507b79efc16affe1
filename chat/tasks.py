"""Background work on conversations: thin wrappers that open the scope."""

import logging
from datetime import timedelta
from uuid import UUID

from asgiref.sync import async_to_sync
from celery import shared_task
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Tenant
from accounts.scope import identity_scope, tenant_scope
from chat import assistant, due, remembering, rewriting, wishes
from chat.models import Conversation
from chat.tokens import counting

logger = logging.getLogger(__name__)

# A live turn is younger; what is older was left behind by a process that died.
OWED_AFTER = timedelta(seconds=10)
# Time enough to record, before the task's own limit kills its process.
CONSOLIDATE_FOR_S = settings.CELERY_TASK_TIME_LIMIT - 5
_PAGE = 50


@shared_task(soft_time_limit=CONSOLIDATE_FOR_S)
def consolidate_conversation(
    *, tenant_id: str, customer_id: str, conversation_id: str
) -> None:
    """Bring what is new in a conversation into memory."""
    remembering.consolidate(UUID(tenant_id), UUID(customer_id), UUID(conversation_id))


@shared_task
def roll_up_conversation(
    *, tenant_id: str, customer_id: str, conversation_id: str
) -> None:
    """Summarise the older half of a long running conversation."""
    remembering.roll_up(UUID(tenant_id), UUID(customer_id), UUID(conversation_id))


@shared_task
def rewrite_summary(*, tenant_id: str, customer_id: str, summary_id: str) -> None:
    """Write a stored summary once more, since staff asked for it."""
    rewriting.rewrite(UUID(tenant_id), UUID(customer_id), UUID(summary_id))


@shared_task
def honour_wish(
    *, tenant_id: str, customer_id: str, conversation_id: str, message_id: str
) -> None:
    """Forget what a customer wished not to be remembered."""
    wishes.honour(
        UUID(tenant_id), UUID(customer_id), UUID(conversation_id), UUID(message_id)
    )


@shared_task
def answer_conversation(
    *, tenant_id: str, customer_id: str, conversation_id: str
) -> None:
    """Write the answer that a conversation is owed."""
    async_to_sync(assistant.answer)(
        UUID(tenant_id), UUID(customer_id), UUID(conversation_id)
    )


@shared_task
def answer_owed_turns() -> None:
    """Find questions whose answer died with a process, and answer them."""
    now = timezone.now()
    dead = Q(turn_expires_at=None) | Q(turn_expires_at__lt=now)
    for tenant_id in _tenant_ids():
        with tenant_scope(tenant_id):
            owed = list(
                Conversation.objects.filter(
                    dead,
                    asked_seq__gt=F("answered_seq"),
                    owner=Conversation.Owner.ASSISTANT,
                    status=Conversation.Status.OPEN,
                    last_message_at__lt=now - OWED_AFTER,
                ).values_list("customer_id", "id")[:_PAGE]
            )
        for customer_id, conversation_id in owed:
            answer_conversation.delay(
                tenant_id=str(tenant_id),
                customer_id=str(customer_id),
                conversation_id=str(conversation_id),
            )


@shared_task
def consolidate_due() -> None:
    """Consolidate what is due: planned for now, to be tried again, or left behind."""
    for tenant_id in _tenant_ids():
        with tenant_scope(tenant_id):
            remembering.give_up_cut_off()
            taken = due.take()
        for customer_id, conversation_id in taken:
            consolidate_conversation.delay(
                tenant_id=str(tenant_id),
                customer_id=str(customer_id),
                conversation_id=str(conversation_id),
            )


@shared_task
def plan_unplanned() -> None:
    """Plan what no plan covers: conversations from before there were plans."""
    for tenant_id in _tenant_ids():
        with tenant_scope(tenant_id):
            due.plan_unplanned()


@shared_task
def count_tokens() -> None:
    """Add what answers took since the last time to the numbers of their days."""
    for tenant_id in _tenant_ids():
        with tenant_scope(tenant_id):
            counting.roll_up(now=timezone.now())


def _tenant_ids() -> list[UUID]:
    with identity_scope():
        return list(Tenant.objects.values_list("id", flat=True))
