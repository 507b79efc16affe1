"""Verification finds every way to tamper with the log, and names where it begins."""

import json
import random
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from psycopg import Connection
from pytest_django import Settings

from accounts import audit
from accounts.audit import checkpoints
from accounts.audit.chain import Link
from accounts.audit.verify import Verdict, standing, verify
from accounts.models import AuditEvent, AuditReason, Tenant
from accounts.scope import tenant_scope
from accounts.tasks import checkpoint_audit
from tests.conftest import as_superuser, make_customer

EVENTS = 60
MARKED = 40
TAMPERINGS = 1_000
TABLE = "accounts_auditevent"

Admin = Connection[Any]
Tampering = Callable[[Admin, random.Random, int], int]


@pytest.fixture
def log(live_db: None, desk: Tenant, checkpoint_dir: Path) -> Tenant:
    """A log of sixty events, with checkpoints on its way and at its end."""
    elena = make_customer(desk, "Elena")
    with tenant_scope(desk.id):
        for number in range(1, EVENTS + 1):
            audit.record(
                actor="system",
                action="desk.note",
                subject_type="tenant",
                subject_id=desk.id,
                customer_id=elena.id,
                reason="Why" if number % 5 == 0 else "",
                detail={"number": number},
            )
    for seq in (MARKED, EVENTS):
        with tenant_scope(desk.id):
            marked = AuditEvent.objects.get(seq=seq)
        checkpoints.write(desk.id, seq=seq, hash=marked.hash)
    return desk


@pytest.fixture
def checkpoint_dir(tmp_path: Path, settings: Settings) -> Path:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "audit"
    return tmp_path / "audit"


def verdict(desk: Tenant) -> Verdict:
    with tenant_scope(desk.id):
        return verify()


# --- Ways to tamper -------------------------------------------------------------------


def changed(column: str, value: str) -> Tampering:
    """Give one column of one event another value."""

    def tamper(admin: Admin, chance: random.Random, seq: int) -> int:
        admin.execute(f"update {TABLE} set {column} = {value} where seq = %s", [seq])
        return seq

    return tamper


def deleted(admin: Admin, chance: random.Random, seq: int) -> int:
    admin.execute(f"delete from {TABLE} where seq = %s", [seq])
    return seq


def deleted_and_closed(admin: Admin, chance: random.Random, seq: int) -> int:
    """Delete an event and let the others move up."""
    admin.execute(f"delete from {TABLE} where seq = %s", [seq])
    shift(admin, seq, -1)
    return seq


def deleted_and_relinked(admin: Admin, chance: random.Random, seq: int) -> int:
    """Delete an event, and let the next one claim to follow the one before."""
    seq = min(seq, EVENTS - 1)
    admin.execute(
        f"update {TABLE} set seq = seq - 1000000, previous_hash ="
        f" (select previous_hash from {TABLE} e where e.seq = %s) where seq = %s",
        [seq, seq + 1],
    )
    admin.execute(f"delete from {TABLE} where seq = %s", [seq])
    admin.execute(f"update {TABLE} set seq = %s where seq < 0", [seq])
    return seq


def cut(admin: Admin, chance: random.Random, seq: int) -> int:
    """Cut the log off, here to its end."""
    admin.execute(f"delete from {TABLE} where seq >= %s", [seq])
    return seq


def swapped(admin: Admin, chance: random.Random, seq: int) -> int:
    other = chance.choice([n for n in range(1, EVENTS + 1) if n != seq])
    for old, new in ((seq, -1), (other, seq), (-1, other)):
        admin.execute(f"update {TABLE} set seq = %s where seq = %s", [new, old])
    return min(seq, other)


def duplicated_at_the_end(admin: Admin, chance: random.Random, seq: int) -> int:
    copy(admin, seq, EVENTS + 1)
    return EVENTS + 1


def duplicated_in_place(admin: Admin, chance: random.Random, seq: int) -> int:
    shift(admin, seq, +1)
    copy(admin, seq, seq + 1)
    return seq + 1


