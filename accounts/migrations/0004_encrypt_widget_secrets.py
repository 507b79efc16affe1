"""Widget secrets are encrypted at rest; a desk names the sites that frame its widget."""

import django.contrib.postgres.fields
from django.db import migrations, models

import accounts.fields
import accounts.models
from accounts.rotation import encrypt_column


def encrypt(apps, schema_editor):
    encrypt_column(table="accounts_tenant", column="widget_secret", tenant_column="id")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_chain_audit_under_its_own_key")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="widget_sites",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=300),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="tenant",
            name="widget_secret",
            field=accounts.fields.EncryptedTextField(
                default=accounts.models._new_secret
            ),
        ),
        migrations.RunPython(encrypt, migrations.RunPython.noop),
    ]
