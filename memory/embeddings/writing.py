"""The writes to the index, in the scope and the transaction of the caller.

A source may have entries of several models while the desk changes from one to another:
whatever is told about a source is told about all of them. Its rows are locked first and
written by a second statement, which also sees the copy that somebody made of one while
this waited for it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Func, QuerySet
from django.utils import timezone
from pgvector import HalfVector
from uuid_utils.compat import uuid7

from memory import retention
from memory.embeddings.entries import Entry
from memory.embeddings.models import Vectors, registered
from memory.llm import gateway
from memory.llm.types import EmbeddingModelInfo
from memory.models import Embedding, EmbeddingModel

# Shorter ones are initials and particles, which other words are, too.
_NAME = re.compile(r"\w{3,}")

# What an entry is found by as words: its own, and with less weight those before it.
KEYWORDS = (
    "setweight(to_tsvector('english', {text}), 'A')"
    " || setweight(to_tsvector('english', {before}), 'D')"
)
_UPSERT = f"""
insert into memory_embedding
    (id, tenant_id, customer_id, model_id, source_kind, source_id, chunk,
     conversation_id, message_ids, text, vector, keywords, importance, purpose,
     source, speaker, kind, uses, occurred_at, valid_to, expires_at)
values
    (%(id)s, %(tenant)s, %(customer)s, %(model)s, %(source_kind)s, %(source_id)s,
     %(chunk)s, %(conversation_id)s, %(message_ids)s, %(text)s, %(vector)s,
     {KEYWORDS.format(text="%(keywords)s", before="%(before)s")},
     %(importance)s, %(purpose)s, %(source)s, %(names)s, %(kind)s,
     %(uses)s, %(occurred_at)s, null, %(expires_at)s)
on conflict (tenant_id, customer_id, model_id, source_id, chunk) do update set
    id = excluded.id, text = excluded.text, vector = excluded.vector,
    keywords = excluded.keywords,
    message_ids = excluded.message_ids, importance = excluded.importance,
    source = excluded.source, speaker = excluded.speaker,
    kind = excluded.kind, uses = excluded.uses,
    occurred_at = excluded.occurred_at, expires_at = excluded.expires_at
"""  # noqa: S608 - constants of this module


def index(
    customer_id: UUID,
    entries: Sequence[Entry],
    vectors: Vectors,
    *,
    model: EmbeddingModelInfo | None = None,
) -> None:
    """Write entries into the index; an entry that is there already is replaced.

    What another model has of the same sources goes: it says what was said before. It is
    made anew where it is still wanted (`memory.embeddings.reembedding`).

    Args:
        customer_id: Whose.
        entries: What is written.
        vectors: One for each.
        model: Which model made them; None for the one that is configured.
    """
    if not entries:
        return
    row = registered(model or gateway.embedding_model())
    with connection.cursor() as cursor:
        # A cut-over waits for whoever writes, so that nothing is missing after it.
        cursor.execute(
            "select 1 from memory_embeddingmodel where id = %s for share", [row.id]
        )
        cursor.executemany(_UPSERT, _rows(row, customer_id, entries, vectors))
    sources = [entry.source_id for entry in entries]
    theirs = Embedding.objects.filter(customer_id=customer_id, source_id__in=sources)
    theirs.exclude(model=row).delete()


def _rows(
    model: EmbeddingModel,
    customer_id: UUID,
    entries: Sequence[Entry],
    vectors: Vectors,
) -> list[dict[str, Any]]:
    messages_end = timezone.now() + retention.message_ttl()
    return [
        {
            "id": uuid7(),
            "tenant": model.tenant_id,
            "customer": customer_id,
            "model": model.id,
            "source_kind": str(entry.source_kind),
            "source_id": entry.source_id,
            "chunk": entry.chunk,
            "conversation_id": entry.conversation_id,
            "message_ids": list(entry.message_ids),
            "text": entry.text,
            "vector": HalfVector(vector).to_text(),
            "keywords": f"{entry.speaker} {entry.text}",
            "before": entry.before,
            "importance": entry.importance,
            "purpose": entry.purpose,
            "source": entry.source,
            "names": _names(entry),
            "kind": entry.kind,
            "uses": entry.uses,
            "occurred_at": entry.occurred_at,
            "expires_at": messages_end
            if entry.source_kind == Embedding.SourceKind.MESSAGE
            else entry.expires_at,
        }
        for entry, vector in zip(entries, vectors, strict=True)
    ]


def _names(entry: Entry) -> list[str]:
    if entry.source_kind != Embedding.SourceKind.MESSAGE:
        return []
    return _NAME.findall(entry.speaker.lower())


def remove(source_ids: Sequence[UUID]) -> int:
    """Take sources out of the index; returns how many entries went."""
    deleted, _ = _locked(source_ids).delete()
    return deleted


def remove_entry(entry: Embedding) -> None:
    """Take one entry out of the index, of whichever models it has vectors."""
    _locked([entry.source_id]).filter(
        customer_id=entry.customer_id, chunk=entry.chunk
    ).delete()


def set_valid_to(source_id: UUID, valid_to: datetime | None) -> None:
    """Tell the index until when the fact behind its entries was true."""
    _locked([source_id]).update(valid_to=valid_to)


def set_expires_at(source_id: UUID, expires_at: datetime | None) -> None:
    """Tell the index until when a source may be recalled."""
    _locked([source_id]).update(expires_at=expires_at)


def rests_on(source_id: UUID, message_id: UUID, *, since: datetime) -> None:
    """Tell the index of one more message that a source rests on, and since when."""
    _locked([source_id]).exclude(message_ids__contains=[message_id]).update(
        message_ids=Func(F("message_ids"), message_id, function="array_append"),
        occurred_at=since,
    )


def _locked(source_ids: Sequence[UUID]) -> QuerySet[Embedding]:
    """Lock the entries of sources, and return the query of all of them."""
    rows: QuerySet[Embedding] = Embedding.objects.filter(source_id__in=source_ids)
    list(rows.select_for_update(of=("self",)).order_by("id").values_list("id"))
    return rows