def inserted(admin: Admin, chance: random.Random, seq: int) -> int:
    """Put a forged event in, chained to the one before as well as one can."""
    shift(admin, seq - 1, +1)
    copy(admin, seq + 1, seq)
    admin.execute(
        f"update {TABLE} set action = 'desk.forged',"
        " hash = encode(sha256(random()::text::bytea), 'hex') where seq = %s",
        [seq],
    )
    return seq


def appended(admin: Admin, chance: random.Random, seq: int) -> int:
    copy(admin, EVENTS, EVENTS + 1)
    admin.execute(
        f"update {TABLE} set previous_hash = (select hash from {TABLE} e"
        " where e.seq = %s), hash = md5('x') || md5('y') where seq = %s",
        [EVENTS, EVENTS + 1],
    )
    return EVENTS + 1


def moved_to_another_tenant(admin: Admin, chance: random.Random, seq: int) -> int:
    admin.execute(
        f"update {TABLE} set tenant_id = gen_random_uuid() where seq = %s", [seq]
    )
    return seq


def reason_changed(admin: Admin, chance: random.Random, seq: int) -> int:
    seq = 5 * max(1, seq // 5)
    admin.execute(
        "update accounts_auditreason set text = 'Another' where event_id ="
        f" (select id from {TABLE} where seq = %s)",
        [seq],
    )
    return seq


def reason_deleted(admin: Admin, chance: random.Random, seq: int) -> int:
    seq = 5 * max(1, seq // 5)
    admin.execute(
        "delete from accounts_auditreason where event_id ="
        f" (select id from {TABLE} where seq = %s)",
        [seq],
    )
    return seq


def shift(admin: Admin, after: int, by: int) -> None:
    """Renumber what comes after; far away first, since numbers are unique."""
    for step in (1_000_000, by - 1_000_000):
        admin.execute(
            f"update {TABLE} set seq = seq + %s where seq > %s", [step, after]
        )


def copy(admin: Admin, seq: int, to: int) -> None:
    names = [
        name
        for (name,) in admin.execute(
            "select column_name from information_schema.columns where table_name = %s"
            " and column_name not in ('id', 'seq')",
            [TABLE],
        )
    ]
    columns = ", ".join(names)
    admin.execute(
        f"insert into {TABLE} (id, seq, {columns})"
        f" select gen_random_uuid(), %s, {columns} from {TABLE} where seq = %s",
        [to, seq],
    )


TAMPERINGS_BY_NAME: dict[str, Tampering] = {
    "id": changed("id", "gen_random_uuid()"),
    "at": changed("at", "at + interval '1 microsecond'"),
    "actor": changed("actor", "'operator'"),
    "action": changed("action", "'desk.other'"),
    "subject_type": changed("subject_type", "'user'"),
    "subject_id": changed("subject_id", "'x'"),
    "customer_ref": changed("customer_ref", "gen_random_uuid()"),
    "customer_ref_emptied": changed("customer_ref", "null"),
    "reason_commitment": changed("reason_commitment", "md5('a') || md5('b')"),
    "detail": changed("detail", """'{"number": 0}'"""),
    "detail_extended": changed("detail", """detail || '{"more": 1}'"""),
    "scheme": changed("scheme", "1"),
    "scheme_unknown": changed("scheme", "3"),
    "key_id": changed("key_id", "'00000000'"),
    "previous_hash": changed("previous_hash", "md5('a') || md5('b')"),
    "hash": changed("hash", "md5('a') || md5('b')"),
    "seq": changed("seq", f"{EVENTS} + 1 + seq"),
    "tenant": moved_to_another_tenant,
    "deleted": deleted,
    "deleted_and_closed": deleted_and_closed,
    "deleted_and_relinked": deleted_and_relinked,
    "cut": cut,
    "swapped": swapped,
    "duplicated_at_the_end": duplicated_at_the_end,
    "duplicated_in_place": duplicated_in_place,
    "inserted": inserted,
    "appended": appended,
    "reason_changed": reason_changed,
    "reason_deleted": reason_deleted,
}


@pytest.fixture
def intruder(log: Tenant) -> Iterator[Admin]:
    """A superuser past every trigger, with copies of the tables to start anew from."""
    with as_superuser() as admin:
        admin.execute("set session_replication_role = replica")
        for table in (TABLE, "accounts_auditreason"):
            admin.execute(f"create temp table clean_{table} as table {table}")
        yield admin


def restore(admin: Admin) -> None:
    for table in (TABLE, "accounts_auditreason"):
        admin.execute(
            f"with gone as (delete from {table} t where not exists (select"
            f" from clean_{table} c where c = t)) select"
        )
        admin.execute(
            f"insert into {table} select * from clean_{table} c where not exists"
            f" (select from {table} t where t.id = c.id)"
        )


@pytest.mark.slow
def test_every_one_of_a_thousand_tamperings_is_found_and_its_place_named(
    log: Tenant, intruder: Admin
) -> None:
    chance = random.Random(20261121)
    assert verdict(log).faults == ()
    assert len(AuditEvent._meta.fields) == len(Link._fields) == 15, (
        "say here how the new column is tampered with"
    )
    names = list(TAMPERINGS_BY_NAME)
    missed = []
    for number in range(TAMPERINGS):
        name = names[number % len(names)]
        with intruder.transaction():
            bad = TAMPERINGS_BY_NAME[name](intruder, chance, chance.randint(1, EVENTS))
        faults = verdict(log).faults
        if [fault.seq for fault in faults[:1]] != [bad]:
            missed.append((name, bad, faults))
        with intruder.transaction():
            restore(intruder)
    assert missed == []
    assert verdict(log).faults == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("actor", "changed"),
        ("deleted", "deleted: event 50 is missing"),
        ("cut", "cut: the checkpoint of"),
        ("swapped", "reordered or inserted"),
        ("duplicated_at_the_end", "duplicated: it is a copy of event 50"),
        ("inserted", "the event that belongs here is number 51"),
        ("key_id", "signed with key '00000000', which AUDIT_KEYS_OLD lacks"),
        ("previous_hash", "replaced: it does not continue"),
        ("reason_changed", "its reason was changed"),
        ("reason_deleted", "its reason was deleted"),
    ],
)
def test_verification_says_what_was_done(
    log: Tenant, intruder: Admin, name: str, said: str
) -> None:
    TAMPERINGS_BY_NAME[name](intruder, random.Random(1), 50)
    assert said in verdict(log).faults[0].what


