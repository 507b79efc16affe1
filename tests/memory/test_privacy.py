"""Export and erasure: complete, provable, and bound to one customer."""

import hashlib
import io
import json
import threading
import time
import zipfile
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.apps import apps
from django.db import IntegrityError
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Customer, CustomerModel, User
from accounts.scope import tenant_scope
from chat import services
from memory import privacy, requests, working
from memory.models import ErasureReceipt, Fact, MemorySettings
from memory.templatetags.memory_ui import duration, readable
from memory.types import Turn
from tests.clients import signed_in
from tests.conftest import (
    as_superuser,
    make_conversation,
    make_customer,
    make_user,
)
from tests.memory.four_tiers import (
    make_consolidation,
    make_fact,
    make_forgotten,
    make_review_item,
    make_summary,
    make_tool_result,
    make_working_item,
)
from tests.threads import at_once


def remember_all(customer: Customer) -> None:
    """One row at least in every store."""
    conversation = make_conversation(customer, "I moved to Ghent", "Thank you")
    make_fact(customer, conversation_id=conversation.id)
    make_summary(customer, conversation_id=conversation.id)
    make_review_item(customer, conversation_id=conversation.id)
    make_working_item(customer)
    make_forgotten(customer)
    make_consolidation(customer, conversation_id=conversation.id)
    with tenant_scope(customer.tenant_id):
        audit.record(
            actor="system",
            action="customer.note",
            subject_type="customer",
            subject_id=customer.id,
            reason="Asked about her data",
        )


def export(customer: Customer, user: User) -> zipfile.ZipFile:
    with tenant_scope(customer.tenant_id):
        return zipfile.ZipFile(
            io.BytesIO(privacy.export_customer(customer=customer, user=user))
        )


def erase(customer: Customer, user: User, reason: str = "") -> ErasureReceipt:
    with tenant_scope(customer.tenant_id):
        return privacy.erase_customer(customer=customer, user=user, reason=reason)


