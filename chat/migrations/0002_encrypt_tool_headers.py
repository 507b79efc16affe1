"""The header values of HTTP tools are encrypted at rest."""

from django.db import migrations

import accounts.fields
from accounts.rotation import encrypt_column


def encrypt(apps, schema_editor):
    encrypt_column(
        table="chat_httptool", column="header_value", tenant_column="tenant_id"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0001_conversations_messages_events"),
        ("accounts", "0004_encrypt_widget_secrets"),
    ]

    operations = [
        migrations.AlterField(
            model_name="httptool",
            name="header_value",
            field=accounts.fields.EncryptedTextField(blank=True, default=""),
        ),
        migrations.RunPython(encrypt, migrations.RunPython.noop),
    ]
