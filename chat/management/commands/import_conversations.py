"""Imports conversations from JSON Lines, and consolidates them when asked."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F
from tqdm import tqdm

from accounts.management.tenants import tenant_by_slug
from accounts.models import Tenant
from accounts.scope import tenant_scope
from chat import imports, remembering
from chat.management.measuring import existing_file, numbered_objects
from chat.models import Conversation


class Command(BaseCommand):
    """`manage.py import_conversations FILE --tenant SLUG [--consolidate]`."""

    help = "Import conversations, one JSON object a line; known ids are skipped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="conversations.jsonl")
        parser.add_argument("--tenant", required=True, help="made when missing")
        parser.add_argument(
            "--consolidate",
            action="store_true",
            help="bring every conversation through the whole write path as well",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = existing_file(options["file"])
        desk = tenant_by_slug(options["tenant"], make=True)
        bad, stored = self._import(path, desk)
        left = self._consolidate(desk, stored) if options["consolidate"] else 0
        if bad:
            raise CommandError(f"{bad} of the lines could not be imported.")
        if left:
            raise CommandError(
                f"{left} conversations could not be consolidated:"
                " the page Settings, Remembering says why."
            )

    def _import(self, path: Path, desk: Tenant) -> tuple[int, list[Conversation]]:
        bad = new = 0
        stored = []
        lines = tqdm(numbered_objects(path), unit=" conversations", file=sys.stderr)
        for number, raw, problem in lines:
            try:
                if raw is None:
                    raise ValueError(problem)
                source = imports.parse(raw)
                with tenant_scope(desk.id):
                    conversation, added = imports.import_conversation(source)
            except ValueError as error:
                bad += 1
                tqdm.write(f"line {number}: {error}", file=sys.stderr)
                continue
            stored.append(conversation)
            new += added
        self.stdout.write(
            f"{len(stored)} conversations, {new} new messages, {bad} bad lines"
        )
        return bad, stored

    def _consolidate(self, desk: Tenant, stored: list[Conversation]) -> int:
        """Bring conversations into memory; returns how many could not be."""
        done = sum(
            remembering.consolidate_all(
                desk.id, conversation.customer_id, conversation.id
            )
            for conversation in tqdm(stored, unit=" consolidated", file=sys.stderr)
        )
        self.stdout.write(f"{done} conversations consolidated")
        with tenant_scope(desk.id):
            return Conversation.objects.filter(
                pk__in=[conversation.pk for conversation in stored],
                consolidated_seq__lt=F("last_message_seq"),
            ).count()
