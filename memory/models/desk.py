"""How a desk wants its memory: settings, retention, strategies of its own."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import TenantModel, staff_key
from accounts.rls import SameScopeKey


def default_strategies() -> list[str]:
    """Return what a desk takes from conversations before it says otherwise."""
    return ["discrete", "preferences", "summary"]


class MemorySettings(TenantModel):
    """How a tenant's desk remembers; a desk without a row has the defaults.

    Attributes:
        strategies: What is taken from conversations, of `memory.strategies`.
        window: What becomes of messages that leave the buffer.
        buffer_messages: The most messages in the buffer.
        buffer_tokens: The most tokens in it.
        session_hours: After so many hours a live session is loaded anew; None keeps it
            until it is the least recently used.
        live_sessions: The most sessions of the desk that are kept live.
        trigger_tokens: So many tokens that memory has not seen are consolidated.
        trigger_messages: So many messages, too.
        mask_messages: Whether secrets are masked in the stored messages as well.
        intents_by_model: Whether a connected model says what messages are about.
    """

    class Window(models.TextChoices):
        """What becomes of the older part of a running conversation."""

        SUMMARISE = "summarise", "Summarise what leaves it"
        FORGET = "forget", "Only forget"

    strategies = ArrayField(models.CharField(max_length=12), default=default_strategies)
    window = models.CharField(max_length=9, choices=Window, default=Window.SUMMARISE)
    buffer_messages = models.PositiveSmallIntegerField(default=20)
    buffer_tokens = models.PositiveIntegerField(default=4_000)
    session_hours = models.PositiveIntegerField(null=True, blank=True)
    live_sessions = models.PositiveIntegerField(default=1_000)
    trigger_tokens = models.PositiveIntegerField(default=4_000)
    trigger_messages = models.PositiveIntegerField(default=50)
    mask_messages = models.BooleanField(default=False)
    intents_by_model = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="memory_settings_once"),
        ]

    def __str__(self) -> str:
        return f"Memory settings of {self.tenant_id}"


class RetentionRule(TenantModel):
    """How long one kind of memory is kept, and how fast it ages.

    Attributes:
        kind: Of `memory.retention.KINDS`.
        keep_days: After so many days it is deleted; None keeps it.
        half_life_days: After so many days it counts half in recall; None for the
            kind's own.
    """

    kind = models.CharField(max_length=12)
    keep_days = models.PositiveIntegerField(null=True, blank=True)
    half_life_days = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "kind"], name="memory_retentionrule_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Retention of {self.kind}"


class CustomStrategy(TenantModel):
    """What a tenant wants remembered in its own words and shape.

    Attributes:
        instructions: For the model, as data beside our own rules.
        schema: JSON schema of one fact's value.
        version: Raised with every change; facts name the version that made them.
        enabled: Whether it runs; only what passed a dry run can be.
        trial: What the last dry run found, in numbers.
    """

    name = models.SlugField(max_length=40)
    instructions = models.TextField()
    schema = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    enabled = models.BooleanField(default=False)
    trial = models.JSONField(default=dict, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    changed_by = staff_key(models.RESTRICT)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            SameScopeKey(name="memory_customstrategy_changed_by", field="changed_by"),
            models.UniqueConstraint(
                fields=["tenant", "name"], name="memory_customstrategy_name"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(tried_at__isnull=False),
                name="memory_customstrategy_tried_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class IntentExample(TenantModel):
    """A desk's own example of what a customer writes; it is about no customer.

    Attributes:
        intent: Of `memory.recall.intents`.
        text: What a customer might write.
    """

    intent = models.CharField(max_length=20)
    text = models.CharField(max_length=300)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                "tenant",
                Lower("text"),
                name="memory_intentexample_once",
                violation_error_message="There is such an example already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Example of {self.intent}"
