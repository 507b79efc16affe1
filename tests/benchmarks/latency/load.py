"""Fills a database: 100 memories for each customer, in the order in which they came.

    python -m tests.benchmarks.latency.load 1000000

Tenants and customers come in through the models; the index by COPY and with it the
facts, as the superuser, because a table with forced row-level security takes no COPY
from others. What is random is drawn with a fixed seed.
"""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import django
import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from uuid_utils.compat import uuid7

django.setup()

from accounts.models import Customer, Tenant  # noqa: E402 - the apps have to be there
from accounts.scope import tenant_scope  # noqa: E402 - see above
from memory.embeddings.models import registered  # noqa: E402 - see above
from memory.embeddings.writing import KEYWORDS  # noqa: E402 - see above
from memory.llm import gateway  # noqa: E402 - see above
from memory.models import Fact  # noqa: E402 - see above
from tests.benchmarks.latency import place  # noqa: E402 - see above
from tests.benchmarks.latency.words import Vocabulary  # noqa: E402 - see above

PER_CUSTOMER = 100
# From so many memories on, these many customers have that many each.
WITH_LARGE = 100_000
LARGE = {1_000: 20, 10_000: 4}
KINDS = ("fact", "summary", "message")
SHARES = (0.3, 0.1, 0.6)
POOL = {"fact": 900, "summary": 200, "message": 1_900}
# A row's vector is one of the pool with noise: cosine about 0.9 with it.
NOISE = 0.5
NEW_WORDS = 0.3
BATCH = 20_000
NOW = datetime.now(UTC)
SINCE = timedelta(days=730)
FAR = NOW + timedelta(days=3650)

Pools = dict[str, tuple[list[list[str]], NDArray[np.float32]]]

_COLUMNS = """
id, tenant_id, customer_id, model_id, source_kind, source_id, conversation_id,
message_ids, text, vector, importance, purpose, source, occurred_at, valid_to,
expires_at
"""
_STAGE = f"""
create temporary table stage on commit drop as
select {_COLUMNS}, ''::text as before from memory_embedding limit 0
"""
_TYPES = (
    *("uuid", "uuid", "uuid", "uuid", "text", "uuid", "uuid", "uuid[]", "text"),
    *("halfvec", "float8", "text", "text", "timestamptz", "timestamptz"),
    *("timestamptz", "text"),
)
_STORE = f"""
insert into memory_embedding (chunk, speaker, kind, uses, keywords, {_COLUMNS})
select 0, '{{elena}}', source_kind, 0,
       {KEYWORDS.format(text="'Elena ' || text", before="before")}, {_COLUMNS}
  from stage
"""
# Recall reads of a fact how often it is used.
_SAMPLE = "sample"
_STORE_FACTS = f"""
insert into memory_fact
select made.*
  from (select fact from memory_fact fact where key = '{_SAMPLE}') given, stage,
       jsonb_populate_record(given.fact, jsonb_build_object(
           'id', source_id, 'tenant_id', tenant_id, 'customer_id', customer_id,
           'key', stage.id, 'text', stage.text, 'content_hash', stage.id)) made
 where source_kind = 'fact'
"""


