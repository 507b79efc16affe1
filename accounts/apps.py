"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who is here and what they may touch."""

    name = "accounts"
    default_auto_field = "django.db.models.UUIDField"
