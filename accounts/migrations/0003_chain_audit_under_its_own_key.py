"""Events name their key and their customer; reasons stand beside the chain.

The database itself takes an event only where it continues the chain, and the roles that
serve lose the right to change one.
"""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import accounts.rls

# Whoever was granted rights on the table, by default privileges or by hand.
GRANTEES = """
    select a.grantee, bool_or(a.privilege_type = 'INSERT') as writes
      from pg_class c, aclexplode(c.relacl) a
     where c.oid = '{table}'::regclass and a.grantee not in (0, c.relowner)
     group by a.grantee
"""


def withhold(table: str, rights: str) -> migrations.RunSQL:
    grantees = GRANTEES.format(table=table)
    loop = f"""
        do $$ declare who record; begin
            for who in {grantees} loop
                execute format('{{statement}}', who.grantee::regrole);
            end loop;
        end $$;
    """
    return migrations.RunSQL(
        f"revoke {rights}, truncate on {table} from public;"
        + loop.format(statement=f"revoke {rights}, truncate on {table} from %s"),
        loop.format(statement=f"grant {rights} on {table} to %s"),
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_lock_audit_and_sign_in_tables")]

    operations = [
        migrations.AddField(
            "auditevent", "customer_ref", models.UUIDField(blank=True, null=True)
        ),
        migrations.AddField(
            "auditevent",
            "reason_commitment",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        # What is there already was chained with SECRET_KEY itself: scheme 1.
        migrations.AddField(
            "auditevent",
            "scheme",
            models.PositiveSmallIntegerField(default=1),
            preserve_default=False,
        ),
        migrations.AddField(
            "auditevent",
            "key_id",
            models.CharField(blank=True, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(fields=["tenant", "at"], name="accounts_auditevent_at"),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["tenant", "customer_ref", "at"],
                name="accounts_auditevent_customer",
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["tenant", "actor", "at"], name="accounts_auditevent_actor"
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["tenant", "action", "at"], name="accounts_auditevent_action"
            ),
        ),
        migrations.CreateModel(
            name="AuditReason",
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
                ("event_id", models.UUIDField()),
                ("salt", models.CharField(max_length=64)),
                ("text", models.TextField()),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.customer",
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
                "verbose_name_plural": "reasons in the audit log",
                "indexes": [
                    models.Index(
                        fields=["tenant", "customer"], name="accounts_auditreason_cust"
                    )
                ],
                "constraints": [
                    accounts.rls.RowLevelSecurity(
                        customer="customer_id",
                        identity=False,
                        name="accounts_auditreason_scope",
                        tenant="tenant_id",
                    ),
                    accounts.rls.SameScopeKey(
                        customer=False,
                        field="customer",
                        name="accounts_auditreason_customer",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "event_id"), name="accounts_auditreason_event"
                    ),
                ],
            },
        ),
        # A reason is erased with its customer, and never changed.
        withhold("accounts_auditevent", "update, delete"),
        withhold("accounts_auditreason", "update"),
        migrations.RunSQL(
            """
            create function accounts_auditevent_continue() returns trigger
            language plpgsql as $$
            begin
                if new.seq = 1 and new.previous_hash = '' then
                    return null;
                end if;
                perform 1 from accounts_auditevent e
                  where e.tenant_id = new.tenant_id
                    and e.seq = new.seq - 1 and e.hash = new.previous_hash;
                if not found then
                    raise exception 'The audit log can only be continued at its end.';
                end if;
                return null;
            end $$;
            create trigger accounts_auditevent_continues
                after insert on accounts_auditevent
                for each row execute function accounts_auditevent_continue();
            """,
            """
            drop trigger accounts_auditevent_continues on accounts_auditevent;
            drop function accounts_auditevent_continue();
            """,
        ),
    ]
