"""What became of each try to bring a conversation into memory."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import CustomerModel


class Consolidation(CustomerModel):
    """One try to bring a conversation's new messages into memory.

    It holds numbers and reasons, and no word of the conversation.

    Attributes:
        from_seq: `seq` after which messages were new.
        to_seq: `seq` up to which they were read.
        attempt: The how manieth try it was for these messages, from 1.
        reason: Why it failed, for people.
        engine: Which model and prompt, or which rules, read it.
        outcomes: How many candidates were added, merged, superseded, held ….
        own_ms: Time without the models'.
        model_ms: Time that was waited for models, the embedded one among them.
    """

    class Trigger(models.TextChoices):
        """What set it off."""

        TOKENS = "tokens", "Enough was said"
        MESSAGES = "messages", "Enough messages"
        CLOSE = "close", "The conversation was closed"
        IDLE = "idle", "Nobody wrote for a while"
        IMPORT = "import", "It was imported"
        RETRY = "retry", "Staff tried again"

    class State(models.TextChoices):
        """How it ended."""

        DONE = "done", "Done"
        OVERTAKEN = "overtaken", "Somebody else was faster"
        FAILED = "failed", "Failed, tried again"
        GIVEN_UP = "given_up", "Given up"

    conversation_id = models.UUIDField()
    trigger = models.CharField(max_length=8, choices=Trigger)
    state = models.CharField(max_length=9, choices=State)
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=300, blank=True)
    engine = models.CharField(max_length=120, blank=True)
    outcomes = models.JSONField(default=dict, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cost_usd = models.FloatField(default=0.0)
    own_ms = models.FloatField(default=0.0)
    model_ms = models.FloatField(default=0.0)
    finished_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [*CustomerModel.Meta.constraints]
        indexes = [
            *CustomerModel.Meta.indexes,
            models.Index(
                fields=["tenant", "state", "finished_at"],
                name="memory_consolidation_recent",
            ),
        ]
        ordering: ClassVar[list[str]] = ["-finished_at", "-id"]

    def __str__(self) -> str:
        return f"Consolidation of {self.conversation_id}"