def test_a_whole_log_that_is_gone_is_noticed(log: Tenant, intruder: Admin) -> None:
    cut(intruder, random.Random(1), 1)
    (fault,) = verdict(log).faults
    assert fault.seq == 1
    assert f"saw event {EVENTS}, the log ends at 0" in fault.what


def test_a_history_rewritten_with_the_key_is_noticed_at_the_checkpoint(
    log: Tenant, intruder: Admin
) -> None:
    """Whoever has the key can chain anew; the checkpoint elsewhere still disagrees."""
    cut(intruder, random.Random(1), MARKED - 5)
    with tenant_scope(log.id):
        for _ in range(EVENTS):
            audit.record(
                actor="system",
                action="desk.forged",
                subject_type="tenant",
                subject_id=log.id,
            )
    (fault,) = verdict(log).faults
    assert fault.seq == MARKED
    assert "rewritten since the checkpoint" in fault.what


def test_the_chain_holds_a_commitment_even_when_the_reason_is_erased(
    log: Tenant, intruder: Admin
) -> None:
    intruder.execute("delete from accounts_auditreason")
    intruder.execute("delete from accounts_customer")
    assert verdict(log).faults == ()
    TAMPERINGS_BY_NAME["reason_commitment"](intruder, random.Random(1), 50)
    (fault,) = verdict(log).faults
    assert (fault.seq, fault.what) == (50, "changed: its hash does not match")


def test_a_reason_that_was_added_is_noticed(log: Tenant, intruder: Admin) -> None:
    with tenant_scope(log.id):
        bare = AuditEvent.objects.get(seq=7)
        AuditReason.objects.create(
            tenant=log, event_id=bare.id, salt="00", text="Because"
        )
    (fault,) = verdict(log).faults
    assert (fault.seq, fault.what) == (7, "a reason was added to it")


# --- The checkpoints ------------------------------------------------------------------


