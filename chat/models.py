"""Conversations, their messages, their event log, and the tools of the assistant."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.fields import EncryptedTextField
from accounts.models import CustomerModel, TenantModel, staff_key
from accounts.rls import SameScopeKey
from chat import outbound

# Source: RFC 9110, section 5.6.2 (token) and 5.5 (field values).
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# They say where a request goes and where it ends.
_HEADERS_OF_OURS = {"host", "content-length", "transfer-encoding", "connection", "te"}
_HEADER_CHARS = 500
_MAX_TOOL_TIMEOUT_S = 30.0
_MAX_TOOL_CACHE_S = 24 * 3600


class Conversation(CustomerModel):
    """One session with a customer.

    Attributes:
        last_seq: The `seq` of its newest event; taken under the row's lock, so that
            events become visible in order and without gaps.
        last_message_seq: The `seq` of the newest message that was said aloud.
        asked_seq: The newest customer message that the assistant owes an answer to.
        answered_seq: Up to where it has answered, or somebody else took over.
        turn_id: The assistant message that is being written now, if any.
        turn_attempts: How often the newest question was tried.
        turn_expires_at: When that turn counts as dead unless it renews its lease.
        consolidated_seq: Up to where the conversation went into memory.
        consolidate_at: When it is to be brought into memory, if that is planned.
        consolidate_trigger: What planned it, a `memory.models.Consolidation.Trigger`.
        consolidate_since: When enough was said for it: the debounce starts here.
        consolidate_tries: How often that was begun since it last worked.
        unseen_messages: How many messages memory has not seen.
        unseen_tokens: How many tokens they have.
        external_id: The id that an import gave it.
    """

    class Status(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Owner(models.TextChoices):
        """Who answers."""

        ASSISTANT = "assistant", "Assistant"
        AGENT = "agent", "Agent"

    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    owner = models.CharField(max_length=10, choices=Owner, default=Owner.ASSISTANT)
    agent = staff_key()
    subject = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=20, default="widget")
    external_id = models.CharField(max_length=200, blank=True)
    preview = models.CharField(max_length=140, blank=True)
    last_seq = models.BigIntegerField(default=0)
    last_message_seq = models.BigIntegerField(default=0)
    asked_seq = models.BigIntegerField(default=0)
    answered_seq = models.BigIntegerField(default=0)
    consolidated_seq = models.BigIntegerField(default=0)
    consolidate_at = models.DateTimeField(null=True, blank=True)
    consolidate_trigger = models.CharField(max_length=8, blank=True)
    consolidate_since = models.DateTimeField(null=True, blank=True)
    consolidate_tries = models.PositiveSmallIntegerField(default=0)
    unseen_messages = models.PositiveIntegerField(default=0)
    unseen_tokens = models.PositiveIntegerField(default=0)
    turn_id = models.UUIDField(null=True, blank=True)
    turn_attempts = models.PositiveSmallIntegerField(default=0)
    turn_expires_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    last_message_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "customer", "id"], name="chat_conversation_scope_id"
            ),
            SameScopeKey(name="chat_conversation_agent", field="agent"),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~Q(external_id=""),
                name="chat_conversation_external_id",
            ),
        ]
        indexes = [
            *CustomerModel.Meta.indexes,
            models.Index(
                "tenant",
                "status",
                F("last_message_at").desc(),
                name="chat_conversation_inbox",
            ),
            models.Index(
                fields=["tenant"],
                condition=Q(asked_seq__gt=F("answered_seq")),
                name="chat_conversation_owed",
            ),
            models.Index(
                fields=["tenant", "consolidate_at"],
                condition=Q(consolidate_at__isnull=False),
                name="chat_conversation_to_remember",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Message(CustomerModel):
    """One turn of a conversation, or an internal note beside it.

    Attributes:
        seq: Its place in the conversation, shared with its event.
        client_id: Given by the sender, so that a repeated send is stored once.
        agent: The login behind an agent's message, where it was written here.
        context: For an assistant message: what was recalled (ids, scores, reasons)
            and the token ledger; no copy of any remembered text.
    """

    class Author(models.TextChoices):
        """Who wrote it."""

        CUSTOMER = "customer", "Customer"
        ASSISTANT = "assistant", "Assistant"
        AGENT = "agent", "Agent"
        SYSTEM = "system", "System"
        TOOL = "tool", "Tool"

    class Status(models.TextChoices):
        """Whether it is whole."""

        COMPLETE = "complete", "Complete"
        STREAMING = "streaming", "Being written"
        INTERRUPTED = "interrupted", "Interrupted"

    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.CASCADE,
        related_name="messages",
        db_constraint=False,
        db_index=False,
    )
    agent = staff_key()
    seq = models.BigIntegerField()
    author = models.CharField(max_length=10, choices=Author)
    author_name = models.CharField(max_length=200, blank=True)
    is_note = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.COMPLETE)
    client_id = models.UUIDField(null=True, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(default=timezone.now)
    context = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(
                name="chat_message_conversation", field="conversation", customer=True
            ),
            SameScopeKey(name="chat_message_agent", field="agent"),
            models.UniqueConstraint(
                fields=["tenant", "conversation", "seq"], name="chat_message_seq"
            ),
            models.UniqueConstraint(
                fields=["tenant", "customer", "client_id"],
                condition=Q(client_id__isnull=False),
                name="chat_message_client_id",
            ),
            models.UniqueConstraint(
                fields=["tenant", "conversation", "external_id"],
                condition=~Q(external_id=""),
                name="chat_message_external_id",
            ),
        ]
        indexes = [
            *CustomerModel.Meta.indexes,
            models.Index(
                fields=["tenant", "agent", "conversation"],
                condition=Q(agent__isnull=False),
                name="chat_message_by_agent",
            ),
            models.Index(
                fields=["tenant", "sent_at"],
                condition=Q(context__isnull=False),
                name="chat_message_answers",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Event(CustomerModel):
    """One entry of a conversation's log: sockets replay it after a reconnect.

    It points at what changed and holds no text of its own.
    """

    class Kind(models.TextChoices):
        """What happened."""

        MESSAGE = "message", "A message was added"
        MESSAGE_UPDATED = "message_updated", "A message became whole or was cut"
        STATE = "state", "Owner or status changed"

    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    message_id = models.UUIDField(null=True, blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            *CustomerModel.Meta.constraints,
            SameScopeKey(
                name="chat_event_conversation", field="conversation", customer=True
            ),
            models.UniqueConstraint(
                fields=["tenant", "conversation", "seq"], name="chat_event_seq"
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]


class TokenDay(TenantModel):
    """What the prompts of one day's answers add up to; see `chat.tokens.counting`.

    Attributes:
        day: In UTC.
        until: Answers up to then are in it.
        sums: Totals by name.
        spread: How many answers had a size of each class, by name.
    """

    day = models.DateField()
    until = models.DateTimeField()
    sums = models.JSONField(default=dict)
    spread = models.JSONField(default=dict)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "day"], name="chat_tokenday_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Tokens of {self.day}"


class HttpTool(TenantModel):
    """A look-up that the assistant may call over HTTP.

    Attributes:
        url: With `{placeholders}` that are filled from the arguments, percent-encoded;
            `{customer}` is the verified customer's id, whatever the arguments say.
        parameters: JSON schema of the arguments.
        cache_s: How long, in seconds, an answer serves the same conversation again.
    """

    name = models.SlugField(max_length=60)
    description = models.CharField(max_length=500)
    parameters = models.JSONField()
    url = models.CharField(max_length=500)
    header_name = models.CharField(max_length=80, blank=True)
    header_value = EncryptedTextField(blank=True, default="")
    timeout_s = models.FloatField(default=5.0)
    cache_s = models.PositiveIntegerField(default=600)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "name"], name="chat_httptool_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check what the single columns cannot.

        Raises:
            ValidationError: By field, in words for the admin.
        """
        problems: dict[str, str] = {}
        if not isinstance(self.parameters, dict) or not isinstance(
            self.parameters.get("properties", {}), dict
        ):
            problems["parameters"] = "Write a JSON schema of an object."
        else:
            self._check_url(problems)
        self._check_header(problems)
        if not 0 < self.timeout_s <= _MAX_TOOL_TIMEOUT_S:
            problems["timeout_s"] = f"Above 0 and up to {_MAX_TOOL_TIMEOUT_S:.0f} s."
        if self.cache_s > _MAX_TOOL_CACHE_S:
            problems["cache_s"] = f"Up to {_MAX_TOOL_CACHE_S} s, which is a day."
        if problems:
            raise ValidationError(problems)

    def _check_url(self, problems: dict[str, str]) -> None:
        try:
            outbound.target_of(self.url)
            unknown = (
                outbound.placeholders(self.url)
                - set(self.parameters.get("properties", {}))
                - {"customer"}
            )
        except ValidationError as error:
            problems["url"] = error.messages[0]
            return
        if unknown:
            names = ", ".join(sorted(unknown))
            problems["url"] = f"The parameters do not describe: {names}."

    def _check_header(self, problems: dict[str, str]) -> None:
        value = self.header_value
        if not self.header_name:
            if value:
                problems["header_name"] = "Which header carries the value?"
        elif (
            not _HEADER_NAME.fullmatch(self.header_name)
            or self.header_name.lower() in _HEADERS_OF_OURS
        ):
            problems["header_name"] = "No such header can be sent."
        elif not _HEADER_VALUE.fullmatch(value) or len(value) > _HEADER_CHARS:
            problems["header_value"] = (
                f"Up to {_HEADER_CHARS} printable ASCII characters on one line."
            )
