"""The two sockets as a browser sees them: the real application, real websockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from channels.layers import get_channel_layer
from django.contrib.auth import logout
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import assistant, identity, push, services
from chat.consumers import socket
from chat.models import Conversation, Message
from memory.llm import gateway
from memory.llm.types import Done, HandOver, ReplyRequest, StreamPart, TextDelta, Usage
from tests.chat.line import Line, Server, settle
from tests.conftest import make_conversation, make_customer
from tests.stack import eventually

pytestmark = pytest.mark.usefixtures("live_db")

USAGE = Usage("scripted", 10, 5, 0.0, 1.0)


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock(), Server() as server:
        yield server


@pytest.fixture
def server(live_db: None, running: Server) -> Iterator[Server]:
    """The application; nothing of a test goes on after it."""
    yield running
    settle()


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model says, word by word; change it in place."""
    spoken = ["It ", "ships ", "today."]

    async def parts(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        for word in spoken:
            yield TextDelta(word) if word != "HAND OVER" else HandOver("asked")
        yield Done(USAGE)

    monkeypatch.setattr(gateway, "stream_reply", parts)
    monkeypatch.setattr(assistant, "PUSH_EVERY_S", 0.0)
    return spoken


def session(user: User) -> str:
    client = Client()
    with identity_scope():
        client.force_login(user)
    return client.cookies["sessionid"].value


def console(server: Server, user: User) -> AbstractContextManager[Line]:
    return server.open("/ws/console/", cookie=session(user))


def known(line: Line, customer: Customer, **options: Any) -> dict[str, Any]:
    """Greet as a customer whom the desk vouches for."""
    return line.hello(token=token(customer), **options)


def token(customer: Customer) -> str:
    with tenant_scope(customer.tenant_id):
        tenant = Tenant.objects.get(pk=customer.tenant_id)
    return identity.sign_customer(tenant, customer.external_id, customer.name)


def texts(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["message"]["text"] for frame in frames if frame["message"]]


def replies(customer: Customer) -> list[str]:
    with tenant_scope(customer.tenant_id):
        said = Message.objects.filter(author=Message.Author.ASSISTANT)
        return list(said.values_list("text", flat=True))


# --- The widget's conversation --------------------------------------------------------


@pytest.mark.parametrize("broken", [RuntimeError, None], ids=["fails", "hangs"])
def test_a_message_is_answered_though_its_socket_cannot_join_the_conversation(
    server: Server,
    desk: Tenant,
    elena: Customer,
    monkeypatch: pytest.MonkeyPatch,
    broken: type[Exception] | None,
) -> None:
    async def join(*_: str) -> None:
        if broken:
            raise broken
        await asyncio.sleep(60)

    monkeypatch.setattr(socket, "LAYER_S", 0.05)
    monkeypatch.setattr(get_channel_layer(), "group_add", join)
    with server.widget(desk.slug) as line:
        known(line, elena)
        line.ask(type="send", text="Where is it?", client_id=str(uuid4()))
        eventually(lambda: replies(elena) == ["It ships today."])


def test_a_first_message_is_acknowledged_logged_and_answered_word_by_word(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with server.widget(desk.slug) as line:
        ready = known(line, elena)
        assert ready["conversation"] is None
        assert ready["visitor"] is None
        assert (ready["customer_name"], ready["desk"]) == ("Elena", desk.name)
        client_id = uuid4()
        ack = line.ask(type="send", text="Where is it?", client_id=str(client_id))
        assert (ack["type"], ack["client_id"], ack["seq"]) == ("ack", str(client_id), 1)
        mine = line.next()
        assert (mine["type"], mine["seq"], mine["kind"]) == ("event", 1, "message")
        assert mine["message"]["id"] == ack["id"]
        assert mine["message"]["client_id"] == str(client_id)
        begun = line.next()
        assert (begun["seq"], begun["message"]["status"]) == (2, "streaming")
        deltas = [line.next() for _ in range(3)]
        assert [d["type"] for d in deltas] == ["delta"] * 3
        assert [(d["offset"], d["text"]) for d in deltas] == [
            (0, "It "), (3, "ships "), (9, "today."),
        ]  # fmt: skip
        assert {d["message"] for d in deltas} == {begun["message"]["id"]}
        whole = line.next()
        assert (whole["seq"], whole["kind"]) == (3, "message_updated")
        assert whole["message"]["status"] == "complete"
        assert whole["message"]["text"] == "It ships today."


def test_the_ack_comes_after_the_message_is_stored(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with server.widget(desk.slug) as line:
        known(line, elena)
        ack = line.say("Hello")
        with tenant_scope(desk.id):
            stored = Message.objects.get(pk=ack["id"])
        assert (stored.text, stored.seq) == ("Hello", ack["seq"])


def test_a_repeated_send_is_acknowledged_again_and_stored_once(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    client_id = uuid4()
    with server.widget(desk.slug) as line:
        known(line, elena)
        first = line.say("Hello", client_id)
        again = line.say("Hello", client_id)
        assert first["id"] == again["id"]
        line.rest()
    with tenant_scope(desk.id):
        assert Message.objects.filter(author="customer").count() == 1


def test_after_a_reconnect_nothing_is_missed_and_nothing_doubled(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    with server.widget(desk.slug) as line:
        known(line, elena)
        ack = line.say("Hello")
        last = line.rest()[-1]["seq"]
        with tenant_scope(desk.id):
            conversation_id = Message.objects.get(pk=ack["id"]).conversation_id
    for number in range(3):
        send(alice, conversation_id, f"While you were away {number}")
    with server.widget(desk.slug) as line:
        missed = known(line, elena, after=last)["events"]
        assert [frame["seq"] for frame in missed] == list(
            range(last + 1, missed[-1]["seq"] + 1)
        )
        assert texts(missed) == [f"While you were away {number}" for number in range(3)]
        assert line.events() == []


def test_state_after_events_is_the_state_after_a_fresh_fetch(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    shown: dict[str, Any] = {}
    with server.widget(desk.slug) as line:
        known(line, elena)
        ack = line.say("Hello")
        frames = line.rest()
        with tenant_scope(desk.id):
            conversation_id = Message.objects.get(pk=ack["id"]).conversation_id
        send(alice, conversation_id, "I am here")
        for frame in [*frames, *line.events()]:
            if frame["message"]:
                shown[frame["message"]["id"]] = frame["message"]
    with server.widget(desk.slug) as line:
        events = known(line, elena)["events"]
    assert shown == {f["message"]["id"]: f["message"] for f in events if f["message"]}


def send(user: User, conversation_id: UUID, text: str, *, note: bool = False) -> None:
    with tenant_scope(user.tenant_id):
        services.send_as_agent(
            conversation_id=conversation_id, user=user, text=text, note=note
        )


def test_a_replay_of_more_than_one_page_is_complete(
    server: Server, desk: Tenant, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.timeline.PAGE", 4)
    monkeypatch.setattr("chat.consumers.socket.PAGE", 4)
    make_conversation(elena, *(f"Line {number}" for number in range(10)))
    with server.widget(desk.slug) as line:
        events = known(line, elena)["events"]
    assert [frame["seq"] for frame in events] == list(range(1, 11))


def test_a_ping_brings_what_a_lost_push_did_not(
    server: Server, desk: Tenant, elena: Customer, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    conversation = make_conversation(elena, "Hello")
    monkeypatch.setattr(push, "_send", lambda *_: None)
    with server.widget(desk.slug) as line:
        known(line, elena)
        send(alice, conversation.id, "Nobody tells you")
        assert texts(line.events()) == ["Nobody tells you"]
        assert line.events() == []


def test_what_happens_elsewhere_is_pushed(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with server.widget(desk.slug) as line:
        known(line, elena)
        send(alice, conversation.id, "I am here")
        frames = [line.next(), line.next()]
        assert {frame["type"] for frame in frames} == {"event"}
        assert texts(frames) == ["I am here"]
        assert frames[0]["state"] == {
            "status": "open", "owner": "agent", "owner_name": "Alice",
        }  # fmt: skip


def test_a_note_and_its_text_never_reach_the_widget(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with server.widget(desk.slug) as line:
        known(line, elena)
        send(alice, conversation.id, "canary-note", note=True)
        live = line.events()
        assert [frame["seq"] for frame in live] == [2]
        assert "canary" not in json.dumps(live)
    with server.widget(desk.slug) as line:
        replayed = known(line, elena)["events"]
        assert [frame["seq"] for frame in replayed] == [1, 2]
        assert "canary" not in json.dumps(replayed)
        assert "detail" not in replayed[0]


def test_a_conversation_closed_while_away_still_shows_its_last_words(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    send(alice, conversation.id, "Your refund is on its way.")
    with tenant_scope(desk.id):
        services.close(conversation_id=conversation.id, user=alice)
    with server.widget(desk.slug) as line:
        ready = known(line, elena, after=1, conversation=str(conversation.id))
        assert ready["conversation"] == str(conversation.id)
        assert texts(ready["events"]) == ["Your refund is on its way."]
        assert ready["events"][-1]["state"]["status"] == "closed"


def test_the_last_seq_of_another_conversation_skips_nothing(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    old = make_conversation(elena, "One", "Two", "Three")
    with tenant_scope(desk.id):
        services.close(conversation_id=old.id, user=alice)
    with tenant_scope(desk.id):
        new = services.open_conversation(customer=elena)
        services.receive(conversation_id=new.id, text="A new matter")
    with server.widget(desk.slug) as line:
        ready = known(line, elena, after=3, conversation=str(old.id))
        assert ready["conversation"] == str(new.id)
        assert texts(ready["events"]) == ["A new matter"]


# --- Who the customer is --------------------------------------------------------------


def test_a_visitor_comes_back_as_the_same_unverified_customer(
    server: Server, desk: Tenant
) -> None:
    with server.widget(desk.slug) as line:
        visitor = line.hello()["visitor"]
        line.say("Remember me")
    with server.widget(desk.slug) as line:
        assert texts(line.hello(visitor=visitor)["events"])[0] == "Remember me"
    with tenant_scope(desk.id):
        assert Customer.objects.count() == 1
        assert not Customer.objects.get().verified


def test_the_widget_tells_where_her_clock_is(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with server.widget(desk.slug) as line:
        visitor = line.hello(time_zone="Asia/Kolkata")["visitor"]
    with tenant_scope(desk.id):
        stranger = Customer.objects.exclude(pk=elena.pk).get()
    assert stranger.time_zone == "Asia/Kolkata"
    for told, kept in (
        ("Pacific/Auckland", "Pacific/Auckland"),
        ("Mars/Olympus", "Pacific/Auckland"),
        (7, "Pacific/Auckland"),
        (None, "Pacific/Auckland"),
    ):
        with server.widget(desk.slug) as line:
            line.hello(visitor=visitor, time_zone=told)
        with tenant_scope(desk.id):
            stranger.refresh_from_db()
        assert stranger.time_zone == kept
    with server.widget(desk.slug) as line:
        known(line, elena, time_zone="Europe/Berlin")
    with tenant_scope(desk.id):
        elena.refresh_from_db()
    assert (elena.time_zone, elena.verified) == ("Europe/Berlin", True)


def test_the_shops_word_on_her_clock_comes_before_the_browsers(desk: Tenant) -> None:
    def greeted(zoneinfo: str) -> str:
        claims = {"sub": "u1", "aud": desk.slug, "zoneinfo": zoneinfo}
        token = jwt.encode(
            {**claims, "exp": timezone.now() + timedelta(minutes=5)},
            desk.widget_secret,
            algorithm="HS256",
        )
        customer = identity.identify(desk, token=token, time_zone="Europe/Berlin")
        return customer.time_zone

    assert greeted("America/New_York") == "America/New_York"
    assert greeted("Nowhere") == "Europe/Berlin"


@pytest.mark.parametrize("change", ["x{}", "{}x", "", "a:b:c", "\ud800", "nul\x00"])
def test_a_tampered_visitor_token_makes_a_new_customer(
    server: Server, desk: Tenant, change: str
) -> None:
    with server.widget(desk.slug) as line:
        visitor = line.hello()["visitor"]
        line.say("Mine")
    with server.widget(desk.slug) as line:
        ready = line.hello(visitor=change.format(visitor))
        assert ready["events"] == []
        assert ready["visitor"] not in {None, visitor}


def test_a_visitors_token_of_another_desk_is_nobody_here(
    server: Server, desk: Tenant, other_desk: Tenant
) -> None:
    with server.widget(other_desk.slug) as line:
        visitor = line.hello()["visitor"]
        line.say("Elsewhere")
    with server.widget(desk.slug) as line:
        assert line.hello(visitor=visitor)["events"] == []


def test_a_visitors_token_does_not_open_a_verified_customer(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    make_conversation(elena, "Private")
    with server.widget(desk.slug) as line:
        ready = line.hello(visitor=identity.sign_visitor(elena))
        assert ready["events"] == []
        assert ready["customer_name"] == ""


def claims(desk: Tenant, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    base = {"sub": "elena", "aud": desk.slug, "exp": now + timedelta(hours=1)}
    return {key: value for key, value in {**base, **changes}.items() if value != "DROP"}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"aud": "harbour"},
        {"sub": "DROP"},
        {"exp": "DROP"},
        {"sub": ""},
        {"sub": "  "},
        {"sub": "x" * 201},
        {"sub": "\x00"},
        {"sub": "el\x00ena"},
        {"sub": "\ud800"},
    ],
)
def test_a_token_that_proves_nothing_is_refused(
    server: Server, desk: Tenant, elena: Customer, changes: dict[str, Any]
) -> None:
    made = jwt.encode(claims(desk, **changes), desk.widget_secret, algorithm="HS256")
    with server.widget(desk.slug) as line:
        line.send(type="hello", token=made)
        assert line.closed_with() == 4403
    with tenant_scope(desk.id):
        assert Customer.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "a.b.c", "\ud800", "nul\x00"])
def test_a_token_that_is_none_is_refused(
    server: Server, desk: Tenant, token: str
) -> None:
    with server.widget(desk.slug) as line:
        line.send(type="hello", token=token)
        assert line.closed_with() == 4403


@pytest.mark.parametrize("secret", ["", "somebody-elses-secret-0123456789-abcdef"])
def test_a_token_of_another_signer_is_refused(
    server: Server, desk: Tenant, secret: str
) -> None:
    made = (
        jwt.encode(claims(desk), secret, algorithm="HS256")
        if secret
        else jwt.encode(claims(desk), None, algorithm="none")  # type: ignore[arg-type]
    )
    with server.widget(desk.slug) as line:
        line.send(type="hello", token=made)
        assert line.closed_with() == 4403


def test_another_desks_token_is_refused(
    server: Server, desk: Tenant, viktor: Customer
) -> None:
    with server.widget(desk.slug) as line:
        line.send(type="hello", token=token(viktor))
        assert line.closed_with() == 4403


def test_a_widget_of_no_desk_is_closed(server: Server) -> None:
    with server.widget("nobody") as line:
        assert line.closed_with() == 4404


def test_a_second_greeting_as_somebody_else_shows_nothing_of_the_first(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    otto = make_customer(desk, "Otto")
    conversation = make_conversation(elena, "Private")
    with server.widget(desk.slug) as line:
        known(line, elena)
        ready = known(line, otto)
        assert (ready["conversation"], ready["events"]) == (None, [])
        send(alice, conversation.id, "Only for Elena")
        assert line.heal() == []


def test_two_customers_of_one_desk_never_see_each_other(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    otto = make_customer(desk, "Otto")
    with server.widget(desk.slug) as hers, server.widget(desk.slug) as his:
        known(hers, elena)
        known(his, otto)
        hers.say("canary-elena")
        hers.rest()
        his.say("Hello")
        assert "canary" not in json.dumps([*his.waiting, *his.rest()])


# --- The console ----------------------------------------------------------------------


def test_an_agent_who_opens_a_conversation_is_in_the_audit_log(
    server: Server, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, alice) as line:
        line_open(line, conversation.id)
        line.send(type="open", conversation=str(uuid4()), after=0)
        line.until("error")
    with tenant_scope(elena.tenant_id):
        (read,) = AuditEvent.objects.filter(action="memory.read")
    assert (read.actor, read.customer_ref) == (f"user:{alice.id}", elena.id)
    assert read.detail["conversation"] == str(conversation.id)


def test_an_agent_opens_a_conversation_and_watches_the_reply_grow(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    with server.widget(desk.slug) as widget, console(server, alice) as line:
        known(widget, elena)
        widget.say("Hello")
        widget.rest()
        with tenant_scope(desk.id):
            conversation = Conversation.objects.get()
        ready = line_open(line, conversation.id)
        assert [frame["seq"] for frame in ready["events"]] == [1, 2, 3]
        assert "Hello" in ready["events"][0]["html"]
        widget.say("And again")
        kinds = []
        while "message_updated" not in kinds:
            frame = line.next()
            kinds.append(frame.get("kind") or frame["type"])
        assert [kind for kind in kinds if kind != "inbox"] == [
            "message", "message", "delta", "delta", "delta", "message_updated",
        ]  # fmt: skip


def line_open(line: Line, conversation_id: UUID, after: int = 0) -> dict[str, Any]:
    line.send(type="open", conversation=str(conversation_id), after=after)
    return line.until("ready")


def test_an_agents_reply_reaches_the_customer_and_takes_over(
    server: Server, desk: Tenant, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with server.widget(desk.slug) as widget, console(server, alice) as line:
        known(widget, elena)
        line_open(line, conversation.id, after=1)
        line.say("It is me now", conversation=str(conversation.id))
        frames = [widget.next(), widget.next()]
        assert texts(frames) == ["It is me now"]
        assert frames[1]["state"]["owner_name"] == "Alice"


def test_the_console_resumes_where_it_was(
    server: Server, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "One", "Two", "Three")
    with console(server, alice) as line:
        events = line_open(line, conversation.id, after=2)["events"]
    assert texts(events) == ["Three"]


def test_a_colleague_sees_notes_and_the_inbox_hears_of_every_change(
    server: Server, elena: Customer, alice: User, bob: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, alice) as hers, console(server, bob) as his:
        line_open(his, conversation.id, after=1)
        line_open(hers, conversation.id, after=1)
        hers.say("VIP", conversation=str(conversation.id), note=True)
        note = his.until("event")
        assert (note["message"]["author"], note["message"]["text"]) == ("note", "VIP")
        assert his.until("inbox")["conversation"] == str(conversation.id)


def test_what_other_desks_do_stays_there(
    server: Server, elena: Customer, charlie: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, charlie) as line:
        assert line.heal() == []
        make_conversation(elena, "More")
        assert line.heal() == []
        assert conversation.tenant_id != charlie.tenant_id


@pytest.mark.parametrize("kind", ["open", "send"])
def test_a_foreign_conversation_looks_like_one_that_does_not_exist(
    server: Server, elena: Customer, charlie: User, kind: str
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, charlie) as line:
        frame = {"type": kind, "text": "Hi", "client_id": str(uuid4())}
        foreign = line.ask(**frame, conversation=str(conversation.id))
        unknown = line.ask(**frame, conversation=str(uuid4()))
    assert foreign == unknown
    assert foreign["code"] == "not_found"
    with tenant_scope(elena.tenant_id):
        assert Message.objects.count() == 1


def test_without_a_sign_in_the_console_is_closed(server: Server) -> None:
    with server.open("/ws/console/") as line:
        assert line.closed_with() == 4401


def test_with_a_made_up_session_the_console_is_closed(server: Server) -> None:
    with server.open("/ws/console/", cookie="abcdef0123456789") as line:
        assert line.closed_with() == 4401


def test_compliance_staff_cannot_chat(server: Server, carla: User) -> None:
    with console(server, carla) as line:
        assert line.closed_with() == 4401


def suspend(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def give_another_role(user: User) -> None:
    User.objects.filter(pk=user.pk).update(role=User.Role.COMPLIANCE)


def change_the_password(user: User) -> None:
    user.set_password("another one, please")
    user.save()


def sign_out(user: User) -> None:
    request = HttpRequest()
    request.session = SessionStore(Session.objects.get().session_key)
    logout(request)


ENDS = [suspend, give_another_role, change_the_password, sign_out]


@pytest.mark.parametrize("end", ENDS)
def test_an_open_console_ends_with_its_sign_in(
    server: Server, elena: Customer, alice: User, end: Callable[[User], None]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, alice) as line:
        line_open(line, conversation.id)
        with identity_scope():
            end(alice)
        line.send(
            type="send", text="Still here", client_id=str(uuid4()),
            conversation=str(conversation.id),
        )  # fmt: skip
        assert line.closed_with() == 4401
    with tenant_scope(elena.tenant_id):
        assert Message.objects.count() == 1


@pytest.mark.parametrize("end", ENDS)
def test_what_customers_write_is_not_shown_to_a_login_that_has_ended(
    server: Server, elena: Customer, alice: User, end: Callable[[User], None]
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, alice) as line:
        line_open(line, conversation.id)
        with identity_scope():
            end(alice)
        with tenant_scope(elena.tenant_id):
            services.receive(conversation_id=conversation.id, text="My new address")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                assert "address" not in str(line.connection.recv(timeout=5))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


# --- Floods ---------------------------------------------------------------------------


def test_greeting_again_and_again_makes_one_stranger(
    server: Server, desk: Tenant
) -> None:
    with server.widget(desk.slug) as line:
        for _ in range(5):
            line.hello()
    with tenant_scope(desk.id):
        assert Customer.objects.count() == 1


def test_a_flood_of_frames_is_refused_and_ends(server: Server, desk: Tenant) -> None:
    with server.widget(desk.slug) as line:
        line.hello()
        for _ in range(socket.BURST_FRAMES + 5):
            line.send(type="ping")
        assert line.until("error")["code"] == "too_fast"
        for _ in range(socket.BURST_FRAMES * 2):
            line.send(type="ping")
        assert line.closed_with() == 4429


def test_a_customer_who_writes_too_fast_is_told_and_nothing_is_stored(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with tenant_scope(desk.id):
        for number in range(services.MAX_MESSAGES_A_MINUTE):
            services.receive_from_widget(
                customer=elena, text=str(number), client_id=uuid4()
            )
    with server.widget(desk.slug) as line:
        known(line, elena)
        error = line.ask(type="send", text="And another", client_id=str(uuid4()))
        assert error["code"] == "too_fast"
    with tenant_scope(desk.id):
        assert Message.objects.count() == services.MAX_MESSAGES_A_MINUTE


# --- Frames that are wrong ------------------------------------------------------------

ODD_FRAMES = [
    "",
    "hello",
    "[]",
    "42",
    "null",
    '{"type": 5}',
    '{"type": null}',
    "{}",
    '{"type": "dance"}',
    '{"type": "disconnect"}',
    '{"type": "conversation_changed"}',
    '{"type": "__init__"}',
    "[" * 60_000,
    "9" * 5_000,
    '{"type": "send"}',
    '{"type": "send", "client_id": "x", "text": "Hello"}',
    '{"type": "send", "client_id": NaN, "text": "Hello"}',
    json.dumps({"type": "send", "client_id": str(uuid4()), "text": 5}),
    json.dumps({"type": "send", "client_id": str(uuid4()), "text": ""}),
    json.dumps({"type": "send", "client_id": str(uuid4()), "text": "\ud800"}),
    json.dumps({"type": "send", "client_id": str(uuid4()), "text": "\0"}),
    json.dumps({"type": "send", "client_id": str(uuid4()), "text": "x" * 8_001}),
    '{"type": "\\ud800"}',
    "x" * 72_001,
]


@pytest.mark.parametrize("raw", ODD_FRAMES, ids=range(len(ODD_FRAMES)))
def test_a_malformed_frame_gets_one_error_and_the_socket_lives(
    server: Server, desk: Tenant, elena: Customer, alice: User, raw: str
) -> None:
    conversation = make_conversation(elena, "Hello")
    with server.widget(desk.slug) as widget, console(server, alice) as line:
        known(widget, elena, after=1)
        line_open(line, conversation.id, after=1)
        for socket in (widget, line):
            socket.connection.send(raw)
            answer = socket.connection.recv(timeout=5)
            error = json.loads(answer, parse_constant=lambda name: 1 / 0)
            assert error["type"] == "error"
            assert error["detail"]
            assert "Traceback" not in str(answer)
            assert socket.heal() == []
    with tenant_scope(desk.id):
        assert Message.objects.count() == 1


@pytest.mark.parametrize("after", [-1, 1.5, "1", None, True, 2**63, []])
def test_a_last_seq_that_is_no_number_is_refused(
    server: Server, elena: Customer, alice: User, after: Any
) -> None:
    conversation = make_conversation(elena, "Hello")
    with console(server, alice) as line:
        error = line.ask(type="open", conversation=str(conversation.id), after=after)
        assert (error["type"], error["code"]) == ("error", "malformed")
        assert line.heal() == []


def test_a_binary_frame_is_refused_and_the_socket_lives(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with server.widget(desk.slug) as line:
        known(line, elena)
        line.connection.send(b"\x00\xff")
        assert line.next()["code"] == "malformed"
        assert line.heal() == []


def test_whoever_has_not_said_hello_can_say_nothing(
    server: Server, desk: Tenant
) -> None:
    with server.widget(desk.slug) as line:
        error = line.ask(type="send", text="Hi", client_id=str(uuid4()))
        assert error["code"] == "hello_first"
        assert line.ask(type="ping") == {"type": "pong"}
    with tenant_scope(desk.id):
        assert not Customer.objects.exists()


def test_an_error_names_the_message_it_is_about(
    server: Server, desk: Tenant, elena: Customer
) -> None:
    with server.widget(desk.slug) as line:
        known(line, elena)
        client_id = str(uuid4())
        error = line.ask(type="send", text=" ", client_id=client_id)
        assert (error["code"], error["client_id"]) == ("empty", client_id)


def test_a_handed_over_reply_tells_the_widget_who_answers(
    server: Server, desk: Tenant, elena: Customer, words: list[str]
) -> None:
    words[:] = ["A colleague comes.", "HAND OVER"]
    with server.widget(desk.slug) as line:
        known(line, elena)
        line.say("A human, please")
        states = [frame["state"] for frame in line.rest()]
    assert states[-1]["owner"] == "agent"


@pytest.mark.parametrize(("seq", "reads"), [(4, 0), (5, 0), (6, 1)])
async def test_the_log_is_read_again_only_for_what_was_not_sent_yet(
    seq: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    async def catch_up(self: socket.Socket) -> None:
        read.append(seq)

    monkeypatch.setattr(socket.Socket, "catch_up", catch_up)
    line = socket.Socket()
    line.seen = 5
    await line.conversation_changed({"type": "conversation.changed", "seq": seq})
    assert len(read) == reads
