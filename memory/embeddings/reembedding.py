"""Brings a desk's index from one embedding model to another, while it is in use.

A second index grows beside the one that is read. Nothing writes to both: whatever is
told about a source is told to all its entries, a text that changes leaves the other
index, and what the other index lacks is copied into it, again and again, until it is
cut over to and, for a week, afterwards in the other direction, so that there is a way
back. Killed at any point, it goes on from what is there.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.queue import enqueue
from accounts.scope import require_tenant, tenant_scope
from memory import disclosure
from memory.embeddings import copying
from memory.embeddings.copying import Original
from memory.embeddings.models import Vectors, active_model, embed_texts, info
from memory.llm import gateway
from memory.llm.errors import LLMError, RetryableError
from memory.models import Embedding, EmbeddingModel, ReembedJob

logger = logging.getLogger(__name__)

State = ReembedJob.State
UNSETTLED = (State.RUNNING, State.READY)
# So long there is a way back after a cut-over.
WAY_BACK = timedelta(days=7)
# Whoever works on a job has written to it within this time.
_AT_WORK = timedelta(seconds=45)


class NotYetError(ValidationError):
    """Something came in that the new index lacks: it is a matter of a moment."""


def latest() -> ReembedJob | None:
    """Return the newest job of the tenant in scope."""
    jobs = ReembedJob.objects.select_related("model", "before")
    found: ReembedJob | None = jobs.order_by("-started_at", "-id").first()
    return found


def can_roll_back(job: ReembedJob) -> bool:
    """Say whether the index before is still there to return to."""
    return (
        job.state == State.LIVE
        and job.finished_at is not None
        and job.finished_at > timezone.now() - WAY_BACK
    )


@transaction.atomic
def start(*, name: str, actor: str, reason: str = "") -> ReembedJob:
    """Begin to make a second index, with this model.

    The model in use may be named again: its vectors are then made anew.

    Raises:
        ValidationError: One is being made already, or there is no such model.
    """
    if not gateway.is_embedded(name) and not gateway.has_endpoint():
        raise ValidationError("No endpoint is connected that could have this model.")
    active = active_model()
    try:
        with transaction.atomic():
            job: ReembedJob = ReembedJob.objects.create(
                tenant_id=require_tenant(),
                model=_target(name, active),
                before=active,
                total=Embedding.objects.filter(model=active).count(),
                drift=active.drift if active.name == name else None,
                started_by=actor,
            )
    except IntegrityError as error:
        raise ValidationError("Another index is being made already.") from error
    enqueue("memory.tasks.reembed", tenant_id=job.tenant_id)
    _audit("index.reembed", job, actor, reason, entries=job.total)
    return job


def _target(name: str, active: EmbeddingModel) -> EmbeddingModel:
    """Return the row of the model to come; its length may have yet to be learnt."""
    version = gateway.version_of(name)
    if active.name == name and active.version.partition("~")[0] == version:
        known = EmbeddingModel.objects.filter(name=name, version__startswith=version)
        version = f"{version}~{known.count()}"
    row, _ = EmbeddingModel.objects.get_or_create(
        tenant_id=active.tenant_id,
        name=name,
        version=version,
        defaults={"dimensions": 0, "active": False},
    )
    return row


def run(
    tenant_id: UUID,
    *,
    until: float = math.inf,
    told: Callable[[ReembedJob], None] = lambda _: None,
) -> None:
    """Go on with a desk's job until it is settled, it cannot go on, or time is up.

    Two that run at once do no harm: one of them stops.

    Args:
        tenant_id: Whose.
        until: By the monotonic clock.
        told: Called with the job after each batch.
    """
    while time.monotonic() < until:
        try:
            job = _step(tenant_id)
        except LLMError as error:
            _stop(tenant_id, error)
            return
        if job is None:
            return
        told(job)


def _step(tenant_id: UUID) -> ReembedJob | None:
    """Copy one batch; None when there is nothing to go on with now."""
    with tenant_scope(tenant_id):
        job = latest()
    if job is None or job.state != State.RUNNING:
        return None
    _learn_length(job.model)
    with tenant_scope(tenant_id):
        batch = copying.missing(source=job.before, target=job.model, after=job.cursor)
        if not batch and job.cursor is not None:
            # What came in, or was changed, behind the cursor.
            batch = copying.missing(source=job.before, target=job.model)
        if not batch:
            return _settle(job)
        _record_sent(batch, job.model)
    vectors = _embedded(batch, job.model)
    with tenant_scope(tenant_id):
        return _apply(job, batch, vectors)


def _learn_length(model: EmbeddingModel) -> None:
    """Ask the model how long its vectors are, where nobody knows yet."""
    if model.dimensions:
        return
    model.dimensions = gateway.embedding_model(model.name).dims
    with tenant_scope(model.tenant_id):
        model.save(update_fields=["dimensions"])


def _record_sent(batch: Sequence[Original], model: EmbeddingModel) -> None:
    """Record whose texts go to a model that is another's."""
    hers: dict[UUID, list[UUID]] = {}
    for each in batch:
        hers.setdefault(each.customer_id, []).append(each.source_id)
    for customer_id, sources in hers.items():
        disclosure.record_sent(
            "embed",
            customer_id=customer_id,
            purpose="indexing",
            embedded_by=info(model),
            sources=sources,
        )


