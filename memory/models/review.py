"""What waits for people."""

from django.db import models
from django.utils import timezone

from accounts.models import CustomerModel, staff_key
from accounts.rls import SameScopeKey
from memory.models.facts import Fact


class ReviewItem(CustomerModel):
    """Something that was said and is not memory until a person says so.

    It holds what memory would have taken in, field by field. Accepting makes it a fact;
    refusing keeps it here, so that the same words do not come back.

    Attributes:
        kind: Why people look at it; each kind is one reason for waiting.
        reason: The same in words, for people.
        rival: What is remembered and would have to give way, if it contradicts that.
        polarity: Whether it says that something is so, or is so no longer.
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
        CONFLICT = "conflict", "Contradicts what is known"
        UNSURE = "unsure", "May not be so"

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
    normal = models.CharField(max_length=500, blank=True)
    polarity = models.CharField(max_length=6, default="assert")
    rival = models.ForeignKey(
        Fact,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event_at = models.DateTimeField(null=True, blank=True)
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
    decided_by = staff_key()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(name="memory_reviewitem_decided_by", field="decided_by"),
            SameScopeKey(name="memory_reviewitem_rival", field="rival", customer=True),
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
