"""Asks memory a file of questions and writes what it recalled."""

import sys
import time
from argparse import ArgumentParser
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import audit
from accounts.management.tenants import tenant_by_slug
from accounts.models import Customer, Tenant
from accounts.scope import customer_scope, tenant_scope
from chat import transcripts
from chat.imports import moment
from chat.management.measuring import (
    existing_file,
    imported_ids,
    numbered_objects,
    output,
)
from memory import context, recall
from memory.context import Context
from memory.llm.plain_text import storable
from memory.recall import Recalled

# More than any budget in use can hold: packing decides what is in the context.
CONTEXT_CANDIDATES = 100


class Command(BaseCommand):
    """`manage.py recall_questions FILE --tenant SLUG --out OUT`."""

    help = "Recall for every question of a file; one JSON object a line, in and out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="questions.jsonl")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--out", required=True)
        parser.add_argument("--limit", type=int, default=20)
        parser.add_argument("--as-of", help="ISO 8601; each question's asked_at else")
        parser.add_argument("--context-tokens", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        path = existing_file(options["file"])
        desk = tenant_by_slug(options["tenant"])
        try:
            as_of = moment(options["as_of"], "--as-of")
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        if options["limit"] < 1 or options["context_tokens"] < 0:
            raise CommandError("--limit is 1 or more, --context-tokens 0 or more.")
        recall.prepare(
            "The first question must not pay for loading the model.", tenant_id=desk.id
        )
        bad = 0
        asked_about: set[UUID] = set()
        with output(options["out"]) as write:
            for number, question, problem in tqdm(
                numbered_objects(path), unit=" questions", file=sys.stderr
            ):
                try:
                    if question is None:
                        raise ValueError(problem)
                    answer = _ask(desk, question, as_of, options, asked_about)
                except ValueError as error:
                    bad += 1
                    tqdm.write(f"line {number}: {error}", file=sys.stderr)
                    continue
                write(answer)
        if bad:
            raise CommandError(f"{bad} questions could not be asked.")


def _ask(
    desk: Tenant,
    question: dict[str, Any],
    as_of: datetime | None,
    options: dict[str, Any],
    asked_about: set[UUID],
) -> dict[str, Any]:
    for name in ("id", "customer", "query"):
        if not isinstance(question.get(name), str) or not question[name].strip():
            raise ValueError(f"{name} must be a text that is not empty")
    asked_at = as_of or moment(question.get("asked_at"), "asked_at")
    with tenant_scope(desk.id):
        customer = Customer.objects.filter(
            external_id=storable(question["customer"])
        ).first()
    if customer is None:
        raise ValueError(f"there is no customer {question['customer']!r}")
    _record_read(customer, asked_about)
    started = time.perf_counter()
    found = recall.find(
        storable(question["query"]),
        tenant_id=desk.id,
        customer_id=customer.id,
        limit=max(options["limit"], CONTEXT_CANDIDATES),
        as_of=asked_at,
        look_again=partial(
            transcripts.look_again, customer_id=customer.id, as_of=asked_at
        ),
    )
    latency_ms = (time.perf_counter() - started) * 1000
    results = found[: options["limit"]]
    packed = context.pack(
        desk=desk.name,
        marked_for=customer.id,
        budget_tokens=desk.context_tokens,
        buffer=(),
        recalled=found,
        memory_tokens=options["context_tokens"],
    )
    with customer_scope(desk.id, customer.id):
        return _answer(question["id"], latency_ms, results, packed)


def _record_read(customer: Customer, asked_about: set[UUID]) -> None:
    """Record once a run whose memory it reads: thousands of questions are one look."""
    if customer.id in asked_about:
        return
    asked_about.add(customer.id)
    with tenant_scope(customer.tenant_id):
        audit.memory_read(
            actor="operator", customer_id=customer.id, purpose="measurement"
        )


def _answer(
    question_id: str, latency_ms: float, results: list[Recalled], packed: Context
) -> dict[str, Any]:
    names = imported_ids(
        message_id
        for memory in (*results, *packed.recalled)
        for message_id in memory.message_ids
    )
    in_context = [
        names[message_id]
        for memory in packed.recalled
        for message_id in memory.message_ids
        if message_id in names
    ]
    return {
        "id": question_id,
        "latency_ms": round(latency_ms, 2),
        "results": [
            {
                "kind": memory.kind,
                "id": str(memory.source_id),
                "messages": [names[m] for m in memory.message_ids if m in names],
                "text": memory.text,
                "score": round(memory.score, 6),
            }
            for memory in results
        ],
        "context_tokens": packed.ledger.memory,
        "context_messages": list(dict.fromkeys(in_context)),
    }