def _embedded(batch: Sequence[Original], model: EmbeddingModel) -> Vectors:
    return embed_texts([each.text for each in batch], model=info(model))


def _apply(
    known: ReembedJob, batch: Sequence[Original], vectors: Vectors
) -> ReembedJob | None:
    job = _locked(known)
    if job.state != State.RUNNING or job.cursor != known.cursor:
        # It was cancelled, or somebody else goes on with it.
        return None
    added = copying.copy(batch, vectors, source=job.before, target=job.model)
    job.cursor = max(batch[-1].id, job.cursor or batch[-1].id)
    job.done += added
    job.total = max(job.total, job.done)
    job.problem = ""
    _save(job, "cursor", "done", "total", "problem")
    # None of them could be copied: somebody is writing to them just now.
    return job if added else None


def _settle(known: ReembedJob) -> ReembedJob | None:
    """Call a job ready once the second index says what the first one says."""
    job = _locked(known)
    if job.state != State.RUNNING:
        return None
    if copying.drop_outdated(source=job.before, target=job.model):
        return job
    if copying.lacking(source=job.before, target=job.model):
        return job
    job.state = State.READY
    job.done = job.total = Embedding.objects.filter(model=job.before).count()
    _save(job, "state", "done", "total")
    _audit("index.ready", job, "system", entries=job.total)
    return job


def _stop(tenant_id: UUID, error: LLMError) -> None:
    """Say why it does not go on; the schedule tries again what may go on later."""
    with tenant_scope(tenant_id):
        job = latest()
        if job is None or _locked(job).state != State.RUNNING:
            return
        job.problem = str(error)[:300]
        if not isinstance(error, RetryableError):
            job.state, job.finished_at = State.FAILED, timezone.now()
        _save(job, "problem", "state", "finished_at")


def keep_up(tenant_id: UUID, *, until: float = math.inf) -> None:
    """Copy what is new into every index of a desk that has to be complete."""
    with tenant_scope(tenant_id):
        pairs = _pairs()
    for source, target in pairs:
        try:
            while time.monotonic() < until and _copied(tenant_id, source, target):
                pass
        except LLMError as error:
            logger.warning("An index falls behind: %s", type(error).__name__)


def _pairs() -> list[tuple[EmbeddingModel, EmbeddingModel]]:
    """Return from which model to which entries are copied, besides a running job."""
    job = latest()
    pairs = []
    if job is not None and job.state == State.READY:
        pairs.append((job.before, job.model))
    if job is not None and can_roll_back(job):
        pairs.append((job.model, job.before))
    active = EmbeddingModel.objects.filter(active=True).first()
    if active is not None:
        # Written by somebody who had asked which model is in use before a cut-over.
        others = EmbeddingModel.objects.exclude(pk=active.pk)
        pairs += [(other, active) for other in others]
    return [
        (source, target)
        for source, target in pairs
        if target.dimensions and gateway.can_embed(info(target))
    ]


def _copied(tenant_id: UUID, source: EmbeddingModel, target: EmbeddingModel) -> int:
    with tenant_scope(tenant_id):
        batch = copying.missing(source=source, target=target)
        _record_sent(batch, target)
    if not batch:
        return 0
    vectors = _embedded(batch, target)
    with tenant_scope(tenant_id):
        return copying.copy(batch, vectors, source=source, target=target)


