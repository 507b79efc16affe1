"""The vector index, and the models that make its vectors."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from accounts.models import CustomerModel, TenantModel
from accounts.rls import SameScopeKey


class EmbeddingModel(TenantModel):
    """A model that made vectors of this tenant; exactly one of them is active."""

    name = models.CharField(max_length=120)
    version = models.CharField(max_length=80)
    dimensions = models.PositiveIntegerField()
    active = models.BooleanField(default=True)

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
