"""Brings a desk's index from one embedding model to another."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.management.tenants import tenant_by_slug
from accounts.scope import tenant_scope
from memory.embeddings import drift, reembedding, status
from memory.llm.errors import LLMError
from memory.models import ReembedJob

_ACTOR = "operator"
# On a busy desk something may come in between the last copy and the cut-over.
_CUT_OVER_TRIES = 10


class Command(BaseCommand):
    """`manage.py reembed --tenant SLUG [--model NAME] [--cut-over] …`."""

    help = (
        "Make a second index with another model beside the one in use; cut over to it,"
        " and back. Killed, it goes on where it was when it is called again. With"
        " nothing but --tenant it tells how the index stands."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--model", help="make an index with this model")
        parser.add_argument("--cut-over", action="store_true", help="use the new index")
        other = parser.add_mutually_exclusive_group()
        other.add_argument(
            "--roll-back", action="store_true", help="use the index before again"
        )
        other.add_argument(
            "--cancel", action="store_true", help="give up an index that is not used"
        )
        other.add_argument(
            "--check-drift",
            action="store_true",
            help="embed a sample again and compare",
        )
        other.add_argument(
            "--status", action="store_true", help="tell how the index stands"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant_id = tenant_by_slug(options["tenant"]).id
        try:
            if options["model"]:
                self._make(tenant_id, options["model"])
            if options["cut_over"]:
                self._cut_over(tenant_id)
            if options["roll_back"]:
                _settle(tenant_id, reembedding.roll_back)
            if options["cancel"]:
                _settle(tenant_id, reembedding.cancel)
            if options["check_drift"]:
                drift.check(tenant_id)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except LLMError as error:
            raise CommandError(str(error)) from error
        self._tell(tenant_id)

    def _make(self, tenant_id: UUID, name: str) -> None:
        with tenant_scope(tenant_id):
            job = reembedding.latest()
            if job is None or job.state != job.State.RUNNING or job.model.name != name:
                job = reembedding.start(name=name, actor=_ACTOR)
        with tqdm(
            total=job.total, initial=job.done, unit=" entries", file=sys.stderr
        ) as bar:

            def told(job: ReembedJob) -> None:
                bar.total = job.total
                bar.update(job.done - bar.n)

            reembedding.run(tenant_id, told=told)
        with tenant_scope(tenant_id):
            job = reembedding.latest()
        if job is not None and job.problem:
            raise CommandError(
                f"{job.problem} {job.done} of {job.total} are done; call it again to"
                " go on from there."
            )

    def _cut_over(self, tenant_id: UUID) -> None:
        for tries_left in range(_CUT_OVER_TRIES, 0, -1):
            reembedding.keep_up(tenant_id)
            try:
                _settle(tenant_id, reembedding.cut_over)
                break
            except reembedding.NotYetError:
                if tries_left == 1:
                    raise

    def _tell(self, tenant_id: UUID) -> None:
        with tenant_scope(tenant_id):
            index = status.of_the_desk()
        for share in index.shares:
            model = share.model
            self.stdout.write(
                f"{model.name} {model.version}, {model.dimensions} dimensions:"
                f" {share.entries} entries{', in use' if model.active else ''}"
            )
        self.stdout.write(f"stale: {index.stale} of {index.entries}")
        if index.active is not None and index.active.drift is not None:
            moved = "drifted: re-embed" if index.has_drifted else "as it was"
            self.stdout.write(f"drift: {index.active.drift:.4f} ({moved})")
        if not index.reachable:
            self.stdout.write("The model in use cannot be reached any more: re-embed.")
        if index.job is not None:
            job = index.job
            self.stdout.write(
                f"re-embedding to {job.model.name}: {job.get_state_display().lower()},"
                f" {job.done} of {job.total}"
            )
        if index.way_back_until is not None:
            self.stdout.write(f"way back until {index.way_back_until.isoformat()}")


def _settle(tenant_id: UUID, how: Callable[..., ReembedJob]) -> None:
    with tenant_scope(tenant_id):
        job = reembedding.latest()
        if job is None:
            raise CommandError("This desk was never re-embedded.")
        how(job=job, actor=_ACTOR)
