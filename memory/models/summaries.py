"""Summaries of conversations, in versions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import CustomerModel
from memory.models.fields import tags


class Summary(CustomerModel):
    """A summary of part of a conversation (rolling) or of all of it (episode).

    Attributes:
        quality: Which share of what three covered messages say it still says, 0 to 1;
            None where it was not judged.
        missing: What of them it does not say.
        sampled: Those messages.
        judged_by: The model that judged.
        tries: How often it was written until it was good enough, or was let be.
    """

    class Kind(models.TextChoices):
        """What it covers."""

        ROLLING = "rolling", "Rolling"
        EPISODE = "episode", "Episode"

    kind = models.CharField(max_length=8, choices=Kind)
    conversation_id = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    text = models.TextField()
    tokens = models.PositiveIntegerField()
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    message_ids = ArrayField(models.UUIDField(), default=list)
    topics = tags()
    entities = tags()
    sentiment = models.CharField(max_length=10, default="neutral")
    pending_actions = ArrayField(
        models.CharField(max_length=300), default=list, blank=True
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    quality = models.FloatField(null=True, blank=True)
    missing = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    sampled = ArrayField(models.UUIDField(), default=list, blank=True)
    judged_by = models.CharField(max_length=80, blank=True)
    tries = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "conversation_id", "kind", "version"],
                name="memory_summary_version",
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]