def manifest_of(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return manifest


# --- Export --------------------------------------------------------------------------


def test_an_export_has_a_file_for_every_model_with_rows_about_customers(
    carla: User, elena: Customer
) -> None:
    remember_all(elena)
    names = set(export(elena, carla).namelist())
    models = [m for m in apps.get_models() if issubclass(m, CustomerModel)]
    expected = {f"data/{m._meta.label_lower.replace('.', '_')}.json" for m in models}
    assert len(models) >= 7
    assert names == expected | {
        "README.html",
        "manifest.json",
        "data/accounts_customer.json",
        "data/working_memory.json",
    }


def test_the_manifest_gives_size_rows_and_checksum_of_every_file(
    carla: User, elena: Customer
) -> None:
    remember_all(elena)
    archive = export(elena, carla)
    manifest = manifest_of(archive)
    listed = {file["name"]: file for file in manifest["files"]}
    assert set(listed) == set(archive.namelist()) - {"manifest.json"}
    for name, file in listed.items():
        content = archive.read(name)
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        if name.endswith(".json"):
            assert file["rows"] == len(json.loads(content)) >= 1
    assert manifest["customer"] == str(elena.id)


def test_an_export_says_what_was_said_in_plain_json(
    carla: User, elena: Customer
) -> None:
    remember_all(elena)
    elena.time_zone = "Asia/Kolkata"
    archive = export(elena, carla)
    (profile,) = json.loads(archive.read("data/accounts_customer.json"))
    assert profile["time_zone"] == "Asia/Kolkata"
    assert b"Asia/Kolkata" in archive.read("README.html")
    (fact,) = json.loads(archive.read("data/memory_fact.json"))
    assert fact["value"] == "Ghent"
    assert fact["topics"] == []
    (summary,) = json.loads(archive.read("data/memory_summary.json"))
    assert summary["pending_actions"] == ["Refund the postage"]
    entries = json.loads(archive.read("data/memory_embedding.json"))
    assert all("vector" not in entry and entry["text"] for entry in entries)
    messages = json.loads(archive.read("data/chat_message.json"))
    assert "I moved to Ghent" in [message["text"] for message in messages]


def test_an_export_holds_one_customer_only(carla: User, elena: Customer) -> None:
    make_fact(make_customer(carla.tenant, "Other"), value="Secret City")
    make_fact(elena)
    archive = export(elena, carla)
    for name in archive.namelist():
        assert b"Secret City" not in archive.read(name)


def test_the_page_for_people_stands_alone_and_escapes_what_was_said(
    carla: User, elena: Customer
) -> None:
    make_fact(elena, "nickname", "<script>alert(1)</script>", source="agent")
    make_review_item(elena, "<script>alert(2)</script>")
    page = export(elena, carla).read("README.html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "src=" not in page
    assert "Nothing is kept here." in page
    assert 'href="#memory_fact"' in page
    assert 'id="memory_fact"' in page


def test_an_export_is_audited_with_counts_only(carla: User, elena: Customer) -> None:
    remember_all(elena)
    export(elena, carla)
    with tenant_scope(elena.tenant_id):
        event = AuditEvent.objects.get(action="customer.export")
    assert event.actor == f"user:{carla.id}"
    assert set(event.detail) == {"rows"}


# --- Erasure -------------------------------------------------------------------------


def test_erasure_leaves_no_row_anywhere(carla: User, elena: Customer) -> None:
    remember_all(elena)
    receipt = erase(elena, carla, "asked by email")
    with tenant_scope(elena.tenant_id):
        for model in privacy.customer_models():
            assert not model.objects.filter(customer_id=elena.id).exists()
        assert not Customer.objects.filter(id=elena.id).exists()
    assert working.items(elena.tenant_id, elena.id) == []
    assert receipt.remaining == 0
    assert all(rows >= 1 for rows in receipt.counts.values()), receipt.counts


@pytest.mark.usefixtures("live_db")
def test_a_look_past_every_policy_finds_nothing_either(
    carla: User, elena: Customer
) -> None:
    remember_all(elena)
    with tenant_scope(elena.tenant_id):
        tables = [m._meta.db_table for m in privacy.customer_models()]
    erase(elena, carla)
    with as_superuser() as admin:
        for table in tables:
            query = f"select count(*) from {table} where customer_id = %s"
            assert admin.execute(query, [elena.id]).fetchone() == (0,)


def test_erasure_spares_everybody_else(
    carla: User, elena: Customer, viktor: Customer
) -> None:
    other = make_customer(carla.tenant, "Other")
    for customer in (elena, other, viktor):
        remember_all(customer)
    erase(elena, carla)
    for customer in (other, viktor):
        with tenant_scope(customer.tenant_id):
            kept = privacy.kept([customer])
        assert all(store.rows for store in kept), kept


@pytest.mark.usefixtures("live_db")
def test_a_late_job_finds_nobody_to_write_about(carla: User, elena: Customer) -> None:
    erase(elena, carla)
    with pytest.raises(IntegrityError):
        make_summary(elena)
    with tenant_scope(elena.tenant_id):
        assert privacy.remaining(elena.id) == 0


def test_what_was_read_before_an_erasure_cannot_be_cached_after_it(
    carla: User, elena: Customer
) -> None:
    """A reply in the middle of a look-up, or a page, outlives the erasure by a bit."""
    conversation_id = uuid4()
    elena_s = (elena.tenant_id, elena.id)

    def load() -> list[Turn]:
        erase(elena, carla)
        return [Turn(uuid4(), "customer", "I moved to Ghent", timezone.now())]

    working.buffer(
        *elena_s,
        conversation_id,
        version=1,
        limits=working.Limits.of(MemorySettings()),
        load=load,
    )
    make_tool_result(elena)
    assert working.keys_like(f"*{elena.id.hex}*") == []


@pytest.mark.usefixtures("live_db")
def test_erasure_gets_through_beside_somebody_who_is_writing(
    carla: User, alice: User, elena: Customer
) -> None:
    """The writer holds the conversation and needs the customer; erasure inversely."""
    conversation = make_conversation(elena, "I moved to Ghent")
    writing = threading.Event()

    def write() -> None:
        with tenant_scope(elena.tenant_id):
            services.lock(conversation.id)
            writing.set()
            time.sleep(0.5)
            services.send_as_agent(
                conversation_id=conversation.id, user=alice, text="Noted"
            )

    def erase_meanwhile() -> None:
        writing.wait(timeout=10)
        erase(elena, carla)

    at_once(write, erase_meanwhile)
    with tenant_scope(elena.tenant_id):
        assert privacy.remaining(elena.id) == 0


@pytest.mark.usefixtures("live_db")
def test_two_erasures_at_once_leave_one_receipt(carla: User, elena: Customer) -> None:
    """Two officers, two requests of the same person."""
    remember_all(elena)
    staff = [carla, make_user(carla.tenant, "Dora", User.Role.COMPLIANCE)]
    asked = []
    for user in staff:
        with tenant_scope(user.tenant_id):
            asked.append(
                requests.open_request(
                    kind="erasure", customers=[elena], reason="ticket", user=user
                )
            )

    def erase_or_miss(which: int) -> int:
        response = signed_in(staff[which]).post(
            f"/privacy/requests/{asked[which].id}/erase/",
            {"name": elena.name, "reason": "asked by email"},
        )
        return response.status_code

    answers = at_once(partial(erase_or_miss, 0), partial(erase_or_miss, 1))
    assert 302 in answers
    assert set(answers) <= {302, 404, 422}
    with tenant_scope(elena.tenant_id):
        assert ErasureReceipt.objects.count() == 1


def test_a_receipt_names_nobody(carla: User, elena: Customer) -> None:
    remember_all(elena)
    receipt = erase(elena, carla)
    with tenant_scope(elena.tenant_id):
        events = list(AuditEvent.objects.values())
    told = json.dumps([receipt.counts, receipt.reason, events], default=str)
    assert "Elena" not in told
    assert "elena@" not in told
    assert "Ghent" not in told


def test_redis_away_means_nothing_is_erased(
    carla: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember_all(elena)
    real = working.erase_customer
    calls = []

    def away_the_second_time(*args: Any) -> int:
        calls.append(args)
        if len(calls) > 1:
            raise redis.ConnectionError
        return real(*args)

    monkeypatch.setattr(working, "erase_customer", away_the_second_time)
    with tenant_scope(elena.tenant_id):
        with pytest.raises(redis.ConnectionError):
            privacy.erase_customer(customer=elena, user=carla)
        # The error was handled inside the scope's transaction, and yet:
        assert Fact.objects.count() == 1
        assert Customer.objects.filter(id=elena.id).exists()
        assert not ErasureReceipt.objects.exists()


def test_the_independent_look_finds_what_erasure_would_miss(elena: Customer) -> None:
    with tenant_scope(elena.tenant_id):
        assert privacy.remaining(elena.id) == 1  # the customer
        make_fact(elena)
        assert privacy.remaining(elena.id) == 4  # fact, evidence, index entry
        working.client().set(f"elsewhere:{elena.id.hex}:x", "1")
        assert privacy.remaining(elena.id) == 5
        assert privacy.remaining(uuid4()) == 0


def test_a_store_that_is_not_there_any_more_keeps_its_name_on_the_receipt(
    elena: Customer,
) -> None:
    receipt = ErasureReceipt(counts={"old.thing": 3, "memory.fact": 1, "nonsense": 2})
    titles = [store.title for store in privacy.erased(receipt)]
    assert titles == ["Facts, with history", "old.thing", "nonsense"]


# --- What people read ----------------------------------------------------------------


def test_a_row_is_readable_with_its_details_apart() -> None:
    read = readable(
        {
            "id": "0199",
            "seq": 0,
            "valid_from": "2026-03-04T17:05:00Z",
            "value": "Ghent",
            "pinned": False,
            "topics": ["move", "address"],
            "valid_to": None,
            "context": {"a": 1},
        }
    )
    assert [(line.label, line.text) for line in read.lines] == [
        ("Value", "Ghent"),
        ("Pinned", "No"),
        ("Valid from", "4 March 2026, 17:05 UTC"),
        ("Topics", "move, address"),
    ]
    assert [(line.label, line.text) for line in read.details] == [
        ("Id", "0199"),
        ("Seq", "0"),
        ("Context", '{\n "a": 1\n}'),
    ]


def test_what_only_begins_like_a_date_stays_as_it_was_written() -> None:
    text = "2026-13-41 25:99 is no date"
    assert readable({"text": text}).lines[0].text == text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (90_000, "1 d")],
)
def test_times_to_come_are_short(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_the_short_reference_is_the_end_of_the_id(elena: Customer) -> None:
    assert str(elena.id).endswith(privacy.short_ref(elena.id))
    assert timezone.now() >= elena.created_at