class Load:
    """The filling of one database."""

    def __init__(self, memories: int) -> None:
        self.memories = memories
        self.words = Vocabulary(memories)
        self.chance = self.words.chance
        sizes = [PER_CUSTOMER] * (memories // PER_CUSTOMER)
        if memories >= WITH_LARGE:
            sizes += [size for size, count in LARGE.items() for _ in range(count)]
        self.sizes = np.array(sizes)
        self.tenants: list[UUID] = []
        self.models: list[UUID] = []
        self.customers: list[UUID] = []

    def run(self) -> None:
        """Fill it."""
        self.make_people()
        whose = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.chance.shuffle(whose)
        kinds = self.chance.choice(len(KINDS), len(whose), p=SHARES)
        sources = [self.some_id() for _ in range(len(whose))]
        self.make_sample()
        pools = {kind: self.pool(kind) for kind in KINDS}
        with psycopg.connect(place.superuser(self.memories), autocommit=True) as admin:
            register_vector(admin)
            # The rows are right by construction: foreign keys are not looked up.
            admin.execute("set session_replication_role = replica")
            for start in range(0, len(whose), BATCH):
                of = slice(start, start + BATCH)
                with admin.transaction():
                    admin.execute(_STAGE)
                    with admin.cursor().copy(
                        "copy stage from stdin (format binary)"
                    ) as copy:
                        copy.set_types(_TYPES)
                        rows = self.rows(whose[of], kinds[of], sources[of], pools)
                        for number, row in enumerate(rows):
                            share = (start + number) / len(whose)
                            copy.write_row((uuid7(), *row(NOW - SINCE * (1 - share))))
                    admin.execute(_STORE)
                    admin.execute(_STORE_FACTS)

    def some_id(self) -> UUID:
        """Return a random id."""
        return UUID(bytes=self.chance.bytes(16), version=4)

    def make_people(self) -> None:
        """Make tenants, customers, and the models of the tenants."""
        count = min(100, max(1, self.memories // 10_000))
        ids: dict[int, UUID] = {}
        for number in range(count):
            tenant = Tenant(slug=f"desk-{number}", name=f"Desk {number}")
            with tenant_scope(tenant.id):
                tenant.save(force_insert=True)
                self.models.append(registered(gateway.embedding_model()).id)
                hers = range(number, len(self.sizes), count)
                made = Customer.objects.bulk_create(
                    Customer(
                        tenant=tenant,
                        external_id=f"{self.sizes[each]}-{each}",
                        name=f"Customer {each}",
                    )
                    for each in hers
                )
                ids |= {each: it.id for each, it in zip(hers, made, strict=True)}
            self.tenants.append(tenant.id)
        self.customers = [ids[each] for each in range(len(self.sizes))]

    def make_sample(self) -> None:
        """Make the fact that all the others are copies of, but for what is theirs."""
        with tenant_scope(self.tenants[0]):
            Fact.objects.create(
                tenant_id=self.tenants[0],
                customer_id=self.customers[0],
                key=_SAMPLE,
                value=_SAMPLE,
                text=_SAMPLE,
                valid_from=NOW,
                content_hash=_SAMPLE,
            )

    def pool(self, kind: str) -> tuple[list[list[str]], NDArray[np.float32]]:
        """Return real texts of a kind, in words, with their real vectors."""
        texts = self.words.texts(kind, POOL[kind])
        return [text.split() for text in texts], gateway.embed(texts, cached=False)

    def rows(
        self,
        whose: NDArray[np.int64],
        kinds: NDArray[np.int64],
        sources: list[UUID],
        pools: Pools,
    ) -> Iterator["_Row"]:
        """Yield rows of the index, which still wait for when they were said."""
        before = ""
        size = pools["fact"][1].shape[1]
        noise = self.chance.standard_normal((len(whose), size), dtype=np.float32)
        noise *= NOISE / np.sqrt(size)
        for number, (customer, kind) in enumerate(zip(whose, kinds, strict=True)):
            texts, vectors = pools[KINDS[kind]]
            like = int(self.chance.integers(len(texts)))
            vector = vectors[like] + noise[number]
            vector /= np.linalg.norm(vector)
            text = self.reworded(texts[like])
            yield _Row(
                (
                    self.tenants[customer % len(self.tenants)],
                    self.customers[customer],
                    self.models[customer % len(self.tenants)],
                    KINDS[kind],
                    sources[number],
                    UUID(int=int(customer) << 64 | number // (BATCH // 2)),
                ),
                text,
                HalfVector(vector),
                before if KINDS[kind] == "message" else "",
                superseded=KINDS[kind] == "fact" and self.chance.random() < 0.1,
            )
            before = text

    def reworded(self, words: list[str]) -> str:
        """Return a text of the pool with some of its words changed."""
        places = np.flatnonzero(self.chance.random(len(words)) < NEW_WORDS)
        changed = list(words)
        for at, word in zip(places, self.words.draw(len(places)), strict=True):
            changed[at] = word
        if changed[-1].startswith("LF-"):
            changed[-1] = f"LF-{self.chance.integers(10_000, 99_999)}"
        return " ".join(changed)


class _Row:
    """One row of the index but for its id and its time."""

    def __init__(
        self,
        ids: tuple[object, ...],
        text: str,
        vector: HalfVector,
        before: str,
        *,
        superseded: bool,
    ) -> None:
        self.ids, self.text, self.vector = ids, text, vector
        self.before, self.superseded = before, superseded

    def __call__(self, at: datetime) -> tuple[object, ...]:
        """Return its columns."""
        *_, kind, source_id, _ = self.ids
        return (
            *self.ids,
            [source_id],
            self.text,
            self.vector,
            0.5,
            "support",
            "" if kind == "summary" else "customer",
            at,
            at + timedelta(days=30) if self.superseded else None,
            FAR if kind == "message" else None,
            self.before,
        )


def main(memories: int) -> None:
    """Load one database and say how long it took."""
    began = time.monotonic()
    Load(memories).run()
    place.note(memories)
    print(f"{memories:,} loaded in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main(int(sys.argv[1]))
