"""The cast, and the database that every test runs on: real, migrated once, as the app.

Tests connect as the restricted role, like the product. A template database is migrated
once for each state of the migrations; every worker works on a copy of it.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from django.db import connections
from django.test import override_settings
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoDbBlocker

from accounts.management.commands.prepare_database import prepare
from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import services
from chat.models import Conversation
from config import embedded
from memory import working
from tests import environment as env

_TEMPLATE_LOCK = 20261121


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this worker a fresh copy of the migrated database."""
    embedded.ensure_services(env.DATA_DIR, durable=False)
    admin_url = env.ADDRESSES.database_admin_url
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        template = _template(admin)
        _run(admin, "drop database if exists {} with (force)", env.DATABASE)
        _run(admin, "create database {} template {}", env.DATABASE, template)
        _run(admin, "revoke all on database {} from public", env.DATABASE)
        _run(admin, "grant connect on database {} to recollect_app", env.DATABASE)
    with django_db_blocker.unblock():
        yield
    connections.close_all()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's have one


def _template(admin: psycopg.Connection[tuple[object, ...]]) -> str:
    """Return the name of the migrated template, making it when it is not there."""
    digest = hashlib.sha256()
    for file in sorted(env.ROOT.glob("*/migrations/*.py")):
        digest.update(file.read_bytes())
    name = f"template_{digest.hexdigest()[:12]}"
    found = admin.execute("select 1 from pg_database where datname = %s", [name])
    if found.fetchone():
        return name
    building = f"{name}_building"
    _run(admin, "drop database if exists {} with (force)", building)
    owner_url = env.database_url(env.ADDRESSES.database_owner_url, building)
    prepare(
        admin_url=env.ADDRESSES.database_admin_url,
        owner_url=owner_url,
        app_url=env.database_url(env.ADDRESSES.database_url, building),
    )
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=env.ROOT,
        env={**os.environ, "DATABASE_URL": owner_url},
        check=True,
    )
    _run(admin, "alter database {} rename to {}", building, name)
    return name


def _run(admin: psycopg.Connection[tuple[object, ...]], text: str, *names: str) -> None:
    admin.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Hash passwords at the lowest cost."""
    with override_settings(PASSWORD_HASHERS=["tests.quick_passwords.QuickArgon2"]):
        yield


@contextmanager
def as_superuser() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Connect to this worker's database past every policy: to look, and to clean up."""
    url = make_conninfo(env.ADDRESSES.database_admin_url, dbname=env.DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def live_db(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A database whose transactions really commit, emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
    empty_database()


def empty_database() -> None:
    """Delete every row of this worker's database."""
    with as_superuser() as admin:
        tables = admin.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename <> 'django_migrations'"
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(str(name)) for (name,) in tables)
        # As a replica, so that the audit log's own guard lets the test clean up.
        admin.execute("set session_replication_role = replica")
        for tries_left in (2, 1, 0):
            try:
                admin.execute(sql.SQL("truncate {}").format(names))
                break
            except psycopg.errors.DeadlockDetected:
                # A socket that a test left was still reading.
                if not tries_left:
                    raise


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> None:
    """Whichever database the test asked for; a rolled-back one when it did not."""
    if "live_db" in request.fixturenames:
        request.getfixturevalue("live_db")
    else:
        request.getfixturevalue("db")


@pytest.fixture(autouse=True)
def empty_redis(django_db_setup: None) -> None:
    """Start every test with an empty Redis."""
    working.client().flushdb()


# --- The cast ------------------------------------------------------------------------


def make_tenant(slug: str, plan: str = Tenant.Plan.PAID) -> Tenant:
    with identity_scope():
        return Tenant.objects.create(slug=slug, name=slug.title(), plan=plan)


def make_user(tenant: Tenant, name: str, role: str = User.Role.AGENT) -> User:
    with identity_scope():
        user = User(
            tenant=tenant,
            email=f"{name.lower()}@{tenant.slug}.example",
            name=name,
            role=role,
        )
        user.set_unusable_password()
        user.save()
        return user


def make_customer(tenant: Tenant, name: str, *, verified: bool = True) -> Customer:
    with tenant_scope(tenant.id):
        customer: Customer = Customer.objects.create(
            tenant=tenant,
            external_id=name.lower(),
            name=name,
            email=f"{name.lower()}@example.org",
            verified=verified,
        )
        return customer


def make_conversation(customer: Customer, *texts: str) -> Conversation:
    """A conversation in which the customer wrote these texts."""
    with tenant_scope(customer.tenant_id):
        conversation = services.open_conversation(customer=customer)
        for text in texts:
            services.receive(
                conversation_id=conversation.id, text=text, client_id=uuid4()
            )
        conversation.refresh_from_db()
        return conversation


@pytest.fixture
def desk(rows: None) -> Tenant:
    """The tenant that the tests are about."""
    return make_tenant("linden")


@pytest.fixture
def other_desk(rows: None) -> Tenant:
    """Another tenant, whose data must never show."""
    return make_tenant("harbour")


@pytest.fixture
def alice(desk: Tenant) -> User:
    """An agent."""
    return make_user(desk, "Alice")


@pytest.fixture
def bob(desk: Tenant) -> User:
    """Another agent of the same desk."""
    return make_user(desk, "Bob")


@pytest.fixture
def ada(desk: Tenant) -> User:
    """An admin."""
    return make_user(desk, "Ada", User.Role.ADMIN)


@pytest.fixture
def carla(desk: Tenant) -> User:
    """A compliance officer."""
    return make_user(desk, "Carla", User.Role.COMPLIANCE)


@pytest.fixture
def charlie(other_desk: Tenant) -> User:
    """A stranger: an admin of the other desk."""
    return make_user(other_desk, "Charlie", User.Role.ADMIN)


@pytest.fixture
def elena(desk: Tenant) -> Customer:
    """A customer."""
    return make_customer(desk, "Elena")


@pytest.fixture
def viktor(other_desk: Tenant) -> Customer:
    """A customer of the other desk."""
    return make_customer(other_desk, "Viktor")


# --- What the isolation matrix covers ------------------------------------------------


# What starts servers and browsers mostly waits: another file uses the core meanwhile.
_WAITING = ("tests/faults/", "tests/browser/", "tests/attacks/")
# Many cases of one thing: what they reach others reach too, and to count it again takes
# a fifth longer.
_UNCOUNTED = (
    *_WAITING,
    "tests/isolation/",
    "tests/memory/contradictions/",
    "tests/memory/refusals/test_texts.py",
    "tests/memory/recall/test_alike.py",
    "tests/memory/recall/test_preferences.py",
    "tests/memory/recall/test_purposes.py",
    "tests/chat/test_misbehaving_model.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait over the run, in whatever order they were drawn."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in files if name.startswith(_WAITING)]
    order = [name for name in files if not name.startswith(_WAITING)]
    # None of them is last, when nothing would be left to do beside it.
    step = len(order) // (len(waiting) + 2) + 1
    for place, name in enumerate(waiting):
        order.insert(min(place * (step + 1), len(order)), name)
    items[:] = [item for name in order for item in files[name]]
    for item in items:
        if item.nodeid.startswith(_UNCOUNTED):
            item.add_marker(pytest.mark.no_cover)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it after a run of the matrix, whichever worker ran which part."""
    reports = [r for kind in terminalreporter.stats.values() for r in kind]
    ran = (getattr(report, "nodeid", "") for report in reports)
    if not any(nodeid.startswith("tests/isolation/") for nodeid in ran):
        return
    from tests.isolation import coverage

    terminalreporter.section("isolation matrix")
    for line in coverage.lines():
        terminalreporter.write_line(line)
