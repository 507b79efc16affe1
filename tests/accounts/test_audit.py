"""The audit log: what it takes, how it is chained, and that it stays as it is."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.audit import chain, keys
from accounts.audit.verify import verify
from accounts.models import AuditEvent, AuditReason, Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from memory import privacy
from tests.conftest import as_superuser, make_customer
from tests.threads import at_once


def note(desk: Tenant, **more: Any) -> AuditEvent:
    """Append some event."""
    fixed = {"actor": "system", "action": "desk.note", "subject_type": "tenant"}
    with tenant_scope(desk.id):
        return audit.record(**{**fixed, "subject_id": desk.id, **more})


def verdict(desk: Tenant) -> Any:
    with tenant_scope(desk.id):
        return verify()


# --- What it takes --------------------------------------------------------------------


@pytest.mark.parametrize(
    "detail",
    [
        {"name": "Elena Marsh"},
        {"name": "Elena"},
        {"email": "elena@example.org"},
        {"phone": "0049 170 1234567"},
        {"phone": "01701234567"},
        {"card": "4111-1111-1111-1111"},
        {"text": "asked to be forgotten"},
        {"deep": {"name": "Elena"}},
        {"listed": ["elena marsh"]},
        {"number": float("nan")},
        {"number": 1e18},
        {"Elena Marsh": 1},
        {"purpose": "She said that her card was stolen"},
        {"deep": {"a": {"b": {"c": 1}}}},
        {"many": list(range(501))},
    ],
    ids=str,
)
@pytest.mark.usefixtures("rows")
def test_an_event_takes_no_personal_text_and_the_refusal_repeats_none(
    desk: Tenant, detail: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="audit event") as refusal:
        note(desk, detail=detail)
    assert "elena" not in str(refusal.value).lower()
    assert "1701234567" not in str(refusal.value)
    with tenant_scope(desk.id):
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "fixed",
    [
        {"actor": "Elena Marsh"},
        {"actor": "user:elena"},
        {"action": "Forgot everything"},
        {"subject_type": "Elena"},
        {"subject_id": "Elena Marsh"},
    ],
    ids=str,
)
@pytest.mark.usefixtures("rows")
def test_the_fixed_fields_take_names_and_ids_only(
    desk: Tenant, fixed: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="audit event"):
        note(desk, **fixed)


@pytest.mark.usefixtures("rows")
def test_ids_numbers_dates_and_short_words_come_back_as_they_went_in(
    desk: Tenant, alice: User
) -> None:
    receipt = uuid4()
    detail = {
        "receipt": receipt,
        "rows": 12,
        "share": 0.1,
        "tiny": 1e-9,
        "whole": 3.0,
        "zero": -0.0,
        "yes": True,
        "nothing": None,
        "until": timezone.now(),
        "role": "compliance",
        "by": f"user:{alice.id}",
        "origin": "https://shop.example",
        "ids": [uuid4(), uuid4()],
        "counts": {"facts": 3},
        "purpose": f"privacy request {receipt}",
    }
    event = note(desk, detail=detail)
    with tenant_scope(desk.id):
        stored = AuditEvent.objects.get()
    assert stored.detail == json.loads(json.dumps(event.detail))
    assert stored.detail["purpose"] == f"privacy request {receipt}"
    assert verdict(desk).faults == ()


@pytest.mark.usefixtures("rows")
def test_a_reason_stands_beside_the_chain_which_commits_to_it(
    carla: User, elena: Customer
) -> None:
    words = "Elena asked by telephone"
    event = note(carla.tenant, customer_id=elena.id, reason=words)
    with tenant_scope(elena.tenant_id):
        reason = AuditReason.objects.get()
        stored = AuditEvent.objects.values().get()
    assert (reason.text, reason.customer_id) == (words, elena.id)
    assert event.reason_commitment == chain.commitment(reason.salt, words)
    assert "telephone" not in str(stored)


@pytest.mark.usefixtures("rows")
def test_an_event_about_a_customer_names_her_by_id_only(elena: Customer) -> None:
    about = note(elena.tenant, subject_type="customer", subject_id=elena.id)
    assert about.customer_ref == elena.id
    assert note(elena.tenant).customer_ref is None
    with customer_scope(elena.tenant_id, elena.id):
        inside = audit.record(
            actor="system",
            action="desk.note",
            subject_type="conversation",
            subject_id=uuid4(),
            reason="In her own scope",
        )
    assert inside.customer_ref == elena.id


# --- The chain ------------------------------------------------------------------------


@pytest.mark.usefixtures("rows")
def test_erasing_a_customer_takes_the_reasons_and_leaves_the_chain_whole(
    carla: User, elena: Customer
) -> None:
    desk = carla.tenant
    note(desk, customer_id=elena.id, reason="Elena wants her address changed")
    note(desk, reason="A reason about the desk")
    with tenant_scope(desk.id):
        receipt = privacy.erase_customer(customer=elena, user=carla, reason="Asked")
        # Whoever writes about her from now on keeps her words nowhere.
        note(desk, customer_id=elena.id, reason="Elena called again")
        assert [reason.text for reason in AuditReason.objects.all()] == [
            "A reason about the desk"
        ]
        about = AuditEvent.objects.filter(customer_ref=elena.id)
        assert about.count() == 3
    assert receipt.counts["accounts.auditreason"] == 1
    assert receipt.remaining == 0
    assert verdict(desk).faults == ()
    assert verdict(desk).events == 4


@pytest.mark.usefixtures("rows")
def test_reasons_are_exported_with_the_customer_they_are_about(
    carla: User, elena: Customer
) -> None:
    note(carla.tenant, customer_id=elena.id, reason="She moved")
    note(carla.tenant, reason="Not about her")
    with tenant_scope(elena.tenant_id):
        archive = privacy.export_customer(customer=elena, user=carla)
    files = zipfile.ZipFile(io.BytesIO(archive))
    (row,) = json.loads(files.read("data/accounts_auditreason.json"))
    assert row["text"] == "She moved"


@pytest.mark.usefixtures("rows")
def test_the_key_is_derived_and_never_the_secret_key_itself(
    settings: Settings,
) -> None:
    derived = keys.current()
    assert derived.secret != settings.SECRET_KEY.encode()
    assert settings.SECRET_KEY.encode() not in derived.secret
    assert derived.secret.hex() not in repr(derived)
    settings.AUDIT_KEY = "another key that is long enough to be random"
    assert keys.current().id != derived.id
    assert set(keys.known()) == {keys.current().id, derived.id}


@pytest.mark.usefixtures("rows")
def test_a_new_key_breaks_no_link_while_the_old_one_is_listed(
    desk: Tenant, settings: Settings
) -> None:
    for key in ("first", "second", "third"):
        settings.AUDIT_KEY = f"the {key} key of this desk's audit log"
        note(desk)
    settings.AUDIT_KEYS_OLD = [
        "the first key of this desk's audit log",
        "the second key of this desk's audit log",
    ]
    assert verdict(desk).faults == ()
    settings.AUDIT_KEYS_OLD = ["the first key of this desk's audit log"]
    (fault,) = verdict(desk).faults
    assert fault.seq == 2
    assert "AUDIT_KEYS_OLD lacks" in fault.what


@pytest.mark.usefixtures("rows")
def test_events_from_before_the_audit_key_still_verify_and_cannot_be_extended(
    live_db: None, desk: Tenant, settings: Settings
) -> None:
    link = chain.Link(
        uuid4(), desk.id, 1, timezone.now(), "system", "desk.note", "tenant",
        str(desk.id), None, "", {"rows": 1}, 1, "", "", "",
    )  # fmt: skip
    link = link._replace(hash=chain.first_digest(link, settings.SECRET_KEY.encode()))
    with tenant_scope(desk.id):
        AuditEvent(**link._asdict()).save(force_insert=True)
    note(desk)
    assert verdict(desk).faults == ()
    assert verdict(desk).events == 2
    with as_superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update accounts_auditevent set customer_ref = gen_random_uuid()"
            " where scheme = 1"
        )
    assert [fault.seq for fault in verdict(desk).faults] == [1]


@pytest.mark.usefixtures("live_db")
def test_appends_at_the_same_moment_make_one_chain_without_gaps(
    desk: Tenant, elena: Customer
) -> None:
    def append() -> None:
        for _ in range(20):
            note(desk, customer_id=elena.id, reason="At once")

    at_once(append, append, append, append)
    with tenant_scope(desk.id):
        seqs = list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True))
        times = list(AuditEvent.objects.order_by("seq").values_list("at", flat=True))
    assert seqs == list(range(1, 81))
    assert times == sorted(times)
    assert verdict(desk).faults == ()


@pytest.mark.usefixtures("live_db")
def test_an_append_waits_for_nobody_while_it_holds_the_end_of_the_chain(
    desk: Tenant, elena: Customer
) -> None:
    """A foreign key that is checked at the commit would lock the customer then."""

    def write_about_her() -> None:
        with tenant_scope(desk.id):
            audit.record(
                actor="system",
                action="desk.note",
                subject_type="tenant",
                subject_id=desk.id,
                customer_id=elena.id,
                reason="Written meanwhile",
            )
            connection.cursor().execute("select pg_sleep(0.005)")

    def lock_her_first() -> None:
        with tenant_scope(desk.id):
            Customer.objects.select_for_update().get(pk=elena.pk)
            connection.cursor().execute("select pg_sleep(0.005)")
            note(desk)

    def often(job: Any) -> Any:
        return lambda: [job() for _ in range(15)]

    at_once(often(write_about_her), often(lock_her_first), often(write_about_her))
    assert verdict(desk).events == 45


@pytest.mark.usefixtures("rows")
def test_time_never_runs_backwards_along_the_log(
    desk: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = note(desk)
    earlier = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: earlier)
    assert note(desk).at == first.at


# --- The walls around it --------------------------------------------------------------


@pytest.mark.parametrize("table", ["accounts_auditevent", "accounts_auditreason"])
@pytest.mark.usefixtures("rows")
def test_the_serving_role_was_granted_no_right_to_change_the_log(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select r, has_table_privilege(current_user, %s, r) from unnest(array["
            "'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) r",
            [table],
        )
        rights = {name for name, granted in cursor if granted}
    # A reason is erased with its customer.
    erasable = {"DELETE"} if table == "accounts_auditreason" else set()
    assert rights == {"SELECT", "INSERT"} | erasable


@pytest.mark.parametrize(
    "statement",
    [
        "update accounts_auditevent set actor = 'me'",
        "delete from accounts_auditevent",
        "truncate accounts_auditevent cascade",
    ],
)
@pytest.mark.usefixtures("live_db")
def test_not_even_with_the_right_can_the_log_be_changed(
    desk: Tenant, statement: str
) -> None:
    note(desk)
    with (
        as_superuser() as admin,
        pytest.raises(psycopg.errors.RaiseException, match="only be appended"),
    ):
        admin.execute(statement)
    assert verdict(desk).events == 1


@pytest.mark.parametrize(
    "changed",
    [{"seq": 2}, {"seq": 4}, {"seq": 0}, {"previous_hash": "0" * 64}, {"seq": 9}],
    ids=str,
)
@pytest.mark.usefixtures("rows")
def test_the_database_takes_an_event_only_where_it_continues_the_chain(
    desk: Tenant, changed: dict[str, Any]
) -> None:
    note(desk)
    last = note(desk)
    forged = {"seq": 3, "previous_hash": last.hash, **changed}
    with tenant_scope(desk.id):
        values = AuditEvent.objects.filter(pk=last.pk).values().get()
        with pytest.raises(DatabaseError), transaction.atomic():
            AuditEvent(**{**values, "id": uuid4(), **forged}).save(force_insert=True)
        assert AuditEvent.objects.count() == 2


@pytest.mark.usefixtures("rows")
def test_each_tenant_has_a_chain_of_its_own(desk: Tenant, other_desk: Tenant) -> None:
    make_customer(desk, "Otto")
    assert [note(tenant).seq for tenant in (desk, other_desk, desk)] == [1, 1, 2]
    with tenant_scope(other_desk.id):
        assert AuditEvent.objects.count() == 1
