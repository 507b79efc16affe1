"""Refuses to serve with a database role that row-level security does not bind.

And warns, in `check --deploy`, where a setting would make the limits useless.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

_ROLE = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       exists (select 1 from pg_class c
               where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace
                 and c.relkind in ('r', 'p'))
  from pg_roles r where r.rolname = current_user
"""


def refuse_unsafe_role() -> None:
    """Check the role this process connects with.

    Raises:
        ImproperlyConfigured: It is a superuser, bypasses row-level security, or owns
            tables (an owner can switch the policies off).
    """
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        name, superuser, bypasses, owner = cursor.fetchone()
    problems = [
        text
        for text, found in (
            ("is a superuser", superuser),
            ("bypasses row-level security", bypasses),
            ("owns tables", owner),
        )
        if found
    ]
    if problems:
        raise ImproperlyConfigured(
            f"The database role {name!r} {' and '.join(problems)}: Recollect serves"
            " only as a restricted role. Point DATABASE_URL at recollect_app"
            " (manage.py prepare_database creates it)."
        )


@register(Tags.security, deploy=True)
def warn_of_a_proxy_that_is_not_counted(**_: Any) -> list[CheckMessage]:
    """Warn when everybody would seem to come from the proxy's address.

    TLS ends at a proxy, never here: behind https there is at least one.
    """
    if (
        urlsplit(settings.PUBLIC_URL).scheme != "https"
        or settings.ALLAUTH_TRUSTED_PROXY_COUNT > 0
    ):
        return []
    return [
        Warning(
            "PUBLIC_URL is https, so a proxy ends TLS, but TRUSTED_PROXIES is 0: all"
            " clients share the proxy's address and its limits.",
            hint="Set TRUSTED_PROXIES to how many proxies write X-Forwarded-For.",
            id="accounts.W001",
        )
    ]
