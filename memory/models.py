"""The durable tiers: facts with their evidence, summaries, and the vector index.

Conversations and messages are known here by id only: `chat` builds on `memory`, never
the other way round.
"""

from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from accounts.models import CustomerModel, TenantModel, User
from accounts.rls import SameScopeKey


def _tags() -> ArrayField:  # type: ignore[type-arg]  # generic in the stubs only
    return ArrayField(models.CharField(max_length=120), default=list, blank=True)


class Fact(CustomerModel):
    """One small statement about a customer, true from `valid_from` to `valid_to`.

    A fact is never changed in place: a newer value supersedes it and keeps it as
    history, so that taking the newer one back restores it.
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
    text = models.CharField(max_length=1000)
    topics = _tags()
    entities = _tags()
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
    """The words that a fact rests on: a verbatim span of one message."""

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
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(name="memory_evidence_fact", field="fact", customer=True),
            models.UniqueConstraint(
                fields=["tenant", "fact", "message_id", "span"],
                name="memory_evidence_once",
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]


class Summary(CustomerModel):
    """A summary of part of a conversation (rolling) or of all of it (episode)."""

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
    topics = _tags()
    entities = _tags()
    sentiment = models.CharField(max_length=10, default="neutral")
    pending_actions = ArrayField(
        models.CharField(max_length=300), default=list, blank=True
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
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


class ReviewItem(CustomerModel):
    """Something that was said and is not memory until a person says so.

    It holds what memory would have taken in, field by field. Accepting makes it a fact;
    refusing keeps it here, so that the same words do not come back.

    Attributes:
        kind: Why people look at it; each kind is one reason for waiting.
        reason: The same in words, for people.
        source: Whose word it is: the author of the message; `assistant` for what a
            summary says.
        verified: Whether the customer was signed in.
        fact_kind: What sort of statement it would be.
        message_id: Where it was said; for a summary, the last message it covers.
        span: The words themselves, as they stand there.
        said: The message around them, without secrets.
    """

    class Kind(models.TextChoices):
        """Why it waits."""

        INSTRUCTION = "instruction", "Reads as an instruction"

    class State(models.TextChoices):
        """What people decided."""

        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=120)
    source = models.CharField(max_length=10, blank=True)
    verified = models.BooleanField(default=False)
    fact_kind = models.CharField(max_length=10, choices=Fact.Kind)
    key = models.CharField(max_length=80)
    value = models.CharField(max_length=500)
    text = models.CharField(max_length=1000)
    single = models.BooleanField(default=False)
    importance = models.FloatField(default=0.5)
    confidence = models.FloatField(default=1.0)
    conversation_id = models.UUIDField()
    message_id = models.UUIDField()
    span = models.CharField(max_length=1000)
    said = models.CharField(max_length=2000, blank=True)
    said_at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(name="memory_reviewitem_decided_by", field="decided_by"),
            models.UniqueConstraint(
                fields=["tenant", "customer", "kind", "content_hash"],
                name="memory_reviewitem_once",
            ),
        ]
        indexes = [
            *CustomerModel.Meta.indexes,
            models.Index(
                fields=["tenant", "state", "created_at"], name="memory_reviewitem_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has decided yet."""
        return self.state == self.State.WAITING

    @property
    def marks(self) -> list[str]:
        """What is marked in the message."""
        return [self.span]


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


class ErasureReceipt(TenantModel):
    """Proof that a customer was erased: counts by store, and nothing personal.

    Attributes:
        requested_by: Who erased her, as in the audit log.
        approved_by: Who else agreed to it; empty when nobody had to.
    """

    customer_ref = models.UUIDField()
    requested_by = models.CharField(max_length=100)
    approved_by = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    counts = models.JSONField()
    remaining = models.PositiveIntegerField()
    erased_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "id"], name="memory_erasurereceipt_tenant_id"
            ),
        ]
        ordering: ClassVar[list[str]] = ["-erased_at"]


def _staff(*, required: bool = False) -> "models.ForeignKey[User | None, User | None]":
    return models.ForeignKey(
        User,
        null=not required,
        blank=not required,
        on_delete=models.RESTRICT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )


class PrivacyRequest(TenantModel):
    """What a person, or several, asked of the desk, and what became of it.

    It outlives the erasure that it is about, so it holds no word about anybody: whom
    it concerns is an id (`PrivacySubject`), and its reasons must not name them.

    Attributes:
        reason: Why it was opened, such as a ticket's number.
        due_at: Until when it has to be answered: a month after it came.
            Source: GDPR, Article 12(3).
        asked_by: Who asked for the approval of its erasures.
        decided_by: Who approved or refused them, or closed the request.
        outcome: Why it was approved, refused, cancelled or done.
        approved_subjects: Digest of the customers that were approved; whoever was
            added since is not erased.
    """

    class Kind(models.TextChoices):
        """What was asked for."""

        ACCESS = "access", "Access"
        ERASURE = "erasure", "Erasure"

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting for approval"
        APPROVED = "approved", "Being erased"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        CANCELLED = "cancelled", "Cancelled"

    UNFINISHED = (State.OPEN, State.WAITING, State.APPROVED)

    kind = models.CharField(max_length=14, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=300)
    opened_by = _staff(required=True)
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    asked_by = _staff()
    asked_at = models.DateTimeField(null=True, blank=True)
    decided_by = _staff()
    decided_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    approved_subjects = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "id"], name="memory_privacyrequest_tenant_id"
            ),
            SameScopeKey(name="memory_privacyrequest_opened_by", field="opened_by"),
            SameScopeKey(name="memory_privacyrequest_asked_by", field="asked_by"),
            SameScopeKey(name="memory_privacyrequest_decided_by", field="decided_by"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "state", "due_at"], name="memory_privacyrequest_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} request {self.id.hex[-8:]}"

    @property
    def is_unfinished(self) -> bool:
        """Whether something is left to do."""
        return self.state in self.UNFINISHED

    @property
    def days_left(self) -> int:
        """How many days are left to answer; negative when it is late."""
        today: date = timezone.localdate()
        return (timezone.localdate(self.due_at) - today).days


class PrivacySubject(TenantModel):
    """One customer whom a privacy request is about, by id only.

    Attributes:
        receipt: Of her erasure by this request.
        settled_at: When her turn in the erasure was over; without a receipt, she had
            gone before.
    """

    request = models.ForeignKey(
        PrivacyRequest,
        on_delete=models.CASCADE,
        related_name="subjects",
        db_constraint=False,
        db_index=False,
    )
    customer_ref = models.UUIDField()
    receipt = models.ForeignKey(
        ErasureReceipt,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            SameScopeKey(name="memory_privacysubject_request", field="request"),
            SameScopeKey(name="memory_privacysubject_receipt", field="receipt"),
            models.UniqueConstraint(
                fields=["tenant", "request", "customer_ref"],
                name="memory_privacysubject_once",
            ),
        ]
