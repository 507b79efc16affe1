"""Tenants, staff, customers, the audit log, and the two bases of every scoped table."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from uuid_utils.compat import uuid7

from accounts import time_zones
from accounts.fields import EncryptedTextField
from accounts.managers import (
    CustomerManager,
    CustomersManager,
    SingleSignOnManager,
    TenantManager,
    TenantsManager,
    UsersManager,
)
from accounts.rls import RowLevelSecurity, SameScopeKey


def _new_secret() -> str:
    """Kept under this name for the migrations that call it."""
    return new_widget_secret()


def new_widget_secret() -> str:
    """Return a secret to sign the widget's tokens with: 256 random bits."""
    return secrets.token_urlsafe(32)


class Tenant(models.Model):
    """One company's desk.

    Attributes:
        time_zone: By its IANA name; of customers who did not tell their own.
    """

    class Plan(models.TextChoices):
        """What the desk pays for."""

        FREE = "free", "Free"
        PAID = "paid", "Paid"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    plan = models.CharField(max_length=10, choices=Plan, default=Plan.PAID)
    widget_secret = EncryptedTextField(default=_new_secret)
    # Origins that may show the widget in a frame; see `chat.sites`.
    widget_sites = ArrayField(
        models.CharField(max_length=300), default=list, blank=True
    )
    time_zone = models.CharField(
        max_length=time_zones.MAX_CHARS,
        default=time_zones.UTC_NAME,
        validators=[time_zones.validate],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TenantsManager] = TenantsManager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="accounts_tenant_scope", tenant="id", identity=True)
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def context_tokens(self) -> int:
        """Tokens that a context may hold: 4,000 on the free plan, 16,000 on the paid.

        Source: the product's plans (mission, F1).
        """
        return 16_000 if self.plan == self.Plan.PAID else 4_000


class TenantModel(models.Model):
    """Base of every table that belongs to a tenant."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Its own index would be one too many: every index of a scoped table begins with it.
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    objects: ClassVar = TenantManager()

    class Meta:
        abstract = True
        constraints = [RowLevelSecurity(name="%(app_label)s_%(class)s_scope")]


class User(AbstractBaseUser):
    """A staff login of one tenant."""

    class Role(models.TextChoices):
        """What the login may do; see `accounts.policies`."""

        AGENT = "agent", "Agent"
        ADMIN = "admin", "Admin"
        COMPLIANCE = "compliance", "Compliance"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    # Unique over all tenants: the address alone finds the tenant at sign-in.
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=12, choices=Role, default=Role.AGENT)
    is_active = models.BooleanField(default=True)
    # Raised to end every sign-in of this user.
    sign_in_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UsersManager] = UsersManager()

    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            RowLevelSecurity(name="accounts_user_scope", identity=True),
            models.UniqueConstraint(
                fields=["tenant", "id"], name="accounts_user_tenant_id"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor(self) -> str:
        """Who did it, as the audit log names this login."""
        return f"user:{self.pk}"

    @property
    def sign_in_state(self) -> str:
        """What a sign-in rests on: when any of it changes, it ends."""
        return f"{self.password}:{self.role}:{self.sign_in_epoch}"

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac(
            "accounts.User.sign_in",
            self.sign_in_state,
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


def staff_key(
    on_delete: Any = models.SET_NULL, *, required: bool = False
) -> "models.ForeignKey[User | None, User | None]":
    """Return a reference to a login; a `SameScopeKey` beside it keeps it in the desk.

    Args:
        on_delete: What becomes of the row when the login goes.
        required: Whether there has to be one.
    """
    return models.ForeignKey(
        User,
        null=not required,
        blank=not required,
        on_delete=on_delete,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )


class Invitation(TenantModel):
    """A role that waits for somebody to make a login of it.

    Attributes:
        expires_at: From then on its link opens nothing.
        accepted_at: When somebody did; a link works once.
        cancelled_at: When an admin took it back.
    """

    email = models.EmailField()
    role = models.CharField(max_length=12, choices=User.Role, default=User.Role.AGENT)
    invited_by = staff_key(models.CASCADE, required=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            SameScopeKey(name="accounts_invitation_inviter", field="invited_by"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "created_at"], name="accounts_invitation_recent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display()}"

    @property
    def is_open(self) -> bool:
        """Whether its link still works."""
        return (
            self.accepted_at is None
            and self.cancelled_at is None
            and self.expires_at > timezone.now()
        )


class SingleSignOn(TenantModel):
    """The OpenID Connect provider through which a tenant's staff sign in.

    The operator sets it up (`manage.py single_sign_on`): a tenant that could name its
    own domains could name another's.

    Attributes:
        issuer: Address of the provider; its discovery document is below it.
        client_secret: Encrypted at rest.
        domains: Addresses in these lead to the provider, in small letters.
        enforced: Whether nobody but an admin may sign in past the provider.
    """

    issuer = models.URLField()
    client_id = models.CharField(max_length=191)
    client_secret = EncryptedTextField()
    domains = ArrayField(models.CharField(max_length=253), default=list)
    enforced = models.BooleanField(default=False)

    objects: ClassVar = SingleSignOnManager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="accounts_singlesignon_scope", identity=True),
            models.UniqueConstraint(
                fields=["tenant"], name="accounts_singlesignon_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.issuer


class Customer(TenantModel):
    """The person whose memory is kept.

    Attributes:
        external_id: The tenant's own id of this customer; empty for a visitor who has
            not said who she is.
        verified: Whether the tenant vouched for this identity with a signed token.
        time_zone: By its IANA name, as her browser or the tenant told it; empty where
            nobody did, and the desk's counts.
        memory_epoch: Raised whenever something of her is forgotten or restricted: work
            that read before must not be written after.
    """

    external_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    verified = models.BooleanField(default=False)
    time_zone = models.CharField(
        max_length=time_zones.MAX_CHARS, blank=True, validators=[time_zones.validate]
    )
    memory_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = CustomersManager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="accounts_customer_scope", customer="id"),
            models.UniqueConstraint(
                fields=["tenant", "id"], name="accounts_customer_tenant_id"
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="accounts_customer_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name that the desk shows: never empty."""
        return self.name or self.external_id or f"Visitor {self.id.hex[-4:]}"


