"""Ends of sign-ins, invitations, single sign-on; allauth's new tables are locked."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import accounts.fields
import accounts.rls

VISIBLE_USER = "exists (select 1 from accounts_user u where u.id = user_id)"
VISIBLE_LINK = (
    "exists (select 1 from socialaccount_socialaccount a where a.id = account_id)"
)
# Providers are rows of SingleSignOn; allauth's own table stays empty.
NOBODY = "false"


def lock(table: str, predicate: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        alter table {table} enable row level security;
        alter table {table} force row level security;
        create policy {table}_scope on {table}
            using ({predicate}) with check ({predicate});
        """,
        f"""
        drop policy {table}_scope on {table};
        alter table {table} no force row level security;
        alter table {table} disable row level security;
        """,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_encrypt_widget_secrets"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sign_in_epoch",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("agent", "Agent"),
                            ("admin", "Admin"),
                            ("compliance", "Compliance"),
                        ],
                        default="agent",
                        max_length=12,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["tenant", "created_at"],
                        name="accounts_invitation_recent",
                    )
                ],
                "constraints": [
                    accounts.rls.RowLevelSecurity(
                        customer="",
                        identity=False,
                        name="accounts_invitation_scope",
                        tenant="tenant_id",
                    ),
                    accounts.rls.SameScopeKey(
                        customer=False,
                        field="invited_by",
                        name="accounts_invitation_inviter",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SingleSignOn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("issuer", models.URLField()),
                ("client_id", models.CharField(max_length=191)),
                ("client_secret", accounts.fields.EncryptedTextField()),
                (
                    "domains",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=253),
                        default=list,
                        size=None,
                    ),
                ),
                ("enforced", models.BooleanField(default=False)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    accounts.rls.RowLevelSecurity(
                        customer="",
                        identity=True,
                        name="accounts_singlesignon_scope",
                        tenant="tenant_id",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant",), name="accounts_singlesignon_tenant"
                    ),
                ],
            },
        ),
        lock("mfa_authenticator", VISIBLE_USER),
        lock("socialaccount_socialaccount", VISIBLE_USER),
        lock("socialaccount_socialtoken", VISIBLE_LINK),
        lock("socialaccount_socialapp", NOBODY),
        lock("usersessions_usersession", VISIBLE_USER),
    ]
