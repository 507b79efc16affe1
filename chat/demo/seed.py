"""Fills the demo: desks, staff, customers, their history, and what is remembered of it.

Facts and episodes are not written here: finished conversations go through the same
consolidation as every other one. Each step is idempotent, so that an interrupted run is
continued by the next; an audit event marks a desk as complete.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts import audit
from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import imports, remembering
from chat.demo.shop import AUTH_HEADER, shop_token
from chat.demo.stories import (
    ASSISTANT,
    STORIES_DIR,
    ConversationStory,
    TenantStory,
    load_stories,
)
from chat.models import Conversation, HttpTool
from memory import requests
from memory.models import PrivacyRequest

# Known on purpose: the demo runs on one machine, with made-up people.
DEMO_PASSWORD = "recollect-demo"  # noqa: S105 - see above
_SEEDED = "demo.seeded"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What a run added; zeros when there was nothing left to do."""

    tenants: int = 0
    conversations: int = 0
    messages: int = 0
    consolidated: int = 0


def seed(now: datetime, *, say: Say) -> SeedReport:
    """Bring every desk of the stories into the database, unless it is there already.

    Args:
        now: the moment that the stories lead up to.
        say: takes one line for each step.
    """
    stories = demo_stories(now)
    tenants = [_tenant(story) for story in stories]
    password = ""
    tenants_added = conversations = messages = consolidated = 0
    for story, tenant in zip(stories, tenants, strict=True):
        _register_shop(tenant)
        if _is_seeded(tenant):
            continue
        # Argon2 is slow by design: one hash serves all.
        password = password or make_password(DEMO_PASSWORD)
        staff = _add_staff(story, tenant, password)
        _add_customers(story, tenant)
        say(f"{story.name}: {len(staff)} staff, {len(story.customers)} customers")
        stored, added = _add_conversations(story, tenant, staff)
        say(f"{story.name}: {len(stored)} conversations, {added} messages")
        done = _consolidate(story, tenant, stored)
        say(f"{story.name}: {done} finished conversations remembered")
        _open_request(tenant, staff)
        _mark_seeded(tenant)
        tenants_added += 1
        conversations += len(stored)
        messages += added
        consolidated += done
    return SeedReport(tenants_added, conversations, messages, consolidated)


def demo_stories(now: datetime) -> list[TenantStory]:
    """Return the desks, the paid plan first: it shows all that there is."""
    stories = load_stories(now, directory=STORIES_DIR)
    return sorted(stories, key=lambda story: story.plan != "paid")


def write_logins(path: Path, stories: list[TenantStory]) -> None:
    """Write every login for the banner of `make demo`, readable by its owner alone."""
    logins = [
        {
            "role": member.role,
            "email": member.email,
            "password": DEMO_PASSWORD,
            "tenant": story.name,
        }
        for story in stories
        for member in story.staff
    ]
    path.touch(mode=0o600)
    path.write_text(json.dumps(logins, indent=2) + "\n", encoding="utf-8")


def _open_request(tenant: Tenant, staff: dict[str, User]) -> None:
    """Let somebody have asked for her data, where the desk has an officer for it."""
    officers = (user for user in staff.values() if user.role == User.Role.COMPLIANCE)
    officer = next(officers, None)
    with tenant_scope(tenant.id):
        if officer is None or PrivacyRequest.objects.exists():
            return
        requests.open_request(
            kind=PrivacyRequest.Kind.ACCESS,
            customers=list(Customer.objects.order_by("external_id")[:1]),
            reason="asked by email, ticket 118",
            user=officer,
        )


def _tenant(story: TenantStory) -> Tenant:
    with identity_scope():
        tenant, _ = Tenant.objects.get_or_create(
            slug=story.slug,
            defaults={
                "name": story.name,
                "plan": story.plan,
                # Made up; the demo's own shop may frame the widget as it is.
                "widget_sites": [f"https://{story.slug}.example"],
            },
        )
    return tenant


def _is_seeded(tenant: Tenant) -> bool:
    with tenant_scope(tenant.id):
        return AuditEvent.objects.filter(tenant=tenant, action=_SEEDED).exists()


