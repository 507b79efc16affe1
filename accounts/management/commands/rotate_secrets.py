"""Encrypts every stored secret again with the first of SECRETS_KEYS. Safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.rotation import rotate_secrets
from accounts.secrets import SecretUnreadableError


class Command(BaseCommand):
    """`manage.py rotate_secrets`."""

    help = "Encrypt every stored secret again with the first key of SECRETS_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = rotate_secrets()
        except SecretUnreadableError as error:
            raise CommandError(str(error)) from None
        for column, counted in sorted(counts.items()):
            self.stdout.write(
                f"{column}: {counted['rotated']} of {counted['secrets']}"
                " encrypted again"
            )
