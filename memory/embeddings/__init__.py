"""Tier 4, the vector index: what is embedded, how, and with which model.

Making vectors takes no scope and no transaction; writing them takes both. A desk's
index is changed from one model to another in `memory.embeddings.reembedding`.
"""

from memory.embeddings.chunks import CHUNK_TOKENS, OVERLAP_TOKENS, chunks
from memory.embeddings.entries import Entry, message_entries
from memory.embeddings.models import (
    Vectors,
    active_model,
    active_row,
    embed,
    embed_texts,
    in_use,
    info,
    reachable,
    row_of,
)
from memory.embeddings.writing import (
    index,
    remove,
    remove_entry,
    rests_on,
    set_expires_at,
    set_valid_to,
)

__all__ = [
    "CHUNK_TOKENS",
    "OVERLAP_TOKENS",
    "Entry",
    "Vectors",
    "active_model",
    "active_row",
    "chunks",
    "embed",
    "embed_texts",
    "in_use",
    "index",
    "info",
    "message_entries",
    "reachable",
    "remove",
    "remove_entry",
    "rests_on",
    "row_of",
    "set_expires_at",
    "set_valid_to",
]
