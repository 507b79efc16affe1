"""Refuses to serve with a database role that row-level security does not bind."""

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
