"""The main job from end to end, in real browsers, before a stranger's eyes."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope
from chat.identity import sign_customer
from chat.models import Conversation
from tests.browser.conftest import OpenPage
from tests.browser.people import PASSWORD, Staff, Visitor
from tests.conftest import as_superuser, make_conversation
from tests.stack import eventually, look_up

pytestmark = pytest.mark.browser

NAME = "Elena Zephyrine"
EMAIL = "elena@zephyrine.example"
MOVED = f"Hi, I have moved to 18 Linden Row, Ghent. My email is {EMAIL}."
NOTE = "She sounds hurried, keep it short."
# Words that only she brought in: after her erasure nothing may hold any of them.
SENTINELS = ("zephyrine", "linden row", "hurried")


# The socket says hello a second late.
SLOW_GREETING = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  setTimeout(() => send.call(this, text), text.includes('"hello"') ? 1000 : 0);
};
"""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, made before the browsers start."""

    desk: Tenant
    other_desk: Tenant
    elena: str
    viktor: str


@pytest.fixture
def staff(alice: User, ada: User, carla: User, charlie: User) -> list[User]:
    """One of each role, and the stranger."""
    return [alice, ada, carla, charlie]


@pytest.fixture
def cast(desk: Tenant, other_desk: Tenant, staff: list[User]) -> Cast:
    """Staff with passwords, and customers whom their shops vouch for."""
    with identity_scope():
        for user in staff:
            user.set_password(PASSWORD)
            user.save()
    return Cast(
        desk,
        other_desk,
        elena=sign_customer(desk, "elena-7", NAME, email=EMAIL),
        viktor=sign_customer(other_desk, "viktor-1", "Viktor"),
    )


def test_a_customer_is_answered_remembered_and_forgotten_and_no_stranger_notices(
    cast: Cast, open_page: OpenPage
) -> None:
    charlie = Staff(open_page(), "charlie@harbour.example")
    alice = Staff(open_page(), "alice@linden.example")
    elena = Visitor(open_page(), "linden", cast.elena)

    first = she_moved_and_is_answered(elena, alice)
    an_agent_takes_over(elena, alice, first)
    it_goes_into_memory(elena, alice, first)
    elena.leave()

    elena = Visitor(open_page(), "linden", cast.elena)
    second = she_comes_back_and_is_remembered(elena, alice)
    assert second != first
    customer = customer_of(first)
    the_stranger_finds_nothing(charlie, customer, (first, second))

    an_admin_mends_her_memory(Staff(open_page(), "ada@linden.example"), customer)
    elena.leave()
    what_waits_for_the_line_comes_last(open_page(), cast.elena)
    compliance_exports_and_erases(Staff(open_page(), "carla@linden.example"), customer)
    nothing_of_her_is_left(customer)
    only_his_own_news_reached(charlie, Visitor(open_page(), "harbour", cast.viktor))


# --- The story, chapter by chapter ---------------------------------------------------


def she_moved_and_is_answered(elena: Visitor, alice: Staff) -> UUID:
    """Elena writes; the reply streams to her, and Alice gets news of it."""
    elena.say(MOVED)
    expect(elena.replies()).to_have_count(1)
    conversation, reply, text = newest_reply()
    assert grew_and_ended_whole(elena.steps_of(reply), text)

    alice.open_new_conversation(NAME)
    alice.sees("18 Linden Row")
    return conversation


def an_agent_takes_over(elena: Visitor, alice: Staff, conversation: UUID) -> None:
    """Alice watches live, takes over, writes a note and replies."""
    elena.say("Do you also deliver on Saturdays?")
    alice.sees("deliver on Saturdays")
    expect(elena.replies()).to_have_count(2)
    _, reply, text = newest_reply()
    expect(alice.thread.locator(f'[data-message="{reply}"] [data-text]')).to_have_text(
        text
    )
    assert grew_and_ended_whole(alice.steps_of(reply), text)

    alice.press("Take over")
    expect(alice.page.get_by_text("You are answering.")).to_be_visible()
    expect(elena.page.locator("#who")).to_have_text("You are talking to Alice")
    elena.say("Is there a person, too?")
    alice.sees("Is there a person, too?")
    alice.writes(NOTE, note=True)
    alice.writes("Yes, I am here. We deliver on Saturdays until noon.")
    elena.hears("We deliver on Saturdays until noon.")
    elena.say("Thank you, that is all.")
    alice.sees("that is all")
    assert authors(conversation) == [
        "customer",
        "assistant",
        "customer",
        "assistant",
        "customer",
        "agent, note",
        "agent",
        "customer",
    ]


def it_goes_into_memory(elena: Visitor, alice: Staff, conversation: UUID) -> None:
    """Alice resolves; the worker makes facts and an episode; her panel shows them."""
    alice.press("Resolve")
    expect(elena.page.get_by_text("This conversation is closed.")).to_be_visible()
    facts = alice.looks_at("Facts")
    expect(facts.locator(".fact", has_text="18 Linden Row")).to_be_visible()
    expect(facts.locator(".fact", has_text=EMAIL)).to_be_visible()
    episodes = look_up(
        "select count(*) from memory_summary"
        " where kind = 'episode' and conversation_id = %s",
        conversation,
    )
    assert episodes == [(1,)]
    assert authors(conversation)[-1] == "customer", "the assistant kept quiet"
    expect(elena.page.get_by_text(NOTE)).to_have_count(0)
    assert NOTE not in json.dumps(elena.frames)


def she_comes_back_and_is_remembered(elena: Visitor, alice: Staff) -> UUID:
    """In a new conversation Elena is told her address, and Alice sees why."""
    expect(elena.log.locator(".msg")).to_have_count(0)
    elena.say("Which address do you have for me?")
    expect(elena.replies()).to_have_count(1)
    expect(elena.replies()).to_contain_text("18 Linden Row")
    conversation, _, _ = newest_reply()

    alice.open_new_conversation(NAME)
    recalled = alice.looks_at("Recalled")
    expect(recalled.locator(".recalled", has_text="18 Linden Row")).to_be_visible()
    expect(recalled.locator(".recall .why").first).not_to_be_empty()
    bar = recalled.get_by_role("img", name="of 16,000 tokens")
    expect(bar).to_be_visible()
    expect(bar).to_have_accessible_name(re.compile(r"Facts [1-9]\d*, "))
    return conversation


def an_admin_mends_her_memory(ada: Staff, customer: UUID) -> None:
    """Ada sees all four tiers, corrects a fact and erases an item."""
    ada.go_to("Customers")
    ada.page.get_by_role("link", name=NAME).click()
    for tier in ("working", "facts", "episodes", "vector"):
        expect(ada.page.locator(f".kpi.{tier} .big")).to_have_text(
            re.compile(r"[1-9]\d*")
        )
    for title in ("Working memory", "Facts", "Summaries", "Vector index"):
        expect(ada.page.get_by_role("heading", name=title, exact=True)).to_be_visible()

    ada.page.get_by_role("link", name="Correct street_address").click()
    ada.page.get_by_label("Right value").fill("80 Linden Row")
    ada.page.get_by_role("button", name="Correct", exact=True).click()
    expect(ada.page.get_by_text("Corrected.")).to_be_visible()
    assert look_up(
        "select value, valid_to is null from memory_fact"
        " where customer_id = %s and key = 'street_address' order by valid_from, id",
        customer,
    ) == [("18 Linden Row", False), ("80 Linden Row", True)]

    # The worker indexes the correction; the count is steady after that.
    corrected = (
        "select count(*) from memory_embedding"
        " where customer_id = %s and text like '%%80 Linden Row%%'"
    )
    eventually(lambda: look_up(corrected, customer) == [(1,)])
    entries = "select count(*) from memory_embedding where customer_id = %s"
    [(before,)] = look_up(entries, customer)
    ada.page.locator("#index").get_by_role("link", name="Erase").first.click()
    ada.proves_it_is_her()
    ada.page.locator("#index").get_by_role("link", name="Erase").first.click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("not what she meant")
    dialog.get_by_role("button", name="Erase entry").click()
    expect(ada.page.get_by_text("Erased from the index.")).to_be_visible()
    assert look_up(entries, customer) == [(before - 1,)]


def what_waits_for_the_line_comes_last(page: Page, token: str) -> None:
    """Elena writes before the server has shown her what was said already."""
    page.add_init_script(SLOW_GREETING)
    page.goto(f"/widget/linden/#token={token}")
    page.get_by_label("Message", exact=True).fill("One more thing.")
    page.keyboard.press("Enter")
    expect(page.locator("#signed-in")).to_be_visible()
    hers = page.locator("#messages .msg.ours")
    expect(hers.last).to_contain_text("One more thing.")
    expect(hers.first).not_to_contain_text("One more thing.")
    page.context.close()


def compliance_exports_and_erases(carla: Staff, customer: UUID) -> None:
    """Carla downloads all that is kept about Elena, then has it erased."""
    carla.go_to("Privacy")
    carla.page.get_by_label("Find a customer").fill("zephyrine")
    carla.page.get_by_role("link", name=NAME).click()
    carla.page.get_by_role("radio", name="Erasure").check()
    carla.page.get_by_label("Reason").fill("asked by email, ticket 118")
    carla.press("Open the request")
    carla.page.get_by_role("link", name="Export").click()
    carla.proves_it_is_her()
    with carla.page.expect_download() as download:
        carla.press("Export")
    is_a_whole_export(download.value.path().read_bytes(), customer)

    carla.page.get_by_role("link", name="The request").click()
    carla.page.get_by_role("link", name="Erase", exact=True).click()
    carla.page.get_by_label("Reason").fill("asked by email, ticket 118")
    carla.page.get_by_label("Type the customer's name").fill("Elena")
    carla.press("Erase for good")
    expect(carla.page.get_by_role("alert")).to_be_visible()
    assert look_up("select 1 from accounts_customer where id = %s", customer)
    carla.page.get_by_label("Type the customer's name").fill(NAME)
    carla.press("Erase for good")
    expect(carla.page.get_by_role("heading", name="Erased", exact=True)).to_be_visible()
    expect(carla.page.get_by_text("Nothing left")).to_be_visible()
    expect(carla.page.get_by_text("0 rows and keys found")).to_be_visible()
    assert look_up(
        "select remaining from memory_erasurereceipt where customer_ref = %s", customer
    ) == [(0,)]


def is_a_whole_export(archive: bytes, customer: UUID) -> None:
    """Check what compliance hands out: readable, complete, and as its manifest says."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        page = files.read("README.html").decode()
        manifest = json.loads(files.read("manifest.json"))
        told = {file["name"]: file["sha256"] for file in manifest["files"]}
        assert set(told) == set(files.namelist()) - {"manifest.json"}
        for name, digest in told.items():
            assert hashlib.sha256(files.read(name)).hexdigest() == digest
        messages = json.loads(files.read("data/chat_message.json"))
    assert manifest["customer"] == str(customer)
    assert MOVED in [message["text"] for message in messages]
    assert "80 Linden Row" in page
    assert EMAIL in page


