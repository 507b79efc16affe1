"""How a desk's index stands: for the page, and for the command."""

import math
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from memory.embeddings import drift, reembedding
from memory.embeddings.models import info
from memory.llm import gateway
from memory.models import Embedding, EmbeddingModel, ReembedJob


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How much of the index one model has.

    Attributes:
        entries: How many of its vectors are there.
        old: How many of them are older than `drift.STALE_AFTER`.
    """

    model: EmbeddingModel
    entries: int
    old: int


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to know about the index of the tenant in scope.

    Attributes:
        active: The model in use; None before anything is remembered.
        reachable: Whether it can still embed questions.
        configured: The model that the operator has configured.
        stale: How many of its entries are stale: all where it cannot be reached, has
            drifted or was replaced by the operator, and otherwise, where nobody has
            looked for drift, those that are old.
        shares: The models that have entries, the active one first.
        job: The newest re-embedding.
    """

    active: EmbeddingModel | None
    reachable: bool
    configured: str
    entries: int
    stale: int
    shares: tuple[ModelShare, ...]
    job: ReembedJob | None

    @property
    def is_configured(self) -> bool:
        """Whether the model in use is the one that the operator has configured."""
        return self.active is None or _is(self.active, self.configured)

    @property
    def stale_percent(self) -> int:
        """Which part of the entries is stale, of 100; none only where none is."""
        return math.ceil(100 * self.stale / self.entries) if self.entries else 0

    @property
    def has_drifted(self) -> bool:
        """Whether the model makes other vectors than it made."""
        return self.active is not None and (self.active.drift or 0.0) > drift.LIMIT

    @property
    def under_way(self) -> bool:
        """Whether another index is being made, or waits to be used."""
        return self.job is not None and self.job.state in reembedding.UNSETTLED

    @property
    def way_back_until(self) -> datetime | None:
        """Until when the index before can be returned to."""
        if self.job is None or self.job.finished_at is None:
            return None
        if not reembedding.can_roll_back(self.job):
            return None
        return self.job.finished_at + reembedding.WAY_BACK

    @property
    def done_share(self) -> float:
        """Which part of the newest job is done, from 0 to 1."""
        if self.job is None or not self.job.total:
            return 1.0
        return min(1.0, self.job.done / self.job.total)


def of_the_desk() -> Status:
    """Return how the index of the tenant in scope stands."""
    now = timezone.now()
    old = Q(id__lt=_first_id(now - drift.STALE_AFTER))
    counts = {
        row["model"]: (row["entries"], row["old"])
        for row in Embedding.objects.values("model").annotate(
            entries=Count("id"), old=Count("id", filter=old)
        )
    }
    shares = tuple(
        ModelShare(model, *counts.get(model.id, (0, 0)))
        for model in EmbeddingModel.objects.order_by("-active", "name", "version")
        if model.id in counts or model.active
    )
    active = next((share for share in shares if share.model.active), None)
    reachable = active is None or gateway.can_embed(info(active.model))
    configured = gateway.embedding_name()
    return Status(
        active=active.model if active else None,
        reachable=reachable,
        configured=configured,
        entries=active.entries if active else 0,
        stale=_stale(active, configured, now) if active else 0,
        shares=shares,
        job=reembedding.latest(),
    )


def _stale(share: ModelShare, configured: str, now: datetime) -> int:
    if not _is(share.model, configured):
        return share.entries
    if (share.model.drift or 0.0) > drift.LIMIT:
        return share.entries
    return share.old if drift.is_stale(share.model, now=now) else 0


def _is(model: EmbeddingModel, configured: str) -> bool:
    version = model.version.partition("~")[0]
    return (model.name, version) == (configured, gateway.version_of(configured))


def _first_id(moment: datetime) -> UUID:
    """Return the first id (UUIDv7) that could be made at a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
