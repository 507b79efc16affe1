"""Imported conversations: parsed strictly, stored once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from chat import imports
from chat.models import Conversation, Event, Message
from tests.conftest import make_customer

pytestmark = pytest.mark.usefixtures("rows")

MESSAGES = [
    {
        "id": "m1",
        "author": "customer",
        "content": "Hi",
        "sent_at": "2026-03-02T09:00:00Z",
    },
    {"id": "m2", "author": "agent", "author_name": "Ada", "content": "Hello"},
]


def raw(**changes: Any) -> dict[str, Any]:
    base = {
        "id": "c1", "customer": {"id": "u1", "name": "Elena"},
        "started_at": "2026-03-02T08:59:00Z", "messages": MESSAGES,
    }  # fmt: skip
    return {k: v for k, v in {**base, **changes}.items() if v != "DROP"}


def store(desk: Tenant, **changes: Any) -> tuple[Conversation, int]:
    with tenant_scope(desk.id):
        return imports.import_conversation(imports.parse(raw(**changes)))


def test_a_conversation_is_stored_with_its_ids_times_and_order(desk: Tenant) -> None:
    conversation, new = store(desk)
    assert new == 2
    with tenant_scope(desk.id):
        customer = Customer.objects.get()
        messages = list(Message.objects.order_by("seq"))
        events = list(Event.objects.order_by("seq"))
    assert (customer.external_id, customer.name, customer.verified) == (
        "u1",
        "Elena",
        True,
    )
    assert [(m.external_id, m.author, m.author_name, m.text) for m in messages] == [
        ("m1", "customer", "", "Hi"), ("m2", "agent", "Ada", "Hello"),
    ]  # fmt: skip
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert [m.sent_at for m in messages] == [at, at]
    assert [(e.seq, e.message_id) for e in events] == [(m.seq, m.id) for m in messages]
    assert (conversation.status, conversation.external_id) == ("closed", "c1")
    assert conversation.last_seq == conversation.last_message_seq == 2
    assert conversation.asked_seq == conversation.answered_seq
    assert conversation.preview == "Hello"


def test_imported_again_it_is_the_same(desk: Tenant) -> None:
    first, _ = store(desk)
    again, new = store(desk)
    assert (again.id, new) == (first.id, 0)
    with tenant_scope(desk.id):
        assert Message.objects.count() == 2


def test_only_what_is_new_is_added_behind(desk: Tenant) -> None:
    store(desk)
    more = [*MESSAGES, {"id": "m3", "author": "customer", "content": "Thanks"}]
    conversation, new = store(desk, messages=more)
    assert new == 1
    assert conversation.last_seq == 3
    with tenant_scope(desk.id):
        assert Message.objects.get(seq=3).text == "Thanks"


def test_a_conversation_of_another_customer_is_refused(desk: Tenant) -> None:
    store(desk)
    with pytest.raises(ValueError, match="belongs to another customer"):
        store(desk, customer={"id": "u2"})
    with tenant_scope(desk.id):
        assert not Customer.objects.filter(external_id="u2").exists()
        assert Message.objects.count() == 2


def test_two_desks_may_use_the_same_ids(desk: Tenant, other_desk: Tenant) -> None:
    assert store(desk)[0].id != store(other_desk)[0].id


def test_a_known_customer_keeps_the_name_she_has(desk: Tenant) -> None:
    with tenant_scope(desk.id):
        Customer.objects.create(tenant=desk, external_id="u1", name="Elena Marsh")
    store(desk)
    with tenant_scope(desk.id):
        assert Customer.objects.get().name == "Elena Marsh"


def test_a_note_at_the_end_is_not_what_was_said_last(desk: Tenant) -> None:
    source = imports.parse(raw())
    note = imports.ImportedMessage(
        "n1", "agent", "Ada", "VIP", source.started_at, is_note=True
    )
    whole = imports.ImportedConversation(
        **{f: getattr(source, f) for f in source.__slots__}
        | {"messages": (*source.messages, note)}
    )
    with tenant_scope(desk.id):
        conversation, _ = imports.import_conversation(whole)
    assert (conversation.last_seq, conversation.last_message_seq) == (3, 2)
    assert conversation.preview == "Hello"


def test_nothing_is_left_of_a_conversation_that_fails_halfway(
    desk: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_move_on", broken)
        with pytest.raises(ZeroDivisionError):
            store(desk)
    with tenant_scope(desk.id):
        assert not Conversation.objects.exists()
        assert not Message.objects.exists()
    assert store(desk)[1] == 2


BAD = [
    ([], "one JSON object"),
    ({}, "customer must be an object"),
    (raw(id="DROP"), "id must be"),
    (raw(id=""), "id must be"),
    (raw(id=True), "id must be"),
    (raw(id="x" * 201), "id is longer than 200"),
    (raw(customer="u1"), "customer must be an object"),
    (raw(customer={}), "id must be"),
    (raw(customer={"id": "\x00"}), "id must be"),
    (raw(customer={"id": "\ud800"}), "id must be"),
    (raw(customer={"id": "u1", "name": 5.5}), "name must be"),
    (raw(messages="DROP"), "messages must be a list"),
    (raw(messages=[]), "at least one message"),
    (raw(messages=[5]), "message 1: must be an object"),
    (raw(messages=[{**MESSAGES[0], "author": "bot"}]), "author must be one of"),
    (raw(messages=[{**MESSAGES[0], "content": "\x00 "}]), "message 1: content must be"),
    (raw(messages=[{**MESSAGES[0], "content": None}]), "message 1: content must be"),
    (raw(messages=[*MESSAGES, {**MESSAGES[0]}]), "two messages have the same id"),
    (
        raw(messages=[MESSAGES[1], {**MESSAGES[0], "sent_at": "soon"}]),
        "message 2: sent_at",
    ),
    (raw(started_at="2026-13-40T00:00:00Z"), "started_at must be a time"),
    (raw(started_at=5), "started_at must be a time"),
]


@pytest.mark.parametrize(("line", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_what_is_wrong_is_said(line: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        imports.parse(line)


def test_numbers_are_ids_too_and_times_without_zone_are_utc() -> None:
    source = imports.parse(
        raw(
            id=7,
            customer={"id": 42},
            started_at="2026-03-02T09:00:00",
            messages=[
                {"id": 1, "author": "customer", "content": "Hi"},
            ],
        )
    )
    assert (source.id, source.customer_id, source.messages[0].id) == ("7", "42", "1")
    assert source.started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert source.messages[0].sent_at == source.started_at


def test_a_visitor_without_an_id_is_never_taken_for_an_imported_customer(
    desk: Tenant,
) -> None:
    visitor = make_customer(desk, "Otto")
    with tenant_scope(desk.id):
        Customer.objects.filter(pk=visitor.pk).update(external_id="")
    conversation, _ = store(desk)
    assert conversation.customer_id != visitor.id
