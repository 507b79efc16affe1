"""Connects a tenant to its OpenID Connect provider, or disconnects it."""

import os
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.management.tenants import tenant_by_slug
from accounts.models import SingleSignOn, Tenant
from accounts.scope import identity_scope, tenant_scope

SECRET_VARIABLE = "OIDC_CLIENT_SECRET"  # noqa: S105  # the name of a variable


class Command(BaseCommand):
    """`manage.py single_sign_on`."""

    help = (
        "Connect a tenant to its OpenID Connect provider. The client secret is read"
        f" from the environment: {SECRET_VARIABLE}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--issuer", metavar="URL")
        parser.add_argument("--client-id", metavar="ID")
        parser.add_argument("--domain", action="append", default=[], metavar="DOMAIN")
        parser.add_argument(
            "--enforce", action="store_true", help="no way past it, but for admins"
        )
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_by_slug(options["tenant"])
        if options["remove"]:
            with tenant_scope(tenant.id):
                SingleSignOn.objects.filter(tenant=tenant).delete()
            return
        self._connect(tenant, options)

    def _connect(self, tenant: Tenant, options: dict[str, Any]) -> None:
        secret = os.environ.get(SECRET_VARIABLE, "")
        if not (options["issuer"] and options["client_id"] and secret):
            raise CommandError(
                f"Give --issuer and --client-id, and set {SECRET_VARIABLE}."
            )
        if urlsplit(options["issuer"]).scheme != "https" and not settings.DEMO:
            raise CommandError("The issuer has to be reached over https.")
        domains = sorted({domain.strip().lower() for domain in options["domain"]})
        _refuse_taken(tenant, domains)
        with tenant_scope(tenant.id):
            SingleSignOn.objects.update_or_create(
                tenant=tenant,
                defaults={
                    "issuer": options["issuer"].rstrip("/"),
                    "client_id": options["client_id"],
                    "client_secret": secret,
                    "domains": domains,
                    "enforced": options["enforce"],
                },
            )
        self.stdout.write(
            "Its redirect address, to enter at the provider:"
            f" {settings.PUBLIC_URL}/accounts/sso/{tenant.slug}/callback/"
        )


def _refuse_taken(tenant: Tenant, domains: list[str]) -> None:
    with identity_scope():
        other = (
            SingleSignOn.objects.exclude(tenant=tenant)
            .filter(domains__overlap=domains)
            .first()
        )
    if other is not None:
        raise CommandError("One of these domains leads to another tenant's provider.")
