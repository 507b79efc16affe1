"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who is here and what they may touch."""

    name = "accounts"
    default_auto_field = "django.db.models.UUIDField"

    def ready(self) -> None:
        """Register the checks."""
        import_module("accounts.checks")
