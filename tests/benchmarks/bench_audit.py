"""How long it takes to verify, to search and to append to long audit logs.

`make bench-audit` runs it; its figures are in docs/benchmarks.md. The logs are written
past the triggers, by a superuser; everything measured runs as the serving role.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

from accounts import audit
from accounts.audit import chain, keys, search
from accounts.audit.chain import Link
from accounts.audit.verify import verify
from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import tenant_scope
from tests.clients import signed_in
from tests.conftest import as_superuser, make_customer

CHAINED = 100_000
LOGGED = 1_000_000
CUSTOMERS = 20_000
STAFF = 200
OF_THE_ONE = 5_000
SPAN = timedelta(days=365)

# A year's log: each event about one of the customers, every two-hundredth about one of
# them; two in three by the assistant, the others by a desk's staff.
_MILLION = f"""
insert into accounts_auditevent (id, tenant_id, seq, at, actor, action, subject_type,
    subject_id, customer_ref, reason_commitment, detail, scheme, key_id,
    previous_hash, hash)
select gen_random_uuid(), %(tenant)s, n, %(start)s::timestamptz + n * %(step)s,
    case when n %% 3 > 0 then 'assistant:gpt-4.1-mini' else %(user)s ||
        lpad(to_hex(n %% {STAFF}), 12, '0') end,
    (array['memory.read', 'memory.read', 'memory.read', 'fact.correct'])[1 + n %% 4],
    'customer', c.ref::text, c.ref, '',
    jsonb_build_object('purpose', 'support', 'conversation', gen_random_uuid(),
        'facts', jsonb_build_array(gen_random_uuid(), gen_random_uuid())),
    {chain.SCHEME}, 'bench', md5(n::text) || md5(n::text), md5(n::text) || md5(n::text)
from generate_series(1, {LOGGED}) n
cross join lateral (select case when n %% {LOGGED // OF_THE_ONE} = 0 then %(one)s::uuid
    else ('00000000-0000-7000-8000-' || lpad(to_hex(n %% {CUSTOMERS}), 12, '0'))::uuid
    end as ref) c
"""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    """Print a line of the table, whatever pytest does with output."""

    def line(what: str, figure: str) -> None:
        with capsys.disabled():
            print(f"| {what} | {figure} |")  # noqa: T201 - the figures are the result

    return line


def links(tenant_id: UUID) -> Iterator[Link]:
    """A chain as `record` would write it."""
    key = keys.current()
    start = timezone.now() - SPAN
    previous = ""
    customers = [uuid7() for _ in range(500)]
    for seq in range(1, CHAINED + 1):
        ref = customers[seq % len(customers)]
        link = Link(
            id=uuid7(),
            tenant_id=tenant_id,
            seq=seq,
            at=start + timedelta(seconds=seq),
            actor=f"user:{ref}",
            action=audit.READ,
            subject_type="customer",
            subject_id=str(ref),
            customer_ref=ref,
            reason_commitment="",
            detail={"purpose": "support", "facts": [str(ref)] * 5, "entries": seq},
            scheme=chain.SCHEME,
            key_id=key.id,
            previous_hash=previous,
            hash="",
        )
        previous = chain.digest(link, key)
        yield link._replace(hash=previous)


def write_chain(tenant_id: UUID) -> None:
    columns = ", ".join(Link._fields)
    with as_superuser() as admin, admin.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        with cursor.copy(f"copy accounts_auditevent ({columns}) from stdin") as copy:
            for link in links(tenant_id):
                copy.write_row(link._replace(detail=Jsonb(link.detail)))  # type: ignore[arg-type]  # as COPY wants it
        cursor.execute("vacuum analyze accounts_auditevent")


def write_million(tenant_id: UUID, one: UUID, start: datetime) -> None:
    with as_superuser() as admin:
        admin.execute("set session_replication_role = replica")
        values = {
            "tenant": tenant_id,
            "one": one,
            "start": start,
            "step": SPAN / LOGGED,
            "user": "user:00000000-0000-7000-9000-",
        }
        admin.execute(_MILLION, values)
        admin.execute("vacuum analyze accounts_auditevent")


def timed(work: Callable[[], Any], times: int = 5) -> str:
    """Return the first and the median time of some runs, in words."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return f"{took[0]:,.1f} ms first, {statistics.median(took):,.1f} ms median"


@pytest.mark.usefixtures("live_db")
def test_long_logs(
    desk: Tenant, other_desk: Tenant, charlie: User, say: Callable[[str, str], None]
) -> None:
    machine = f"{os.cpu_count()} cores, {processor()}, load {os.getloadavg()[0]:.0f}"
    say(f"{timezone.now():%Y-%m-%d}", machine)
    write_chain(desk.id)
    started = time.perf_counter()
    with tenant_scope(desk.id):
        found = verify()
    took_s = time.perf_counter() - started
    assert (found.events, found.faults) == (CHAINED, ())
    say(f"verify {CHAINED:,} events", f"{took_s:.2f} s")
    assert took_s < 30

    one = make_customer(other_desk, "Viktor")
    start = timezone.now() - SPAN
    write_million(other_desk.id, one.id, start)
    since, until = start + SPAN / 4, start + SPAN / 2
    asked = search.Search(customer_ref=one.id, since=since, until=until)

    def in_scope(work: Callable[[], Any]) -> Callable[[], Any]:
        def scoped() -> Any:
            with tenant_scope(other_desk.id):
                return work()

        return scoped

    def who() -> None:
        assert search.viewers(one.id, since=since, until=until)
        assert len(search.page(asked).entries) == search.PAGE_ROWS

    client = signed_in(charlie)
    # Templates and URLs are loaded once in a process' life.
    client.get("/audit/?action=nothing")

    def page(**query: Any) -> Callable[[], None]:
        def get() -> None:
            assert client.get("/audit/", query).status_code == 200

        return get

    among = f"at {LOGGED:,} events"
    say(f"who saw X in a quarter, with a page of events, {among}", timed(in_scope(who)))
    ever = in_scope(lambda: search.viewers(one.id, since=None, until=None))
    say(f"who saw X ever ({OF_THE_ONE:,} events), {among}", timed(ever))
    say(f"the audit page, whole, {among}", timed(page()))
    say(
        f"the audit page about X in a quarter, whole, {among}",
        timed(page(customer=str(one.id), since=since.isoformat())),
    )
    say(
        f"the audit page by actor and action, whole, {among}",
        timed(page(actor="assistant", action="fact.correct")),
    )
    say(f"append one event, {among}", timed(in_scope(lambda: read(one)), times=50))
    with tenant_scope(other_desk.id):
        assert AuditEvent.objects.filter(seq__gt=LOGGED).count() >= 50


def read(customer: Customer) -> None:
    audit.memory_read(
        actor="system", customer_id=customer.id, purpose="bench", seen={"facts": 1}
    )


def processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()
