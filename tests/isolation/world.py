"""The world of the matrix: an attacker's tenant and a victim's, every table filled."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
import psycopg.conninfo
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models import Manager
from django.test import Client

from accounts.managers import CustomerManager, TenantManager
from accounts.models import Customer, Tenant, User
from memory import working
from tests import environment as env
from tests.clients import signed_in
from tests.conftest import empty_database
from tests.isolation.owners import (
    Owner,
    about_customers,
    is_shared,
    new_tenant,
    new_users,
    owned_models,
    owning_column,
)


@dataclass
class World:
    """Who is in it. All but the victim are customers of the attacker's tenant.

    Attributes:
        own: The attacker's own customer.
        neighbour: Another customer of the same tenant.
        victim: A customer of another tenant.
        poisoned: Her rows name the victim's wherever the database does not refuse.
        crossed: Hers name the neighbour's.
    """

    own: Owner
    neighbour: Owner
    victim: Owner
    poisoned: Owner
    crossed: Owner
    clients: dict[str, Client]

    @property
    def owners(self) -> tuple[Owner, ...]:
        return self.own, self.neighbour, self.victim, self.poisoned, self.crossed

    def client(self, role: str) -> Client:
        """A browser in which somebody of the attacker's tenant is signed in."""
        if role not in self.clients:
            self.clients[role] = signed_in(self.own.users[role]) if role else Client()
            self.clients[role].raise_request_exception = False
        return self.clients[role]

    def others_than(self, *mine: Owner) -> list[Owner]:
        return [owner for owner in self.owners if owner not in mine]


# What each text in the world begins with; no text drawn by lot holds one by chance.
MARKS = (
    *("qzours", "qztheirs", "qzstaff"),
    *("qzown", "qzneighbour", "qzvictim", "qzpoisoned", "qzcrossed"),
)


def build() -> World:
    ours, theirs = new_tenant("qzours"), new_tenant("qztheirs")
    victim = Owner("qzvictim", theirs, new_users("qzvictim", theirs), number=2)
    own = Owner("qzown", ours, new_users("qzstaff", ours))
    for owner in (victim, own):
        owner.rows[Tenant] = owner.tenant
        owner.rows[User] = owner.users[User.Role.AGENT]
        owner.everything()
    neighbour = _colleague(own, "qzneighbour", None, 3)
    return World(
        own=own,
        neighbour=neighbour,
        victim=victim,
        poisoned=_colleague(own, "qzpoisoned", victim, 4),
        crossed=_colleague(own, "qzcrossed", neighbour, 5),
        clients={},
    )


def _colleague(own: Owner, mark: str, points_at: Owner | None, number: int) -> Owner:
    """Another customer of the same tenant: what is the tenant's is shared."""
    shared = {m: row for m, row in own.rows.items() if is_shared(m)}
    owner = Owner(
        mark, own.tenant, own.users, shared, points_at=points_at, number=number
    )
    return owner.everything()


def fill_redis(world: World) -> None:
    """Put a live buffer and a tool's answer of everybody into working memory."""
    for owner in world.owners:
        ids = owner.tenant.id, owner.customer.pk, owner.named("conversation").pk
        working.keep_tool_result(
            *ids,
            tool="look_up",
            arguments={"order": f"{owner.mark}order"},
            result=f"{owner.mark}result",
            keep_s=600,
        )


# --- What somebody has, seen past every policy ----------------------------------------


def rows_of(owner: Owner, *, whole_tenant: bool) -> dict[str, str]:
    """Table → hash of the owner's rows, read past every policy."""
    return _hashes(
        str(owner.tenant.id), None if whole_tenant else str(owner.customer.pk)
    )


@cache
def _hash_sql(of_customer: bool) -> str:
    parts = []
    for model in owned_models():
        table = model._meta.db_table
        where = owning_column(model)
        if of_customer:
            if not about_customers(model):
                continue
            where = "id" if model is Customer else "customer_id"
            where += " = %(customer)s"
        parts.append(
            f"select '{table}', md5(coalesce(string_agg(r::text, '|' order by r::text),"
            f" '')) from {table} r where {where}"
        )
    return " union all ".join(parts)


def _hashes(tenant: str, customer: str | None) -> dict[str, str]:
    values = {"tenant": tenant, "customer": customer}
    rows = superuser().execute(_hash_sql(customer is not None), values).fetchall()
    return {str(table): str(digest) for table, digest in rows}


def redis_of(owner: Owner) -> dict[str, Any]:
    """What Redis holds about a tenant, or names it."""
    redis = working.client()
    read: dict[str, Callable[[str], Any]] = {
        "string": redis.get,
        "set": redis.smembers,
        "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    keys = sorted(working.keys_like(f"*{owner.tenant.id.hex}*"))
    return {key: read[str(redis.type(key))](key) for key in keys}


def keep_unchanged(*owners: Owner, whole_tenant: bool = True) -> Any:
    """Fail when a row or a key of these owners is another one after the block."""
    return _unchanged(owners, whole_tenant)


@contextmanager
def _unchanged(owners: Iterable[Owner], whole_tenant: bool) -> Iterator[None]:
    def state() -> list[Any]:
        return [
            (owner.mark, rows_of(owner, whole_tenant=whole_tenant))
            + ((redis_of(owner),) if whole_tenant else ())
            for owner in owners
        ]

    before = state()
    yield
    assert state() == before, "somebody else's rows or keys were changed"


@cache
def superuser() -> psycopg.Connection[Any]:
    """One connection past every policy, kept open: to look at everything."""
    url = psycopg.conninfo.make_conninfo(
        env.ADDRESSES.database_admin_url, dbname=env.DATABASE
    )
    return psycopg.connect(url, autocommit=True)


def tear_down() -> None:
    """Empty the database that the world was in."""
    superuser().close()
    superuser.cache_clear()
    connections.close_all()
    empty_database()


# --- One wall at a time ---------------------------------------------------------------


@contextmanager
def without_policies() -> Iterator[None]:
    """Let this thread's queries run past row-level security: only filters are left."""
    plain = connections["default"]
    settings = {**plain.settings_dict}
    admin = psycopg.conninfo.conninfo_to_dict(env.ADDRESSES.database_admin_url)
    settings |= {
        "USER": admin.get("user", ""),
        "PASSWORD": admin.get("password", ""),
        "OPTIONS": {k: v for k, v in settings["OPTIONS"].items() if k != "pool"},
    }
    wrapper = DatabaseWrapper(settings, alias="default")
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = plain


@contextmanager
def without_managers() -> Iterator[None]:
    """Let the managers filter nothing: only the policies of PostgreSQL are left."""
    kinds: tuple[Any, ...] = (TenantManager, CustomerManager)
    filtered = {kind: kind.__dict__["get_queryset"] for kind in kinds}
    plain = Manager.get_queryset
    for manager in filtered:
        manager.get_queryset = plain
    try:
        yield
    finally:
        for manager, method in filtered.items():
            manager.get_queryset = method


def settings_now() -> tuple[str, ...]:
    """The scope as PostgreSQL sees it on this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(current_setting(name, true), '') from unnest("
            "array['app.tenant_id', 'app.customer_id', 'app.identity']) name"
        )
        return tuple(value for (value,) in cursor.fetchall())
