"""What people asked about their data, and the proof of erasures."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import TenantModel, staff_key
from accounts.rls import SameScopeKey


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
    opened_by = staff_key(models.RESTRICT, required=True)
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    asked_by = staff_key(models.RESTRICT)
    asked_at = models.DateTimeField(null=True, blank=True)
    decided_by = staff_key(models.RESTRICT)
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
