"""Fills the demo's database with its stories, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from chat.demo.seed import demo_stories, seed, write_logins


class Command(BaseCommand):
    """`DEMO=1 manage.py seed_demo`: a second run finds nothing to do."""

    help = "Write the demo's desks, staff, customers and their history."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo's logins have a known password: set DEMO=1 to write them."
            )
        now = timezone.now()
        report = seed(now, say=self._say)
        write_logins(settings.DATA_DIR / "demo-logins.json", demo_stories(now))
        if not report.tenants:
            self._say("The demo's data is there already.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
