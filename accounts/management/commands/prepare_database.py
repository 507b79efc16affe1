"""Creates the roles, the database, its extension and the grants. Run as superuser."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

OWNER_RIGHTS = "NOSUPERUSER NOBYPASSRLS LOGIN"
APP_RIGHTS = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE LOGIN"


def prepare(*, admin_url: str, owner_url: str, app_url: str) -> None:
    """Create what migrations need: safe to run again.

    Args:
        admin_url: Any database of the cluster, as a superuser.
        owner_url: The database, as the role that migrates it.
        app_url: The same database, as the role that serves.
    """
    owner, app = conninfo_to_dict(owner_url), conninfo_to_dict(app_url)
    database = str(app["dbname"])
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for role, rights in ((owner, OWNER_RIGHTS), (app, APP_RIGHTS)):
            _create_role(admin, role, rights)
        if not _exists(admin, "pg_database where datname", database):
            admin.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(database), sql.Identifier(str(owner["user"]))
                )
            )
    with psycopg.connect(
        make_conninfo(admin_url, dbname=database), autocommit=True
    ) as inside:
        inside.execute("create extension if not exists vector")
        _grant(inside, str(owner["user"]), str(app["user"]), database)


def _exists(admin: psycopg.Connection[Any], where: str, name: str) -> bool:
    query = sql.SQL("select 1 from {} = %s").format(sql.SQL(where))
    return admin.execute(query, [name]).fetchone() is not None


def _create_role(
    admin: psycopg.Connection[Any], role: dict[str, Any], rights: str
) -> None:
    name = sql.Identifier(str(role["user"]))
    if not _exists(admin, "pg_roles where rolname", str(role["user"])):
        admin.execute(sql.SQL("create role {}").format(name))
    admin.execute(sql.SQL("alter role {} {}").format(name, sql.SQL(rights)))
    if role.get("password"):
        admin.execute(
            sql.SQL("alter role {} password {}").format(
                name, sql.Literal(str(role["password"]))
            )
        )


def _grant(
    inside: psycopg.Connection[Any], owner: str, app: str, database: str
) -> None:
    names = {
        "owner": sql.Identifier(owner),
        "app": sql.Identifier(app),
        "database": sql.Identifier(database),
    }
    for statement in (
        "revoke all on database {database} from public",
        "grant connect on database {database} to {app}, {owner}",
        "revoke all on schema public from public",
        "grant usage, create on schema public to {owner}",
        "grant usage on schema public to {app}",
        "alter default privileges for role {owner} in schema public"
        " grant select, insert, update, delete on tables to {app}",
        "alter default privileges for role {owner} in schema public"
        " grant usage on sequences to {app}",
    ):
        inside.execute(sql.SQL(statement).format(**names))


class Command(BaseCommand):
    """`manage.py prepare_database`."""

    help = "Create the roles, the database, the vector extension and the grants."

    def handle(self, *args: Any, **options: Any) -> None:
        urls = {
            "admin_url": settings.DATABASE_ADMIN_URL,
            "owner_url": settings.DATABASE_OWNER_URL,
            "app_url": settings.DATABASE_URL,
        }
        if not all(urls.values()):
            raise CommandError(
                "Set DATABASE_ADMIN_URL (superuser), DATABASE_OWNER_URL"
                " and DATABASE_URL."
            )
        try:
            prepare(**urls)
        except psycopg.OperationalError as error:
            raise CommandError(f"PostgreSQL did not answer: {error}") from error