def _mark_seeded(tenant: Tenant) -> None:
    with tenant_scope(tenant.id):
        audit.record(
            actor="system",
            action=_SEEDED,
            subject_type="tenant",
            subject_id=tenant.id,
        )


def _register_shop(tenant: Tenant) -> None:
    """Offer the order look-up; at every run, since the demo's port may have changed."""
    base = f"{settings.PUBLIC_URL}/demo/shop-api/{tenant.slug}/orders"
    with tenant_scope(tenant.id):
        HttpTool.objects.update_or_create(
            tenant=tenant,
            name="look_up_order",
            defaults={
                "description": (
                    "Looks an order up by its number: status, items, carrier, expected"
                    " or actual delivery day, address, whether it can be changed."
                ),
                "parameters": {
                    "type": "object",
                    "properties": {
                        "order_number": {
                            "type": "string",
                            "description": "The order's number, such as LF-20418.",
                        }
                    },
                    "required": ["order_number"],
                    "additionalProperties": False,
                },
                "url": f"{base}/{{order_number}}?customer={{customer}}",
                "header_name": AUTH_HEADER,
                "header_value": shop_token(),
            },
        )


def _add_staff(story: TenantStory, tenant: Tenant, password: str) -> dict[str, User]:
    staff = {}
    with identity_scope():
        for member in story.staff:
            staff[member.email], _ = User.objects.get_or_create(
                email=member.email,
                defaults={
                    "tenant": tenant,
                    "name": member.name,
                    "role": member.role,
                    "password": password,
                },
            )
    return staff


def _add_customers(story: TenantStory, tenant: Tenant) -> None:
    first_seen: dict[str, datetime] = {}
    last_seen: dict[str, datetime] = {}
    for conversation in story.conversations:
        customer_id = conversation.customer_id
        first_seen.setdefault(customer_id, conversation.messages[0].sent_at)
        last_seen[customer_id] = conversation.messages[-1].sent_at
    with tenant_scope(tenant.id):
        for told in story.customers:
            customer, created = Customer.objects.get_or_create(
                tenant=tenant,
                external_id=told.id,
                defaults={
                    "name": told.name,
                    "email": told.email,
                    "verified": told.verified,
                    "last_seen_at": last_seen.get(told.id),
                },
            )
            if created and told.id in first_seen:
                customer.created_at = first_seen[told.id]
                customer.save(update_fields=["created_at"])


def _add_conversations(
    story: TenantStory, tenant: Tenant, staff: dict[str, User]
) -> tuple[list[Conversation], int]:
    stored = []
    messages = 0
    names = {customer.id: customer.name for customer in story.customers}
    with tenant_scope(tenant.id):
        for told in story.conversations:
            conversation, added = imports.import_conversation(
                _as_import(told, names[told.customer_id]),
                close=told.status == "closed",
            )
            if added:
                _give_to_owner(conversation, told, staff)
            stored.append(conversation)
            messages += added
    return stored, messages


def _as_import(
    story: ConversationStory, customer_name: str
) -> imports.ImportedConversation:
    return imports.ImportedConversation(
        id=story.id,
        customer_id=story.customer_id,
        customer_name=customer_name,
        started_at=story.messages[0].sent_at,
        subject=story.subject,
        messages=tuple(
            imports.ImportedMessage(
                id=message.id,
                author=message.author,
                author_name=message.author_name,
                content=message.text,
                sent_at=message.sent_at,
                is_note=message.note,
            )
            for message in story.messages
        ),
    )


def _give_to_owner(
    conversation: Conversation, story: ConversationStory, staff: dict[str, User]
) -> None:
    conversation.channel = story.channel
    if story.owner != ASSISTANT:
        conversation.owner = Conversation.Owner.AGENT
        conversation.agent = staff[story.owner]
    elif story.status == "open" and story.messages[-1].author == "customer":
        # The assistant owes this answer, and gives it once the demo runs.
        conversation.answered_seq = conversation.asked_seq - 1
    conversation.save()


def _consolidate(story: TenantStory, tenant: Tenant, stored: list[Conversation]) -> int:
    # Oldest first: what was said later supersedes what was said before.
    return sum(
        remembering.consolidate_all(
            tenant.id, conversation.customer_id, conversation.id
        )
        for told, conversation in zip(story.conversations, stored, strict=True)
        if told.status == "closed"
    )