@transaction.atomic
def cut_over(*, job: ReembedJob, actor: str, reason: str = "") -> ReembedJob:
    """Read the new index from now on; the old one is kept up for a week.

    Raises:
        ValidationError: It is not ready.
        NotYetError: Something came in that it lacks.
    """
    job = _locked(job)
    if job.state != State.READY:
        raise ValidationError("There is no new index that is ready.")
    # Waits for whoever is writing to the index in use.
    list(EmbeddingModel.objects.select_for_update(no_key=True).filter(pk=job.before_id))
    if lacks := copying.lacking(source=job.before, target=job.model):
        raise NotYetError(
            f"{lacks} new entries are being copied. Try again in a moment."
        )
    _activate(job.model, instead_of=job.before)
    job.state, job.finished_at = State.LIVE, timezone.now()
    _save(job, "state", "finished_at")
    # What is written by who still asks the old model comes over at once.
    enqueue("memory.tasks.reembed", tenant_id=job.tenant_id)
    _audit("index.cut_over", job, actor, reason, entries=job.total)
    return job


@transaction.atomic
def roll_back(*, job: ReembedJob, actor: str, reason: str = "") -> ReembedJob:
    """Read the index from before again, at once.

    Raises:
        ValidationError: It is not there any more, or its model cannot be reached.
    """
    job = _locked(job)
    newest = latest()
    if not can_roll_back(job) or newest is None or newest.pk != job.pk:
        raise ValidationError("There is no index to return to.")
    if not gateway.can_embed(info(job.before)):
        raise ValidationError("The model before cannot be reached any more.")
    _activate(job.before, instead_of=job.model)
    job.state, job.finished_at = State.ROLLED_BACK, timezone.now()
    _save(job, "state", "finished_at")
    enqueue("memory.tasks.reembed", tenant_id=job.tenant_id)
    _audit("index.roll_back", job, actor, reason)
    return job


@transaction.atomic
def cancel(*, job: ReembedJob, actor: str, reason: str = "") -> ReembedJob:
    """Give up a new index that was not cut over to, and delete what is there of it.

    Raises:
        ValidationError: There is none under way.
    """
    job = _locked(job)
    if job.state not in UNSETTLED:
        raise ValidationError("There is no new index under way.")
    job.state, job.finished_at = State.CANCELLED, timezone.now()
    _save(job, "state", "finished_at")
    deleted = prune()
    _audit("index.cancel", job, actor, reason, entries=deleted)
    return job


def prune() -> int:
    """Delete indexes that nobody needs any more; returns how many entries went.

    What only such an index has stays: it is found by its words, and copied.
    """
    active = EmbeddingModel.objects.filter(active=True).first()
    if active is None:
        return 0
    job = latest()
    kept = []
    if job is not None and job.state in UNSETTLED:
        kept.append(job.model)
    if job is not None and can_roll_back(job):
        kept.append(job.before)
    return copying.delete_copies(kept=kept, active=active)


def is_due() -> bool:
    """Say whether there may be something to copy that nobody is at just now."""
    job = latest()
    if job is not None and job.state == State.RUNNING:
        return job.updated_at < timezone.now() - _AT_WORK
    return EmbeddingModel.objects.count() > 1


def _activate(model: EmbeddingModel, *, instead_of: EmbeddingModel) -> None:
    EmbeddingModel.objects.filter(pk=instead_of.pk).update(active=False)
    EmbeddingModel.objects.filter(pk=model.pk).update(active=True)


def _locked(job: ReembedJob) -> ReembedJob:
    rows = ReembedJob.objects.select_for_update(of=("self",))
    found: ReembedJob = rows.select_related("model", "before").get(pk=job.pk)
    return found


def _save(job: ReembedJob, *fields: str) -> None:
    job.updated_at = timezone.now()
    job.save(update_fields=[*fields, "updated_at"])


def _audit(
    action: str, job: ReembedJob, actor: str, reason: str = "", **detail: int
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="reembed_job",
        subject_id=job.id,
        reason=reason,
        detail={"model": job.model_id, "before": job.before_id, **detail},
    )
