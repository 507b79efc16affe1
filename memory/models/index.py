"""The vector index, and the models that make its vectors."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from accounts.models import CustomerModel, TenantModel
from accounts.rls import SameScopeKey


class EmbeddingModel(TenantModel):
    """A model that made vectors of this tenant; exactly one of them is active.

    Attributes:
        version: Another one where its vectors are made anew (`EmbeddingModelInfo`).
        dimensions: How long its vectors are; 0 while nobody has asked it yet.
        registered_at: Since when the desk has vectors of it.
        drift: How far a sample's vectors, made anew, were from the stored ones: one
            less their mean cosine; None while nobody has looked.
        drift_checked_at: When somebody looked last.
    """

    name = models.CharField(max_length=120)
    version = models.CharField(max_length=80)
    dimensions = models.PositiveIntegerField()
    active = models.BooleanField(default=True)
    registered_at = models.DateTimeField(default=timezone.now)
    drift = models.FloatField(null=True, blank=True)
    drift_checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "id"], name="memory_embeddingmodel_tenant_id"
            ),
            models.UniqueConstraint(
                fields=["tenant", "name", "version"], name="memory_embeddingmodel_once"
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(active=True),
                name="memory_embeddingmodel_one_active",
            ),
        ]


class Embedding(CustomerModel):
    """One entry of the index: a text with its vector and its keywords.

    Recall reads nothing but this table, so an entry carries all that ranking needs.

    Attributes:
        vector: L2-normalised, of as many dimensions as its model has.
        keywords: Stemmed terms of the text (weight A), of the turn before (weight D).
        occurred_at: When it was said; for a fact, since when it is true.
        valid_to: Until when the fact behind it was true.
        source: Whose word it is: a `Fact.Source`, or the author of a message; empty
            for what was made of several people's words.
        speaker: Of a message, the words of its author's name, in small letters.
        kind: Of a fact, which (`Fact.Kind`); what it ages as.
        uses: How often a fact was put before the assistant, as `Fact.uses`.
    """

    class SourceKind(models.TextChoices):
        """What the text was taken from."""

        FACT = "fact", "Fact"
        SUMMARY = "summary", "Summary"
        MESSAGE = "message", "Message"

    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    source_kind = models.CharField(max_length=8, choices=SourceKind)
    source_id = models.UUIDField()
    chunk = models.PositiveIntegerField(default=0)
    conversation_id = models.UUIDField(null=True, blank=True)
    message_ids = ArrayField(models.UUIDField(), default=list)
    text = models.TextField()
    vector = HalfVectorField()
    keywords = SearchVectorField()
    importance = models.FloatField(default=0.5)
    purpose = models.CharField(max_length=40, default="support")
    source = models.CharField(max_length=10, blank=True)
    speaker = ArrayField(models.TextField(), default=list)
    kind = models.CharField(max_length=10, blank=True)
    uses = models.PositiveIntegerField(default=0)
    occurred_at = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(name="memory_embedding_model", field="model"),
            models.UniqueConstraint(
                fields=["tenant", "customer", "model", "source_id", "chunk"],
                name="memory_embedding_once",
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]


class ReembedJob(TenantModel):
    """The making of a second index with another model, beside the one in use.

    While it runs, and until it is settled, new entries go into both.

    Attributes:
        model: Whose vectors are made.
        before: The model that was active when it began, to which a roll-back returns.
        cursor: The last entry of the index in use that was copied.
        total: How many entries there were to copy.
        done: How many were copied.
        drift: How far a sample's vectors were from the stored ones before it began: one
            less their mean cosine; None where another model made them.
        started_by: Who started it, as in the audit log.
    """

    class State(models.TextChoices):
        """Where it stands."""

        RUNNING = "running", "Running"
        READY = "ready", "Ready to cut over"
        LIVE = "live", "In use"
        ROLLED_BACK = "rolled_back", "Rolled back"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    before = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    cursor = models.UUIDField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    drift = models.FloatField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    started_by = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            SameScopeKey(name="memory_reembedjob_model", field="model"),
            SameScopeKey(name="memory_reembedjob_before", field="before"),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(state__in=["running", "ready"]),
                name="memory_reembedjob_one_at_a_time",
            ),
        ]
        ordering: ClassVar[list[str]] = ["-started_at"]

    def __str__(self) -> str:
        return f"Re-embedding {self.id.hex[-8:]}"
