"""Writes every fact of a tenant with its evidence."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from accounts import audit
from accounts.management.tenants import tenant_by_slug
from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from chat.management.measuring import imported_ids, output
from chat.models import Conversation
from memory.models import Evidence, Fact


class Command(BaseCommand):
    """`manage.py dump_facts --tenant SLUG --out OUT`."""

    help = "Write all facts, current and past, one JSON object a line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--out", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        desk = tenant_by_slug(options["tenant"])
        count = 0
        with output(options["out"]) as write:
            for row in _rows(desk):
                write(row)
                count += 1
        self.stdout.write(f"{count} facts")


def _rows(desk: Tenant) -> Iterator[dict[str, Any]]:
    with tenant_scope(desk.id):
        customers: dict[UUID, str] = {
            c.id: c.external_id or str(c.id) for c in Customer.objects.all()
        }
    for customer_id, name in customers.items():
        with tenant_scope(desk.id):
            rows = list(_facts_of(customer_id, name))
            audit.memory_read(
                actor="operator",
                customer_id=customer_id,
                purpose="dump",
                seen={"facts": len(rows)},
            )
        yield from rows


def _facts_of(customer_id: UUID, customer: str) -> Iterator[dict[str, Any]]:
    facts = list(
        Fact.objects.filter(customer_id=customer_id)
        .prefetch_related("evidence")
        .order_by("valid_from", "id")
    )
    conversations = dict(
        Conversation.objects.filter(customer_id=customer_id).values_list(
            "id", "external_id"
        )
    )
    names = imported_ids(
        e.message_id for fact in facts for e in fact.evidence.all() if e.message_id
    )
    for fact in facts:
        # What staff corrected rests on no message.
        for evidence in fact.evidence.all() or [Evidence()]:
            yield _row(fact, evidence, customer, conversations, names)


def _row(
    fact: Fact,
    evidence: Evidence,
    customer: str,
    conversations: dict[UUID, str],
    names: dict[UUID, str],
) -> dict[str, Any]:
    conversation = evidence.conversation_id or fact.conversation_id
    return {
        "customer": customer,
        "conversation": conversation
        and (conversations.get(conversation) or str(conversation)),
        "key": fact.key,
        "value": fact.value,
        "normal": fact.normal,
        "text": fact.text,
        "kind": fact.kind,
        "purpose": fact.purpose,
        "source": fact.source,
        "valid_from": fact.valid_from.isoformat(),
        "recorded_at": fact.recorded_at.isoformat(),
        "valid_to": fact.valid_to.isoformat() if fact.valid_to else None,
        "evidence": {
            "message": names.get(evidence.message_id, str(evidence.message_id))
            if evidence.message_id
            else None,
            "span": evidence.span,
            "author": evidence.author if evidence.message_id else None,
        },
    }
