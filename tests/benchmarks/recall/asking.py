"""Asks recall a set's questions: as the product does, and in other ways."""

import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final, TypeVar
from uuid import UUID

from django.core.management import call_command
from tqdm import tqdm

from accounts.management.tenants import tenant_by_slug
from accounts.models import Customer, Tenant
from accounts.scope import customer_scope, tenant_scope
from chat.models import Message
from memory import recall
from memory.recall import Recalled
from tests.benchmarks.recall.scorer import Answer
from tests.benchmarks.recall.sets import Question, Set
from tests.benchmarks.recall.variants import Variant
from tests.benchmarks.replay import lines

CONTEXT_TOKENS: Final = 2_000
_RESULTS: Final = 20

K = TypeVar("K", bound=Hashable)


def by_command(those: Set, slug: str) -> list[Answer]:
    """Answer as `manage.py recall_questions` does, with packed contexts and times."""
    with NamedTemporaryFile(suffix=".jsonl") as out:
        call_command(
            "recall_questions",
            str(those.questions_file),
            tenant=slug,
            out=out.name,
            limit=_RESULTS,
            context_tokens=CONTEXT_TOKENS,
        )
        said = {line["id"]: line for line in lines(Path(out.name))}
    return [_answer(said[question.id]) for question in those.questions]


def in_variants(
    those: Set, slug: str, variants: Mapping[K, Variant]
) -> dict[K, list[Answer]]:
    """Answer in each of these ways; a question is understood once for all of them."""
    desk = tenant_by_slug(slug)
    with tenant_scope(desk.id):
        customers = dict(Customer.objects.values_list("external_id", "id"))
        names = dict(Message.objects.values_list("id", "external_id"))
    answers: dict[K, list[Answer]] = {name: [] for name in variants}
    for question in tqdm(
        those.questions, unit=" questions", file=sys.stderr, mininterval=20
    ):
        found = _found(desk, customers[question.customer], question, variants)
        for name, memories in found.items():
            answers[name].append(
                Answer(
                    list(
                        dict.fromkeys(
                            names[message]
                            for memory in memories[:_RESULTS]
                            for message in memory.message_ids
                            if message in names
                        )
                    ),
                    best=memories[0].score if memories else 0.0,
                )
            )
    return answers


def _found(
    desk: Tenant, customer: UUID, question: Question, variants: Mapping[K, Variant]
) -> dict[K, list[Recalled]]:
    query = recall.prepare(
        question.text,
        tenant_id=desk.id,
        customer_id=customer,
        asked_at=question.asked_at,
    )
    # Models are asked before the scope is open.
    queries = {name: it.asked(query) for name, it in variants.items()}
    with customer_scope(desk.id, customer):
        return {
            name: it.ordered(
                recall.recall(
                    queries[name],
                    customer_id=customer,
                    limit=it.limit,
                    as_of=question.asked_at,
                    weights=it.weights,
                )
            )
            for name, it in variants.items()
        }


def _answer(said: dict[str, Any]) -> Answer:
    results = said["results"]
    return Answer(
        list(dict.fromkeys(name for each in results for name in each["messages"])),
        context=frozenset(said["context_messages"]),
        best=results[0]["score"] if results else 0.0,
        took_ms=said["latency_ms"],
    )
