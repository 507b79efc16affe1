"""What is timed: the product's recall, and the barest statement that does its work.

Everything runs as the serving role under row-level security.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import close_old_connections, connection
from pgvector import HalfVector

from accounts.models import Customer
from accounts.scope import customer_scope, tenant_scope
from memory import recall
from memory.llm import gateway
from tests.benchmarks.latency.limit import LIMIT
from tests.benchmarks.latency.words import Vocabulary


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a customer's memory; the vector is that of another one like it."""

    tenant_id: UUID
    customer_id: UUID
    text: str
    query: recall.Query
    vector: str
    terms: str


class Questions:
    """Questions about customers with so many memories, without end."""

    def __init__(self, seed: int, customers: list[tuple[UUID, UUID]]) -> None:
        self.chance = Random(seed)
        self.customers = customers
        self.words = Vocabulary(seed)
        self.salt = seed
        texts = self.words.questions(200)
        vectors = gateway.embed(texts, cached=False)
        model = gateway.embedding_model()
        self.pool = [
            (
                recall.Query(text=text, vector=vector, model=model),
                HalfVector(vector).to_text(),
                " | ".join(word for word in text.split() if word.isalpha()),
            )
            for text, vector in zip(texts, vectors, strict=True)
        ]

    def draw(self, count: int) -> list[Asked]:
        """Return so many; none of their texts was ever asked before."""
        self.salt += 1
        drawn = []
        for text in self.words.questions(count):
            tenant_id, customer_id = self.chance.choice(self.customers)
            query, vector, terms = self.chance.choice(self.pool)
            drawn.append(
                Asked(
                    tenant_id, customer_id, f"{text} {self.salt}", query, vector, terms
                )
            )
        return drawn


def customers(memories_each: int) -> list[tuple[UUID, UUID]]:
    """Return tenant and id of the customers with so many memories."""
    with psycopg.connect(settings.DATABASE_URL) as reader:
        reader.execute("select set_config('app.identity', 'on', false)")
        tenants = [row[0] for row in reader.execute("select id from accounts_tenant")]
    found = []
    for tenant_id in tenants:
        with tenant_scope(tenant_id):
            theirs = Customer.objects.filter(
                external_id__startswith=f"{memories_each}-"
            )
            found += [(tenant_id, each) for each in theirs.values_list("id", flat=True)]
    return found


# --- The works: each takes a question, and answers with how many memories it found ----


def sql(asked: Asked) -> int:
    """The database part of the product's recall, on a connection that is at hand."""
    with customer_scope(asked.tenant_id, asked.customer_id):
        return len(recall.recall(asked.query, customer_id=asked.customer_id, limit=10))


def end_to_end(asked: Asked) -> int:
    """A whole recall as a turn does it: two units of work, each with its connection."""
    try:
        query = recall.prepare(
            asked.text, tenant_id=asked.tenant_id, customer_id=asked.customer_id
        )
    finally:
        close_old_connections()
    try:
        with customer_scope(asked.tenant_id, asked.customer_id):
            return len(recall.recall(query, customer_id=asked.customer_id, limit=10))
    finally:
        close_old_connections()


def embedding(asked: Asked) -> int:
    """The embedding of the question alone."""
    return len(gateway.embed([asked.text]))


class Limit:
    """The barest SQL, prepared, on a connection of its own."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(
            settings.DATABASE_URL, autocommit=True, prepare_threshold=0
        )

    def __call__(self, asked: Asked) -> int:
        """Ask it."""
        answer = self.connection.execute(
            LIMIT, [asked.tenant_id, asked.customer_id, asked.vector, asked.terms]
        )
        return len(answer.fetchall())


def works(names: Sequence[str]) -> list[Callable[[Asked], int]]:
    """Return the named works for one thread."""
    made = {"sql": sql, "end_to_end": end_to_end, "embedding": embedding}
    return [Limit() if name == "limit" else made[name] for name in names]


def leave() -> None:
    """Give this thread's connection back."""
    connection.close()
