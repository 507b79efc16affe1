"""Facts, the words that they rest on, and what is not to come back."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import CustomerModel
from accounts.rls import SameScopeKey
from memory.models.fields import tags


class Fact(CustomerModel):
    """One small statement about a customer, true from `valid_from` to `valid_to`.

    A fact is never changed in place: a newer value supersedes it and keeps it as
    history, so that taking the newer one back restores it.

    Attributes:
        value: As it was said.
        normal: The same in the key's own form, by which values are compared: an
            E.164 number, an ISO date; empty where there is no such form.
        valid_from: Since when it is true; `recorded_at`, since when it is known here.
        valid_to: Until when it was true; `closed_at`, since when that is known here.
        made_by: What took it from the words: a strategy and its engine, or `staff`.
        uses: How often it was put before the assistant, counted in batches.
    """

    class Kind(models.TextChoices):
        """What sort of statement it is."""

        FACT = "fact", "Fact"
        PREFERENCE = "preference", "Preference"
        EVENT = "event", "Event"
        INTENT = "intent", "Intent"
        ISSUE = "issue", "Pending issue"

    class Source(models.TextChoices):
        """Whose word it is."""

        CUSTOMER = "customer", "Customer said"
        APPROVED = "approved", "Approved by staff"
        AGENT = "agent", "Corrected by staff"
        SYSTEM = "system", "System of record"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.FACT)
    key = models.CharField(max_length=80)
    value = models.CharField(max_length=500)
    normal = models.CharField(max_length=500, blank=True)
    text = models.CharField(max_length=1000)
    topics = tags()
    entities = tags()
    importance = models.FloatField(default=0.5)
    confidence = models.FloatField(default=1.0)
    purpose = models.CharField(max_length=40, default="support")
    source = models.CharField(max_length=10, choices=Source, default=Source.CUSTOMER)
    single = models.BooleanField(default=False)
    conversation_id = models.UUIDField(null=True, blank=True)
    event_at = models.DateTimeField(null=True, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="older",
        db_constraint=False,
        db_index=False,
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    made_by = models.CharField(max_length=120, blank=True)
    uses = models.PositiveIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "customer", "id"], name="memory_fact_scope_id"
            ),
            SameScopeKey(
                name="memory_fact_superseded_by", field="superseded_by", customer=True
            ),
            models.UniqueConstraint(
                fields=["tenant", "customer", "content_hash"],
                condition=Q(valid_to=None),
                name="memory_fact_current_once",
            ),
        ]
        indexes = [
            *CustomerModel.Meta.indexes,
            models.Index(
                fields=["tenant", "customer", "key"], name="memory_fact_by_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.customer_id}"

    @property
    def is_current(self) -> bool:
        """Whether it holds now."""
        return self.valid_to is None


class Evidence(CustomerModel):
    """The words that a fact rests on: a verbatim span of one message.

    Attributes:
        author: Whose word it is, a `Fact.Source`.
        says: What they say of the fact (`memory.facts.reconciling.Says`).
        since: Since when that is so, where they tell ("since March").
    """

    class Says(models.TextChoices):
        """What words say of a fact."""

        HOLDS = "holds", "It is so"
        CHANGED = "changed", "It is so since a change"
        MEANT = "meant", "It was meant instead of what was said before"
        ENDED = "ended", "It is so no longer"
        GONE = "gone", "Whatever was so is so no longer"

    fact = models.ForeignKey(
        Fact,
        on_delete=models.CASCADE,
        related_name="evidence",
        db_constraint=False,
        db_index=False,
    )
    conversation_id = models.UUIDField(null=True, blank=True)
    message_id = models.UUIDField(null=True, blank=True)
    span = models.CharField(max_length=1000)
    author = models.CharField(max_length=10, default="customer")
    says = models.CharField(max_length=7, choices=Says, default=Says.HOLDS)
    since = models.DateTimeField(null=True, blank=True)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(name="memory_evidence_fact", field="fact", customer=True),
            models.UniqueConstraint(
                fields=["tenant", "fact", "message_id", "span", "says"],
                name="memory_evidence_once",
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]


class Forgotten(CustomerModel):
    """What was forgotten on purpose: words from before do not bring it back.

    Said anew after `said_before`, it is remembered like anything else.

    Attributes:
        content_hash: Of the fact (`memory.facts.content_hash`).
        said_before: When it was forgotten.
    """

    content_hash = models.CharField(max_length=64)
    said_before = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "customer", "content_hash"],
                name="memory_forgotten_once",
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]

    def __str__(self) -> str:
        return f"Forgotten of {self.customer_id}"
