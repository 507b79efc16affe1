"""The demo's stories hold together and tell what they are meant to tell."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest

from chat.demo.shop import orders
from chat.demo.stories import STORIES_DIR, ConversationStory, TenantStory, load_stories

NOW = datetime(2026, 3, 4, 0, 10, tzinfo=UTC)

# What each storyline rests on: words that its customer says in that conversation.
STORYLINES = {
    "the old address": ("lf-elena-1", "4 Quay Street"),
    "moved address": ("lf-elena-4", "I've moved to 18 Linden Row"),
    "evening delivery": ("lf-elena-1", "I prefer deliveries after five in the evening"),
    "phone wanted": ("lf-daniel-1", "I prefer a call"),
    "changed to e-mail": ("lf-daniel-2", "please use email, not the phone"),
    "member level": ("lf-elena-3", "I'm on the gold plan"),
    "refund promised by a date": ("lf-rosa-2", "7 March"),
    "three orders": ("lf-sofia-2", "LF-20412"),
    "exchange": ("lf-priya-2", "An exchange is great"),
    "angry": ("lf-kwame-2", "What do you people do"),
    "not to be called": ("lf-kwame-2", "Stop calling me"),
    "shy": ("lf-alice-1", "sorry to bother you"),
    "two near-identical products": ("lf-khoa-1", "can't tell which is which"),
    "warranty case": ("lf-jakub-2", "claim the warranty"),
    "changed e-mail": ("lf-hanna-2", "my new email is"),
    "birthday gift": ("lf-yuki-2", "birthday gift for my sister"),
    "business with VAT invoice": ("lf-tom-1", "our VAT number is"),
    "cold start": ("hb-visitor-now", "do you repair bikes"),
    "moved shop": ("hb-fatou-2", "22 Chandler Street"),
}


@pytest.fixture(scope="module")
def tenants() -> tuple[TenantStory, ...]:
    return load_stories(NOW)


@pytest.fixture(scope="module")
def conversations(tenants: tuple[TenantStory, ...]) -> dict[str, ConversationStory]:
    every = chain.from_iterable(tenant.conversations for tenant in tenants)
    return {story.id: story for story in every}


def customer_words(story: ConversationStory) -> str:
    return "\n".join(m.text for m in story.messages if m.author == "customer")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORIES_DIR, tmp_path / "stories"))


def spoil(directory: Path, old: str, new: str) -> None:
    path = directory / "linden-fox" / "elena-marsh.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_two_desks_with_twenty_customers_and_every_role(
    tenants: tuple[TenantStory, ...],
) -> None:
    assert [(t.slug, t.plan) for t in tenants] == [
        ("harbour-bikes", "free"),
        ("linden-fox", "paid"),
    ]
    assert sum(len(tenant.customers) for tenant in tenants) >= 20
    for tenant in tenants:
        assert {member.role for member in tenant.staff} == {
            "agent",
            "admin",
            "compliance",
        }


def test_every_conversation_belongs_to_a_customer_of_its_desk(
    tenants: tuple[TenantStory, ...],
) -> None:
    for tenant in tenants:
        known = {customer.id for customer in tenant.customers}
        assert {story.customer_id for story in tenant.conversations} <= known


def test_ids_are_unique_over_both_desks(tenants: tuple[TenantStory, ...]) -> None:
    stories = [story for tenant in tenants for story in tenant.conversations]
    ids = [story.id for story in stories]
    ids += [message.id for story in stories for message in story.messages]
    ids += [customer.id for tenant in tenants for customer in tenant.customers]
    assert len(ids) == len(set(ids))
    emails = [member.email for tenant in tenants for member in tenant.staff]
    assert len(emails) == len(set(emails))


@pytest.mark.parametrize("storyline", STORYLINES)
def test_the_storyline_is_said_by_the_customer(
    storyline: str, conversations: dict[str, ConversationStory]
) -> None:
    story_id, words = STORYLINES[storyline]
    assert words in customer_words(conversations[story_id])


def test_the_move_is_told_after_the_old_address(
    conversations: dict[str, ConversationStory],
) -> None:
    old, new = conversations["lf-elena-1"], conversations["lf-elena-4"]
    assert old.messages[-1].sent_at < new.messages[0].sent_at


def test_months_of_history_end_shortly_before_now(
    conversations: dict[str, ConversationStory],
) -> None:
    times = [m.sent_at for story in conversations.values() for m in story.messages]
    assert min(times) < NOW - timedelta(days=180)
    assert NOW - timedelta(minutes=5) < max(times) <= NOW


def test_finished_conversations_are_whole_and_customers_have_one_open_at_most(
    tenants: tuple[TenantStory, ...],
) -> None:
    for tenant in tenants:
        waiting = [s.customer_id for s in tenant.conversations if s.status == "open"]
        assert len(waiting) == len(set(waiting)) >= 5
        closed = [s for s in tenant.conversations if s.status == "closed"]
        assert all(6 <= len(story.messages) <= 20 for story in closed)


def test_one_customer_has_nothing_known_yet(tenants: tuple[TenantStory, ...]) -> None:
    for tenant in tenants:
        silent = {customer.id for customer in tenant.customers} - {
            s.customer_id for s in tenant.conversations if s.status == "closed"
        }
        assert silent


def test_every_order_that_is_named_exists_and_is_the_customers_own(
    tenants: tuple[TenantStory, ...],
) -> None:
    for tenant in tenants:
        for story in tenant.conversations:
            text = "\n".join(message.text for message in story.messages)
            for number in re.findall(r"\b(?:LF|HB)-\d+\b", text):
                assert orders()[tenant.slug, number].customer == story.customer_id


def test_every_order_belongs_to_a_customer(tenants: tuple[TenantStory, ...]) -> None:
    known = {(t.slug, customer.id) for t in tenants for customer in t.customers}
    assert {(slug, order.customer) for (slug, _), order in orders().items()} <= known


def test_addresses_and_telephone_numbers_are_reserved_ones() -> None:
    files = [*STORIES_DIR.glob("*/*.json"), STORIES_DIR.parent / "orders.json"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    domains = set(re.findall(r"@([\w.-]+\w)", text)) - {"Sam"}
    assert domains == {"example.com", "example.org", "example.net"}
    assert not re.search(r"https?://|www\.", text)
    for phone in re.findall(r"\+\d[\d ]{6,}", text):
        assert re.fullmatch(r"\+44 7700 900\d{3}", phone.strip())


def test_days_in_the_text_follow_the_day_of_loading(
    conversations: dict[str, ConversationStory],
) -> None:
    texts = [m.text for story in conversations.values() for m in story.messages]
    assert not any("{" in text for text in texts)
    assert "by Saturday, 7 March" in conversations["lf-rosa-2"].messages[4].text
    assert "since December" in conversations["lf-elena-4"].messages[2].text


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            '"author": "assistant"',
            '"author": "robot"',
            "elena-marsh.json: lf-elena-1-m2: unknown author 'robot'",
        ),
        (
            '"author_name": "Jonas Weber"',
            '"author_name": "Nobody"',
            "elena-marsh.json: lf-elena-1-m6: unknown agent 'Nobody'",
        ),
        (
            '"customer": {"id": "elena-marsh"',
            '"customer": {"id": ""',
            "elena-marsh.json: the customer is missing",
        ),
        (
            '"owner": "jonas@example.com"',
            '"owner": "ghost@example.com"',
            "elena-marsh.json: lf-elena-1: unknown owner 'ghost@example.com'",
        ),
        (
            '"days_ago": 252',
            '"days_ago": 1',
            "elena-marsh.json: lf-elena-1-m11: sent in the future",
        ),
        (
            '"minutes": 3.5',
            '"minutes": 0.2',
            "elena-marsh.json: lf-elena-1: messages are not in the order of their",
        ),
        (
            '"days_ago": 252, "at"',
            '"weeks_ago": 36, "at"',
            "elena-marsh.json: lf-elena-1: started needs minutes_ago, or days_ago",
        ),
        ('"id": "lf-elena-2"', '"id": "lf-elena-1"', "linden-fox: conversation"),
        ('"id": "elena-marsh"', '"id": "tom-becker"', "linden-fox: customer"),
    ],
)
def test_a_story_that_does_not_hold_together_names_file_and_id(
    copy: Path, old: str, new: str, problem: str
) -> None:
    spoil(copy, old, new)
    with pytest.raises(ValueError, match=re.escape(problem)):
        load_stories(NOW, directory=copy)


def test_an_empty_conversation_is_refused(copy: Path) -> None:
    path = copy / "linden-fox" / "elena-marsh.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["conversations"][0]["messages"] = []
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="lf-elena-1: no messages"):
        load_stories(NOW, directory=copy)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        load_stories(NOW.replace(tzinfo=None))