class CustomerModel(TenantModel):
    """Base of every table with rows about a customer.

    Whatever inherits from this is exported and erased with the customer
    (`memory.privacy` walks all of its subclasses).
    """

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    objects: ClassVar = CustomerManager()

    class Meta:
        abstract = True
        constraints = [
            RowLevelSecurity(
                name="%(app_label)s_%(class)s_scope", customer="customer_id"
            ),
            SameScopeKey(name="%(app_label)s_%(class)s_customer", field="customer"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "customer"], name="%(app_label)s_%(class)s_cust"
            )
        ]


class AuditEvent(TenantModel):
    """One link of the tenant's chain of what was done and seen: ids, no text.

    The application role may insert and read, never change or delete, and PostgreSQL
    takes an event only where it continues the chain.

    Attributes:
        customer_ref: Whom it is about. No foreign key: events outlive an erasure.
        reason_commitment: HMAC over the text of its `AuditReason`, if it has one.
        scheme: How the hash was made; see `accounts.audit.chain`.
        key_id: Which audit key made it.
    """

    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    customer_ref = models.UUIDField(null=True, blank=True)
    reason_commitment = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)
    scheme = models.PositiveSmallIntegerField()
    key_id = models.CharField(max_length=16, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "seq"], name="accounts_auditevent_seq"
            ),
        ]
        # What the search filters by, each in the order in which it shows.
        indexes = [
            models.Index(fields=["tenant", "at"], name="accounts_auditevent_at"),
            models.Index(
                fields=["tenant", "customer_ref", "at"],
                name="accounts_auditevent_customer",
            ),
            models.Index(
                fields=["tenant", "actor", "at"], name="accounts_auditevent_actor"
            ),
            models.Index(
                fields=["tenant", "action", "at"], name="accounts_auditevent_action"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditReason(CustomerModel):
    """Why somebody did what an event says, in her own words.

    It stands beside the chain, which holds a salted commitment to it only: a reason
    about a customer is exported and erased with her, and the chain stays whole.

    Attributes:
        customer: Whom the act was about; None for one about the desk itself.
        event_id: The event.
    """

    customer = models.ForeignKey(  # type: ignore[assignment]  # may be nobody here
        Customer,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField()
    salt = models.CharField(max_length=64)
    text = models.TextField()

    class Meta:
        verbose_name_plural = "reasons in the audit log"
        constraints = [
            *CustomerModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "event_id"], name="accounts_auditreason_event"
            ),
        ]
        indexes = [*CustomerModel.Meta.indexes]

    def __str__(self) -> str:
        return f"Reason of {self.event_id}"
