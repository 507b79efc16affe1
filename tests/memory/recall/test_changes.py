"""Questions about what held before, and the changes that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from accounts.scope import customer_scope
from memory.extraction.keys.catalogue import CATALOGUE
from memory.models import Fact
from memory.recall.changes import KEYS, asks_before, periods_of_changes
from tests.conftest import make_customer
from tests.memory.remembered import tell

JAN, MAR, JUL, NOV = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 7, 11))

BEFORE = [
    "Where did I live before I moved?",
    "Which plan was I on before the upgrade?",
    "What was my number until I changed it?",
    "What was my old address?",
    "What is my previous phone number?",
    "my former employer",
    "What was my earlier e-mail address?",
    "Where did I live previously?",
    "What was I formerly called?",
    "Where I used to live",
    "What did my plan use to be?",
    "Which address used to be mine?",
    "when I still lived in Leeds",
    "while we were still on the Basic plan",
    "Which plan was I on before?",
    "Where did I live before that?",
    "What was my address in the past?",
    "Where did I work back then?",
    "What was my original plan?",
    "the card I had before that one",
    "my old e-mail",
    "my prior address",
    "What was my maiden name before the wedding?",
    "Did I have another bank prior to switching?",
]

NOT_BEFORE = [
    "Where do I live?",
    "What is my address now?",
    "Have I asked this before?",
    "Did I order this before?",
    "I ordered it before.",
    "I've reported that before!",
    "I previously ordered a lamp, where is it?",
    "I am used to quick answers",
    "I got used to it",
    "This card was used to pay for the order",
    "Which card was used?",
    "the previous agent said so",
    "my old order",
    "Is my new address right?",
    "Can it come before Friday?",
    "call me before you deliver",
    "Please call back",
    "Is it still in stock?",
    "Once more, please",
    "How old is my account?",
    "When did I move?",
    "after I changed my number",
    "Where is my parcel?",
    "until when can I return it?",
    "Does it work until the new firmware is there?",
    "Ask me before moving forward",
    "Which card did I use to pay for it?",
    "the card that I used to pay with",
]


@pytest.mark.parametrize("text", BEFORE)
def test_a_question_for_what_held_before_is_known_by_its_words(text: str) -> None:
    assert asks_before(text)


@pytest.mark.parametrize("text", NOT_BEFORE)
def test_a_question_for_what_holds_now_or_was_done_is_not_one(text: str) -> None:
    assert not asks_before(text)


# --- Known changes --------------------------------------------------------------------


@pytest.fixture
def moved(elena: Customer) -> Customer:
    """She lived in Ghent, in Leeds from March, and in Berlin from July on."""
    tell(elena, "city", "Ghent", said_at=JAN)
    tell(elena, "city", "Leeds", said_at=MAR)
    tell(elena, "city", "Berlin", said_at=JUL)
    return elena


def changes(
    customer: Customer, text: str, asked_at: datetime = NOV
) -> list[tuple[datetime | None, datetime | None]]:
    with customer_scope(customer.tenant_id, customer.id):
        found = periods_of_changes(text, customer_id=customer.id, asked_at=asked_at)
    return [(each.start, each.end) for each in found]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Which plan did I have before I moved?", None, JUL),
        ("What did I order until I moved to Berlin?", None, JUL),
        ("What did I order before I moved to Leeds?", None, MAR),
        ("What did I say before I left Leeds?", None, JUL),
        ("What did I complain about before I changed my address?", None, JUL),
        ("What have I ordered since I moved?", JUL, None),
        ("Did I call after moving to Leeds?", MAR, None),
        ("What did I order when I still lived in Leeds?", MAR, JUL),
        ("What did I order while I lived in Ghent?", JAN, MAR),
    ],
)
def test_a_known_change_gives_the_time_before_or_after_it(
    moved: Customer, text: str, start: datetime | None, end: datetime | None
) -> None:
    assert changes(moved, text) == [(start, end)]


@pytest.mark.parametrize(
    ("key", "old", "new", "text"),
    [
        ("email", "a@example.org", "b@example.org", "before I changed my e-mail"),
        ("phone", "+32 9 123 45 67", "+32 9 765 43 21", "before I got my new number"),
        ("plan", "Basic", "Premium", "before the upgrade"),
        ("customer_name", "Elena Roth", "Elena Sand", "before I got married"),
        ("payment_method", "Visa", "PayPal", "before I switched my card"),
        ("employer", "Acme", "Globex", "before I changed jobs"),
        ("delivery_address", "1 Elm St", "2 Oak St", "before I moved my deliveries"),
    ],
)
def test_each_kind_of_change_is_looked_up_under_its_own_key(
    elena: Customer, key: str, old: str, new: str, text: str
) -> None:
    tell(elena, key, old, said_at=JAN, single=True)
    tell(elena, key, new, said_at=MAR, single=True)
    tell(elena, "city", "Ghent", said_at=JAN)
    tell(elena, "city", "Leeds", said_at=JUL)
    assert changes(elena, f"What did I say {text}?") == [(None, MAR)]


def test_what_changed_later_was_not_known_when_it_was_asked(moved: Customer) -> None:
    in_may = datetime(2026, 5, 1, tzinfo=UTC)
    assert changes(moved, "Where did I live before I moved?", in_may) == [(None, MAR)]


def test_a_change_that_nobody_told_has_no_moment(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    assert changes(elena, "Which plan did I have before I moved?") == []
    assert changes(elena, "when I still lived in Paris") == []


def test_what_was_only_corrected_never_held(elena: Customer) -> None:
    fact = tell(elena, "city", "Ghent", said_at=JAN).fact
    assert fact is not None
    with customer_scope(elena.tenant_id, elena.id):
        Fact.objects.filter(pk=fact.pk).update(valid_to=JAN)
    assert changes(elena, "before I moved") == []


def test_the_change_of_another_customer_is_not_hers(
    moved: Customer, viktor: Customer
) -> None:
    colleague = make_customer(moved.tenant, "Nora")
    assert changes(viktor, "before I moved") == []
    assert changes(colleague, "before I moved") == []


@contextmanager
def no_query() -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    assert len(captured) == 0


def test_only_a_question_that_names_a_change_costs_a_query(moved: Customer) -> None:
    with customer_scope(moved.tenant_id, moved.id):
        for text in ("Where is my parcel?", "my old address", "before Friday"):
            with no_query():
                periods_of_changes(text, customer_id=moved.id, asked_at=NOV)
        with CaptureQueriesContext(connection) as captured:
            periods_of_changes("before I moved", customer_id=moved.id, asked_at=NOV)
        assert len(captured) == 1


def test_every_key_of_a_change_takes_one_value_at_a_time() -> None:
    assert all(CATALOGUE[key].single for key in KEYS)
