"""Copies entries of the index from one model to another, with the other's vectors.

Only a vector is made outside of a transaction. Whatever else an entry says is taken
from it as it is when the copy is written, under its lock: what was erased meanwhile is
not copied, and what was changed is left to the next time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from pgvector import HalfVector
from uuid_utils.compat import uuid7

from accounts.scope import require_tenant
from memory.embeddings.models import Vectors
from memory.models import EmbeddingModel

# What a request to an embedding model takes (`memory.llm.openai_jobs`).
BATCH = 100

_TWIN = """
twin.tenant_id = e.tenant_id and twin.customer_id = e.customer_id
and twin.source_id = e.source_id and twin.chunk = e.chunk
"""
_LACKING = f"""
  from memory_embedding e
 where e.tenant_id = %(tenant)s and e.model_id = %(source)s
   and not exists (select 1 from memory_embedding twin
                    where {_TWIN} and twin.model_id = %(target)s)
"""  # noqa: S608 - constants of this module
_MISSING = f"""
select e.id, e.customer_id, e.source_id, e.text {_LACKING}
   and (%(after)s::uuid is null or e.id > %(after)s)
 order by e.id limit %(limit)s
"""
_COLUMNS = """
tenant_id, customer_id, source_kind, source_id, chunk, conversation_id, message_ids,
text, keywords, importance, purpose, source, speaker,
kind, uses, occurred_at, valid_to, expires_at
"""
_HERS = ", ".join(f"e.{name.strip()}" for name in _COLUMNS.split(","))
_THEIRS = _HERS.replace("e.", "twin.")
_COPY = f"""
insert into memory_embedding (id, model_id, vector, {_COLUMNS})
select given.new_id, %(target)s, given.vector::halfvec, {_HERS}
  from unnest(%(ids)s::uuid[], %(new_ids)s::uuid[], %(texts)s::text[],
              %(vectors)s::text[]) as given(id, new_id, text, vector)
  join memory_embedding e on e.id = given.id and e.text = given.text
 where e.tenant_id = %(tenant)s and e.model_id = %(source)s
   for share of e skip locked
on conflict do nothing
"""  # noqa: S608 - constants of this module
_OUTDATED = f"""
delete from memory_embedding twin using memory_embedding e
 where e.tenant_id = %(tenant)s and e.model_id = %(source)s
   and {_TWIN} and twin.model_id = %(target)s
   and ({_HERS}) is distinct from ({_THEIRS})
"""  # noqa: S608 - constants of this module
_DELETE_COPIES = f"""
delete from memory_embedding e
 where e.tenant_id = %(tenant)s and e.model_id <> all(%(kept)s)
   and exists (select 1 from memory_embedding twin
                where {_TWIN} and twin.model_id = %(active)s)
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Original:
    """An entry that is to be copied."""

    id: UUID
    customer_id: UUID
    source_id: UUID
    text: str


def missing(
    *, source: EmbeddingModel, target: EmbeddingModel, after: UUID | None = None
) -> list[Original]:
    """Return the next entries that one model has and the other has not, oldest first.

    Args:
        source: Whose entries.
        target: Who lacks them.
        after: The id of the entry that the last ones ended with.
    """
    given = {**_ids(source, target), "after": after, "limit": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, given)
        return [Original(*row) for row in cursor.fetchall()]


def copy(
    originals: Sequence[Original],
    vectors: Vectors,
    *,
    source: EmbeddingModel,
    target: EmbeddingModel,
) -> int:
    """Write copies with these vectors; returns how many there are new."""
    given = {
        **_ids(source, target),
        "ids": [each.id for each in originals],
        "new_ids": [uuid7() for _ in originals],
        "texts": [each.text for each in originals],
        "vectors": [HalfVector(vector).to_text() for vector in vectors],
    }
    with connection.cursor() as cursor:
        # The customer before what is hers: whoever erases her holds that lock.
        cursor.execute(
            "select 1 from accounts_customer where tenant_id = %s and id = any(%s)"
            " order by id for key share",
            [given["tenant"], list({each.customer_id for each in originals})],
        )
        cursor.execute(_COPY, given)
        return int(cursor.rowcount)


def drop_outdated(*, source: EmbeddingModel, target: EmbeddingModel) -> int:
    """Delete copies that say anything else than their originals by now."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTDATED, _ids(source, target))
        return int(cursor.rowcount)


def lacking(*, source: EmbeddingModel, target: EmbeddingModel) -> int:
    """Count the entries that one model has and the other has not."""
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) {_LACKING}", _ids(source, target))
        (count,) = cursor.fetchone()
        return int(count)


def delete_copies(*, kept: Sequence[EmbeddingModel], active: EmbeddingModel) -> int:
    """Delete what other models have of entries that the active one has, too.

    Args:
        kept: The models whose entries stay.
        active: The model in use.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DELETE_COPIES,
            {
                "tenant": require_tenant(),
                "kept": [model.id for model in (*kept, active)],
                "active": active.id,
            },
        )
        return int(cursor.rowcount)


def _ids(source: EmbeddingModel, target: EmbeddingModel) -> dict[str, Any]:
    return {"tenant": require_tenant(), "source": source.id, "target": target.id}