# --- The stranger --------------------------------------------------------------------


def the_stranger_finds_nothing(
    charlie: Staff, customer: UUID, conversations: tuple[UUID, ...]
) -> None:
    """Charlie's desk has nobody; Elena's addresses do not exist for him."""
    charlie.go_to("Customers")
    expect(charlie.page.get_by_text("No customers yet")).to_be_visible()
    charlie.go_to("Inbox")
    expect(charlie.page.get_by_text("Nothing is waiting here.")).to_be_visible()
    paths = [f"/customers/{customer}/"]
    for conversation in conversations:
        parts = ("", "row/", "head/", "log/?before=99", "memory/")
        paths += [f"/inbox/{conversation}/{part}" for part in parts]
    for path in paths:
        assert charlie.page.context.request.get(path).status == 404, path
    for conversation in conversations:
        answer = charlie.page.evaluate(OPEN_BY_SOCKET, str(conversation))
        assert json.loads(answer)["code"] == "not_found"


OPEN_BY_SOCKET = """
conversation => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/ws/console/`);
  socket.onmessage = (event) => { socket.close(); resolve(event.data); };
  socket.onopen = () => socket.send(JSON.stringify({ type: "open", conversation }));
})
"""


def only_his_own_news_reached(charlie: Staff, viktor: Visitor) -> None:
    """What happens at his own desk reaches Charlie, so his socket was listening."""
    news = [frame for frame in charlie.frames if frame["type"] != "pong"]
    assert [frame["type"] for frame in news] == ["error", "error"]
    viktor.say("Good morning!")
    charlie.open_new_conversation("Viktor")
    charlie.sees("Good morning!")
    [(his,)] = look_up(
        "select c.id from chat_conversation c join accounts_tenant t"
        " on t.id = c.tenant_id where t.slug = 'harbour'"
    )
    about = {frame.get("conversation") for frame in charlie.frames[len(news) :]}
    assert about - {None} == {str(his)}


