"""Which model a desk's index is made with: its own row says so, not the process.

Making vectors takes no scope and no transaction.
"""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accounts.scope import require_tenant, scope_for
from memory.embeddings.chunks import chunks
from memory.embeddings.entries import Entry
from memory.llm import gateway
from memory.llm.types import EmbeddingModelInfo
from memory.models import EmbeddingModel

Vectors = NDArray[np.float32]


def in_use(tenant_id: UUID, customer_id: UUID | None = None) -> EmbeddingModelInfo:
    """Return the model that a desk's texts and questions are embedded with now.

    It is the active one of the desk, whatever this process is configured with, until
    the desk is re-embedded. Where it cannot be reached any more, the configured one
    takes what is new; what only the old one has is then found by its words.

    Opens a scope of its own: learning about a model may take a call to it, for which
    no transaction may be open.

    Args:
        tenant_id: Whose desk.
        customer_id: For whom, so that work for one customer opens no wider scope.

    Raises:
        LLMError: The desk has no model yet, and the configured one cannot be asked.
    """
    with scope_for(tenant_id, customer_id):
        active = active_row()
    return reachable(active)


def active_row() -> EmbeddingModel | None:
    """Return the row that `reachable` takes, for who is in a scope already."""
    active: EmbeddingModel | None = EmbeddingModel.objects.filter(active=True).first()
    return active


def reachable(active: EmbeddingModel | None) -> EmbeddingModelInfo:
    """Return the desk's model, or the configured one where that cannot be asked.

    No transaction may be open: learning about a model may take a call to it.

    Raises:
        LLMError: The configured one cannot be asked either.
    """
    if active is not None and gateway.can_embed(info(active)):
        return info(active)
    return gateway.embedding_model()


def info(row: EmbeddingModel) -> EmbeddingModelInfo:
    """Describe the model behind a row."""
    return gateway.described(row.name, row.version, row.dimensions)


def row_of(model: EmbeddingModelInfo) -> EmbeddingModel | None:
    """Return the row of a model, in the tenant in scope."""
    rows = EmbeddingModel.objects.filter(name=model.name, version=model.version)
    found: EmbeddingModel | None = rows.first()
    return found


def active_model() -> EmbeddingModel:
    """Return the active model of the tenant in scope.

    A desk without one takes the one that is configured; no transaction may be open
    where the length of its vectors is not known yet.
    """
    return active_row() or registered(gateway.embedding_model())


def registered(model: EmbeddingModelInfo) -> EmbeddingModel:
    """Return the row of a model; the first of a tenant becomes the active one."""
    if known := row_of(model):
        return known
    row, _ = EmbeddingModel.objects.get_or_create(
        tenant_id=require_tenant(),
        name=model.name,
        version=model.version,
        defaults={
            "dimensions": model.dims,
            "active": not EmbeddingModel.objects.filter(active=True).exists(),
        },
    )
    return row


def embed(
    entries: Sequence[Entry], *, model: EmbeddingModelInfo | None = None
) -> Vectors:
    """Return one vector per entry, `(n, dimensions)` float32, L2-normalised.

    Args:
        entries: What is embedded.
        model: With which model, from `in_use`; None for the one that is configured.

    Raises:
        LLMError: The model does not answer, or refuses.
    """
    return embed_texts([entry.text for entry in entries], model=model)


def embed_texts(
    texts: Sequence[str],
    *,
    model: EmbeddingModelInfo | None = None,
    cached: bool = False,
) -> Vectors:
    """Embed texts of any length: `(n, dimensions)` float32, L2-normalised.

    Of a text that is longer than the model reads, the pieces are embedded and their
    mean is taken, so that none of it is lost.

    Source: OpenAI cookbook, "Embedding texts that are longer than the model's maximum
    context length".

    Args:
        texts: What is embedded.
        model: With which model, from `in_use`; None for the one that is configured.
        cached: Whether a single text, a question, may have been embedded before.

    Raises:
        LLMError: The model does not answer, or refuses.
    """
    # The length of a model's vectors is learnt here, where no transaction is open.
    model = model or gateway.embedding_model()
    pieces = [list(chunks(text, model=model)) for text in texts]
    flat = gateway.embed(
        [piece for each in pieces for piece in each], model=model, cached=cached
    )
    if len(flat) == len(texts):
        return flat
    vectors = np.zeros((len(texts), flat.shape[1]), dtype=np.float32)
    start = 0
    for row, each in enumerate(pieces):
        weights = np.array([len(piece) for piece in each], dtype=np.float32)
        vectors[row] = weights @ flat[start : start + len(each)]
        start += len(each)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    normalised: Vectors = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    return normalised
