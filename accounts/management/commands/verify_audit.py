"""Verifies every link of the audit log, and that its end was not cut off."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.audit.verify import Fault, verify
from accounts.management.tenants import tenant_by_slug
from accounts.models import Tenant
from accounts.scope import identity_scope, tenant_scope


class Command(BaseCommand):
    """`manage.py verify_audit [--tenant SLUG] [--checkpoints DIR]`."""

    help = "Verify the audit log; names the first bad event of each tenant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="only this one")
        parser.add_argument("--checkpoints", type=Path, help="directory of a copy")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["checkpoints"]
        if directory is not None and not directory.is_dir():
            raise CommandError(f"There is no directory {directory}.")
        slug = options["tenant"]
        tenants = [tenant_by_slug(slug)] if slug else _tenants()
        try:
            broken = sum(not self._verify(tenant, directory) for tenant in tenants)
        except OSError as error:
            raise CommandError(f"Cannot read the checkpoints: {error}.") from error
        if not slug:
            broken += self._missing({tenant.id for tenant in tenants}, directory)
        if broken:
            raise CommandError(f"The audit log was tampered with: {broken} tenants.")

    def _verify(self, tenant: Tenant, directory: Path | None) -> bool:
        started = time.perf_counter()
        with tenant_scope(tenant.id):
            verdict = verify(directory)
        took_s = time.perf_counter() - started
        for fault in verdict.faults:
            self.stdout.write(f"{tenant.slug}: {_told(fault)}")
        if not verdict.faults:
            mark = verdict.checkpoint
            until = (
                f"checkpoint at {mark.seq} of {mark.at}" if mark else "no checkpoint"
            )
            self.stdout.write(
                f"{tenant.slug}: ok, {verdict.events} events, {until}, {took_s:.2f} s"
            )
        return not verdict.faults

    def _missing(self, tenants: set[UUID], directory: Path | None) -> int:
        """Count the tenants that have checkpoints and are not there any more."""
        files = (directory or settings.AUDIT_CHECKPOINT_DIR).glob("*.jsonl")
        gone = sorted({file.stem for file in files} - {str(id_) for id_ in tenants})
        for tenant_id in gone:
            self.stdout.write(f"{tenant_id}: has checkpoints, but the tenant is gone")
        return len(gone)


def _tenants() -> list[Tenant]:
    with identity_scope():
        return list(Tenant.objects.order_by("slug"))


def _told(fault: Fault) -> str:
    return f"event {fault.seq} {fault.what}" if fault.seq else fault.what
