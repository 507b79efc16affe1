"""Tier 4, the vector index: what is embedded, how, and with which model.

Making vectors takes no scope and no transaction; writing them takes both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import F, Func
from django.utils import timezone
from numpy.typing import NDArray
from pgvector import HalfVector
from uuid_utils.compat import uuid7

from accounts.scope import require_tenant
from memory import retention
from memory.llm import gateway
from memory.llm.tokens import count_tokens
from memory.models import Embedding, EmbeddingModel
from memory.types import Turn

Vectors = NDArray[np.float32]

# Source: the product's reference design for long texts (mission, F6).
CHUNK_TOKENS = 512
OVERLAP_TOKENS = 64

_UPSERT = """
insert into memory_embedding
    (id, tenant_id, customer_id, model_id, source_kind, source_id, chunk,
     conversation_id, message_ids, text, vector, keywords, importance, purpose,
     source, occurred_at, valid_to, expires_at)
values
    (%(id)s, %(tenant)s, %(customer)s, %(model)s, %(source_kind)s, %(source_id)s,
     %(chunk)s, %(conversation_id)s, %(message_ids)s, %(text)s, %(vector)s,
     setweight(to_tsvector('english', %(keywords)s), 'A')
         || setweight(to_tsvector('english', %(before)s), 'D'),
     %(importance)s, %(purpose)s, %(source)s, %(occurred_at)s, null, %(expires_at)s)
on conflict (tenant_id, customer_id, model_id, source_id, chunk) do update set
    text = excluded.text, vector = excluded.vector, keywords = excluded.keywords,
    message_ids = excluded.message_ids, importance = excluded.importance,
    source = excluded.source,
    occurred_at = excluded.occurred_at, expires_at = excluded.expires_at
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text for the index.

    Attributes:
        text: What is embedded, shown and found; participants' names are left out of
            it, because they pull every vector of a conversation together.
        speaker: Whose words they are: found by keyword only.
        before: The turn before, found by keyword with less weight.
        source: Whose word it is; empty for what was made of several people's words.
    """

    source_kind: str
    source_id: UUID
    text: str
    occurred_at: datetime
    message_ids: tuple[UUID, ...] = ()
    conversation_id: UUID | None = None
    chunk: int = 0
    speaker: str = ""
    before: str = ""
    importance: float = 0.5
    purpose: str = "support"
    source: str = ""
    expires_at: datetime | None = None


def message_entries(turns: Sequence[Turn], *, conversation_id: UUID) -> list[Entry]:
    """Return the index entries of messages: one each, long ones in chunks.

    A message that has no text left has none. They end when the desk's rule says so.
    """
    previous = [None, *turns]
    return [
        Entry(
            source_kind=Embedding.SourceKind.MESSAGE,
            source_id=turn.id,
            text=piece,
            occurred_at=turn.sent_at,
            message_ids=(turn.id,),
            conversation_id=conversation_id,
            chunk=chunk,
            speaker=turn.author_name or turn.author,
            before=before.text if before else "",
            importance=0.5 if turn.author == "customer" else 0.4,
            source=turn.author,
        )
        for before, turn in pairwise(previous)
        if turn is not None and turn.text
        for chunk, piece in enumerate(chunks(turn.text))
    ]


def chunks(text: str) -> Iterator[str]:
    """Cut a text into pieces of at most `CHUNK_TOKENS`, overlapping, at word ends."""
    if count_tokens(text) <= CHUNK_TOKENS:
        yield text
        return
    words = [piece for word in text.split() for piece in _cut(word)]
    costs = [max(count_tokens(word), count_tokens(f" {word}")) for word in words]
    start = 0
    while True:
        end = _reach(costs, start)
        yield " ".join(words[start:end])
        if end == len(words):
            return
        overlap = 0
        while end - 1 > start and overlap + costs[end - 1] <= OVERLAP_TOKENS:
            end -= 1
            overlap += costs[end]
        start = end


def _reach(costs: Sequence[int], start: int) -> int:
    """Return up to where the words from `start` on fit into one piece."""
    used, end = 0, start
    while end < len(costs) and used + costs[end] <= CHUNK_TOKENS:
        used += costs[end]
        end += 1
    return end


def _cut(word: str) -> Iterator[str]:
    """Halve what has no spaces, as in Japanese, until a piece can hold it."""
    if count_tokens(f" {word}") <= CHUNK_TOKENS and count_tokens(word) <= CHUNK_TOKENS:
        yield word
        return
    half = len(word) // 2
    yield from _cut(word[:half])
    yield from _cut(word[half:])


def embed(entries: Sequence[Entry]) -> Vectors:
    """Return one vector per entry, `(n, dimensions)` float32, L2-normalised."""
    # The length of a model's vectors is learnt here, where no transaction is open.
    gateway.embedding_model()
    return gateway.embed([entry.text for entry in entries])


def active_model() -> EmbeddingModel:
    """Return the model of the vectors that are made now, registering it at first use.

    After a change of the model the vectors of the one before stay, side by side: they
    cannot be compared with the new ones, and are found again when it comes back.
    """
    info = gateway.embedding_model()
    known = EmbeddingModel.objects.filter(name=info.name, version=info.version).first()
    if known is not None:
        return known
    model, _ = EmbeddingModel.objects.get_or_create(
        tenant_id=require_tenant(),
        name=info.name,
        version=info.version,
        defaults={
            "dimensions": info.dims,
            "active": not EmbeddingModel.objects.filter(active=True).exists(),
        },
    )
    return model


def index(customer_id: UUID, entries: Sequence[Entry], vectors: Vectors) -> None:
    """Write entries into the index; an entry that is there already is replaced."""
    if not entries:
        return
    model = active_model()
    messages_end = timezone.now() + retention.message_ttl()
    rows = [
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
            "occurred_at": entry.occurred_at,
            "expires_at": messages_end
            if entry.source_kind == Embedding.SourceKind.MESSAGE
            else entry.expires_at,
        }
        for entry, vector in zip(entries, vectors, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, rows)


def remove(source_ids: Sequence[UUID]) -> int:
    """Take sources out of the index; returns how many entries went."""
    deleted, _ = Embedding.objects.filter(source_id__in=source_ids).delete()
    return deleted


def set_valid_to(source_id: UUID, valid_to: datetime | None) -> None:
    """Tell the index until when the fact behind its entries was true."""
    Embedding.objects.filter(source_id=source_id).update(valid_to=valid_to)


def set_expires_at(source_id: UUID, expires_at: datetime | None) -> None:
    """Tell the index until when a source may be recalled."""
    Embedding.objects.filter(source_id=source_id).update(expires_at=expires_at)


def rests_on(source_id: UUID, message_id: UUID, *, since: datetime) -> None:
    """Tell the index of one more message that a source rests on, and since when."""
    Embedding.objects.filter(source_id=source_id).exclude(
        message_ids__contains=[message_id]
    ).update(
        message_ids=Func(F("message_ids"), message_id, function="array_append"),
        occurred_at=since,
    )