@pytest.mark.parametrize(
    "field", ["tenant", "seq", "hash", "at", "key", "previous", "signature", "line"]
)
def test_an_edited_checkpoint_is_noticed(log: Tenant, field: str) -> None:
    file = checkpoints.path(log.id)
    lines = file.read_text().splitlines()
    first = json.loads(lines[0])
    first[field] = 7 if field == "seq" else str(uuid4())
    if field == "line":
        lines[0] = "[1]"
    else:
        lines[0] = json.dumps(first)
    file.write_text("\n".join(lines) + "\n")
    faults = verdict(log).faults
    assert faults
    assert all("checkpoint line" in fault.what for fault in faults)
    with tenant_scope(log.id):
        assert standing().state == "broken"


def test_a_checkpoint_that_was_taken_out_is_noticed(log: Tenant) -> None:
    file = checkpoints.path(log.id)
    file.write_text(file.read_text().splitlines()[1] + "\n")
    (fault,) = verdict(log).faults
    assert "does not follow the line before it" in fault.what


def test_a_checkpoint_file_is_its_owners_only_and_names_nobody(
    log: Tenant, checkpoint_dir: Path
) -> None:
    (file,) = checkpoint_dir.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert checkpoint_dir.stat().st_mode & 0o777 == 0o700
    fields = {"tenant", "seq", "hash", "at", "key", "previous", "signature"}
    lines = file.read_text().splitlines()
    assert all(set(json.loads(line)) == fields for line in lines)


@pytest.mark.usefixtures("db")
def test_the_schedule_writes_one_checkpoint_a_day_for_each_tenant(
    desk: Tenant, other_desk: Tenant, checkpoint_dir: Path
) -> None:
    with tenant_scope(desk.id):
        event = audit.record(
            actor="system", action="a.b", subject_type="tenant", subject_id=desk.id
        )
        assert standing().state == "none"
    for _ in range(2):
        checkpoint_audit()
    (line,) = checkpoints.path(desk.id).read_text().splitlines()
    assert json.loads(line)["hash"] == event.hash
    # A log without events reaches nowhere.
    assert [file.stem for file in checkpoint_dir.iterdir()] == [str(desk.id)]
    with tenant_scope(desk.id):
        assert standing().state == "agrees"


# --- The command ----------------------------------------------------------------------


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_in_one_line_that_a_log_is_whole(log: Tenant) -> None:
    assert verified().startswith(
        f"linden: ok, {EVENTS} events, checkpoint at {EVENTS} of "
    )


def test_the_command_names_the_first_bad_event_and_fails(
    log: Tenant, intruder: Admin, other_desk: Tenant
) -> None:
    TAMPERINGS_BY_NAME["detail"](intruder, random.Random(1), 42)
    out = StringIO()
    with pytest.raises(CommandError, match="tampered with: 1 tenant"):
        call_command("verify_audit", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("harbour: ok, 0 events, no checkpoint")
    assert lines[1] == "linden: event 42 changed: its hash does not match"
    assert "ok" in verified("--tenant", "harbour")


def test_the_command_verifies_against_a_copy_of_the_checkpoints(
    log: Tenant, intruder: Admin, tmp_path: Path
) -> None:
    copied = tmp_path / "copy"
    checkpoints.path(log.id).parent.rename(copied)
    cut(intruder, random.Random(1), EVENTS)
    assert "no checkpoint" in verified()
    with pytest.raises(CommandError):
        verified("--checkpoints", str(copied))


def test_the_command_misses_a_tenant_that_has_checkpoints_and_is_gone(
    log: Tenant, checkpoint_dir: Path
) -> None:
    (checkpoint_dir / f"{uuid4()}.jsonl").write_text("")
    with pytest.raises(CommandError, match="tampered with"):
        verified()


@pytest.mark.parametrize(
    "arguments", [("--tenant", "nobody"), ("--checkpoints", "/nowhere")]
)
@pytest.mark.usefixtures("db")
def test_the_command_says_in_one_line_what_it_cannot_find(
    arguments: tuple[str, str],
) -> None:
    with pytest.raises(CommandError, match="There is no") as refusal:
        verified(*arguments)
    assert "\n" not in str(refusal.value)
