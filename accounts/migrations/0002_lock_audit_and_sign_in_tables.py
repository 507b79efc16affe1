"""The audit log is append-only; allauth's own tables follow their user's policy."""

from django.db import migrations

VISIBLE_USER = "exists (select 1 from accounts_user u where u.id = user_id)"
VISIBLE_ADDRESS = (
    "exists (select 1 from account_emailaddress a where a.id = email_address_id)"
)


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
        ("accounts", "0001_tenants_users_customers_audit"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        lock("account_emailaddress", VISIBLE_USER),
        lock("account_emailconfirmation", VISIBLE_ADDRESS),
        migrations.RunSQL(
            """
            create function accounts_auditevent_refuse() returns trigger
            language plpgsql as $$
            begin
                raise exception 'The audit log can only be appended to.';
            end $$;
            create trigger accounts_auditevent_append_only
                before update or delete on accounts_auditevent
                for each row execute function accounts_auditevent_refuse();
            create trigger accounts_auditevent_keep
                before truncate on accounts_auditevent
                for each statement execute function accounts_auditevent_refuse();
            """,
            """
            drop trigger accounts_auditevent_keep on accounts_auditevent;
            drop trigger accounts_auditevent_append_only on accounts_auditevent;
            drop function accounts_auditevent_refuse();
            """,
        ),
    ]
