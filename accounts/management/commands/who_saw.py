"""Answers the breach question: who saw a customer, between when and when."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from accounts.audit import search
from accounts.management.tenants import tenant_by_slug
from accounts.models import Customer
from accounts.params import as_uuid
from accounts.scope import tenant_scope


class Command(BaseCommand):
    """`manage.py who_saw --tenant SLUG --customer ID --from ISO --to ISO`."""

    help = "Say who saw a customer's memory, or did anything about her, and when."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True)
        parser.add_argument(
            "--customer", required=True, help="your id of her, or ours (a UUID)"
        )
        parser.add_argument("--from", required=True, dest="since", help="ISO 8601")
        parser.add_argument("--to", required=True, dest="until", help="ISO 8601")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_by_slug(options["tenant"])
        since = _moment(options["since"], "--from")
        until = _moment(options["until"], "--to")
        with tenant_scope(tenant.id):
            ref = _customer_ref(options["customer"])
            viewers = search.viewers(ref, since=since, until=until)
            self._tell(viewers)
            asked = search.Search(customer_ref=ref, since=since, until=until)
            shown = self._list(asked, {each.actor: each.name for each in viewers})
            audit.record(
                actor="operator",
                action="audit.read",
                subject_type="tenant",
                subject_id=tenant.id,
                customer_id=ref,
                detail={"since": since, "until": until, "events": shown},
            )

    def _tell(self, viewers: list[search.Viewer]) -> None:
        if not viewers:
            self.stdout.write("Nobody.")
        for each in viewers:
            self.stdout.write(
                f"{each.name} [{each.actor}]: {each.reads} reads, {each.acts} other,"
                f" first {each.first.isoformat()}, last {each.last.isoformat()}"
            )

    def _list(self, asked: search.Search, names: dict[str, str]) -> int:
        shown = 0
        for event in search.events(asked).iterator():
            shown += 1
            self.stdout.write(
                f"{event.at.isoformat()} {names.get(event.actor, event.actor)}"
                f" {event.action} {event.subject_type} {event.subject_id}"
                f" {event.detail}"
            )
        return shown


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option} is not a time in ISO 8601.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _customer_ref(text: str) -> UUID:
    known = Customer.objects.filter(external_id=text.replace("\0", "")).first()
    # Somebody erased is still in the log, by her id only.
    ref = known.id if known else as_uuid(text)
    if ref is None:
        raise CommandError(f"There is no customer {text!r}.")
    return ref