# --- What the database and Redis hold ------------------------------------------------


def newest_reply() -> tuple[UUID, UUID, str]:
    """Return conversation, id and text of the assistant's last reply, once stored."""

    def look() -> list[tuple[UUID, UUID, str, str]]:
        rows = look_up(
            "select conversation_id, id, text, status from chat_message"
            " where author = 'assistant' order by id desc limit 1"
        )
        return [row for row in rows if row[3] == "complete"]

    [(conversation, reply, text, _)] = eventually(look)
    return conversation, reply, text


def grew_and_ended_whole(steps: list[str], text: str) -> bool:
    """Answer whether a text was shown in several growing parts, and all of it."""
    growing = all(b.startswith(a.rstrip()) for a, b in pairwise(steps))
    return len(steps) > 2 and growing and steps[-1] == text


def authors(conversation: UUID) -> list[str]:
    """Return who wrote, message by message."""
    return [
        f"{author}, note" if is_note else author
        for author, is_note in look_up(
            "select author, is_note from chat_message"
            " where conversation_id = %s order by seq",
            conversation,
        )
    ]


def customer_of(conversation: UUID) -> UUID:
    """Return whose conversation it is."""
    [(customer,)] = look_up(
        "select customer_id from chat_conversation where id = %s", conversation
    )
    assert isinstance(customer, UUID)
    return customer


