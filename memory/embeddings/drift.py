"""Whether a model still makes the vectors that it made.

A provider may change a model under its name, and an upgrade the library beneath the
embedded one: questions would then be compared with vectors of another space, and nobody
would notice but for worse answers.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from django.utils import timezone

from accounts.scope import tenant_scope
from memory import disclosure
from memory.embeddings.models import embed_texts, info
from memory.models import Embedding, EmbeddingModel

logger = logging.getLogger(__name__)

SAMPLE: Final = 50
# One less the mean cosine. Source: measured on the embedded model. Stored in half
# precision and beside whatever text in a batch, its vectors stay below 0.0001; int8
# instead of float32 makes 0.003, which changes no ranking; two different texts of one
# trade are 0.25 apart, and another model's vectors are anywhere.
LIMIT: Final = 0.02
CHECK_EVERY: Final = timedelta(days=7)
# Vectors do not age by themselves; their model may change. So long nobody has looked,
# they count as stale (mission, F6).
STALE_AFTER: Final = timedelta(days=30)


def is_due() -> bool:
    """Say whether the model of the tenant in scope is to be looked at again."""
    model = EmbeddingModel.objects.filter(active=True).first()
    return model is not None and timezone.now() - _looked_at(model) >= CHECK_EVERY


def check(tenant_id: UUID) -> float | None:
    """Embed a sample of a desk's index again and keep how far it is from what is there.

    Returns:
        One less the mean cosine; None with nothing to look at.

    Raises:
        LLMError: The model does not answer, or is not there any more.
    """
    with tenant_scope(tenant_id):
        model = EmbeddingModel.objects.filter(active=True).first()
        if model is None:
            return None
        sample = list(Embedding.objects.filter(model=model).order_by("?")[:SAMPLE])
        for customer_id in {entry.customer_id for entry in sample}:
            disclosure.record_sent(
                "embed",
                customer_id=customer_id,
                purpose="drift check",
                embedded_by=info(model),
                sources=[e.source_id for e in sample if e.customer_id == customer_id],
            )
    if not sample:
        return None
    now = embed_texts([entry.text for entry in sample], model=info(model))
    then = np.stack([np.asarray(entry.vector, dtype=np.float32) for entry in sample])
    lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(then, axis=1)
    cosines = (now * then).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    drift = max(0.0, 1.0 - float(cosines.mean()))
    with tenant_scope(tenant_id):
        EmbeddingModel.objects.filter(pk=model.pk).update(
            drift=drift, drift_checked_at=timezone.now()
        )
    if drift > LIMIT:
        logger.error("An embedding model has drifted by %.3f: re-embed.", drift)
    return drift


def is_stale(model: EmbeddingModel, *, now: datetime) -> bool:
    """Say whether nobody knows, or somebody does, that a model's vectors are not right.

    That is so when it has drifted, and when nobody has looked for `STALE_AFTER`.
    """
    if model.drift is not None and model.drift > LIMIT:
        return True
    return now - _looked_at(model) > STALE_AFTER


def _looked_at(model: EmbeddingModel) -> datetime:
    return model.drift_checked_at or model.registered_at