def nothing_of_her_is_left(customer: UUID) -> None:
    """Search every column of every table and every key and value in Redis."""
    with as_superuser() as admin:
        tables = admin.execute(
            "select quote_ident(tablename) from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            for word in SENTINELS:
                found = admin.execute(
                    f"select count(*) from {table} as r where r::text ilike %s",
                    [f"%{word}%"],
                ).fetchone()
                assert found == (0,), (table, word)
    kept = b"\n".join(redis_contents()).lower()
    assert customer.hex.encode() not in kept
    assert str(customer).encode() not in kept
    for word in SENTINELS:
        assert word.encode() not in kept


def redis_contents() -> list[bytes]:
    """Return every key of Redis and all that is under it."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    read: dict[Any, Callable[[Any], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    found = []
    for key in client.scan_iter():
        value = read[client.type(key)](key)
        found += [key, value if isinstance(value, bytes) else repr(value).encode()]
    client.close()
    return found


# --- On a phone ----------------------------------------------------------------------


@pytest.fixture
def written(elena: Customer) -> Conversation:
    """A conversation with a word that is wider than a phone."""
    return make_conversation(elena, f"A long word: {'wide' * 40}.")


@pytest.mark.parametrize("stack", [("web",)], indirect=True, ids=["web alone"])
def test_on_a_phone_in_the_dark_one_pane_shows_at_a_time_and_nothing_is_cut_off(
    cast: Cast, written: Conversation, open_page: OpenPage
) -> None:
    phone = {"width": 390, "height": 844}
    page = open_page(viewport=phone, color_scheme="dark", has_touch=True)
    alice = Staff(page, "alice@linden.example")
    inbox = page.get_by_role("heading", name="Inbox")
    memory = alice.panel.get_by_role("heading", name="Elena")
    message = alice.thread.get_by_text("A long word")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert brightness(page) < 64

    expect(inbox).to_be_visible()
    fits(page)
    page.locator("a.conv", has_text="Elena").tap()
    expect(message).to_be_visible()
    expect(inbox).to_be_hidden()
    expect(memory).to_be_hidden()
    fits(page)
    page.get_by_role("button", name="Memory", exact=True).tap()
    expect(memory).to_be_visible()
    assert covers_the_screen(alice)
    fits(page)
    page.get_by_role("button", name="Close memory").tap()
    expect(memory).to_be_hidden()
    page.get_by_role("button", name="Back to list").tap()
    expect(inbox).to_be_visible()

    alice.go_to("Customers")
    page.get_by_role("link", name="Elena").tap()
    expect(page.get_by_role("heading", name="Working memory")).to_be_visible()
    fits(page)


def fits(page: Page) -> None:
    """Check that nothing can be scrolled sideways."""
    width = page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    )
    assert width <= 390


def covers_the_screen(alice: Staff) -> bool:
    """Answer whether the memory panel is all that shows."""
    box = alice.panel.bounding_box()
    return box == {"x": 0, "y": 0, "width": 390, "height": 844}


def brightness(page: Page) -> float:
    """Return how bright the page's ground is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return max(parts)
