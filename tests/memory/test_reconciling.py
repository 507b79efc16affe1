"""Contradictions: the same statements end the same, and what falls away is undone."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import customer_scope, tenant_scope
from memory import facts, forgetting, review
from memory.facts.reconciling import Says, Statement, names, timeline
from memory.models import Evidence, Fact, ReviewItem
from tests.clients import signed_in
from tests.memory.remembered import embedded_texts, remember, tell

pytestmark = pytest.mark.usefixtures("rows")

JAN, FEB, MAR, APR, MAY = (
    datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 6)
)
Span = tuple[str, int, int | None]


def history(customer: Customer, key: str = "city") -> list[Span]:
    """(value, month it begins, month it ends) of what held, in the order of time."""
    with customer_scope(customer.tenant_id, customer.id):
        rows = Fact.objects.filter(key=key).order_by("valid_from", "id")
        return [
            (it.value, it.valid_from.month, it.valid_to.month if it.valid_to else None)
            for it in rows
            if it.valid_to is None or it.valid_to > it.valid_from
        ]


def cards(customer: Customer) -> list[ReviewItem]:
    with tenant_scope(customer.tenant_id):
        return list(ReviewItem.objects.filter(kind__in=("conflict", "unsure")))


def withdraw(customer: Customer, *message_ids: UUID) -> None:
    with customer_scope(customer.tenant_id, customer.id):
        facts.withdraw(customer_id=customer.id, message_ids=message_ids)


def reread(fact: Fact | None) -> Fact:
    assert fact is not None
    with tenant_scope(fact.tenant_id):
        found: Fact = Fact.objects.get(pk=fact.pk)
        return found


# --- The rules alone ------------------------------------------------------------------


def statement(value: str, day: int, says: Says = "holds", talk: int = 0) -> Statement:
    return Statement(
        id=UUID(int=day * 1000 + talk),
        fact_id=uuid4(),
        means=value,
        value=value,
        says=says,
        at=JAN + timedelta(days=day),
        source="customer",
        conversation_id=UUID(int=talk + 1),
        message_id=UUID(int=day * 1000 + talk),
    )


def spans(said: list[Statement], *, single: bool) -> list[tuple[str, datetime, Any]]:
    return [
        (run.means, run.since, run.until)
        for run in timeline(said, single=single)
        if run.held
    ]


@pytest.mark.parametrize("single", [True, False])
def test_the_order_of_statements_makes_no_difference(single: bool) -> None:
    dice = random.Random(4)
    for _ in range(300):
        says: list[Says] = ["holds", "holds", "changed", "meant", "ended", "gone"]
        said = [
            statement(dice.choice("abc"), day, dice.choice(says), dice.randrange(2))
            for day in range(dice.randrange(2, 9))
        ]
        as_told = spans(said, single=single)
        for _ in range(5):
            dice.shuffle(said)
            assert spans(said, single=single) == as_told
        current = [run for run in as_told if run[2] is None]
        assert len(current) <= (1 if single else 3)


def test_one_value_at_a_time_leaves_no_two_at_once() -> None:
    dice = random.Random(5)
    for _ in range(300):
        said = [statement(dice.choice("abc"), day) for day in range(8)]
        runs = [run for run in timeline(said, single=True) if run.held]
        for run, after in pairwise(runs):
            assert run.until == after.since
            assert run.by is after


@pytest.mark.parametrize(
    ("words", "value", "means"),
    [
        ("the iPhone", "iPhone 12 mini", True),
        ("my old laptop", "Dell laptop", True),
        ("iPhone", "Samsung phone", False),
        ("Dell laptop", "laptop", False),
        ("elena@old.example", "elena@new.example", False),
        ("ELENA@old.example", "elena@old.example", True),
        ("44110", "44120", False),
    ],
)
def test_words_mean_a_value_that_holds_them_all(
    words: str, value: str, means: bool
) -> None:
    assert names(words, value) is means


# --- In whatever order ----------------------------------------------------------------

TOLD: dict[str, list[tuple[str, str, datetime, dict[str, Any]]]] = {
    "there and back": [
        ("city", "Ghent", JAN, {}),
        ("city", "Berlin", FEB, {}),
        ("city", "Ghent", MAR, {}),
        ("city", "Berlin", APR, {}),
    ],
    "an end between": [
        ("city", "Ghent", JAN, {}),
        ("city", "Ghent", FEB, {"polarity": "end"}),
        ("city", "Berlin", MAR, {}),
        ("city", "Ghent", APR, {}),
    ],
    "whatever it was is gone": [
        ("city", "Ghent", JAN, {}),
        ("city", "Berlin", FEB, {}),
        ("city", "", MAR, {"polarity": "end"}),
    ],
    "an address that moves": [
        ("street_address", "18 Linden Row", JAN, {}),
        ("zip_code", "9000", JAN, {}),
        ("city", "Ghent", JAN, {}),
        ("city", "Berlin", MAR, {"revises": "change"}),
    ],
    "things sold and bought again": [
        ("product", "Dell laptop", JAN, {}),
        ("product", "laptop", FEB, {"polarity": "end"}),
        ("product", "Dell laptop", MAR, {}),
        ("product", "dock", MAR, {}),
    ],
    "liked, hated, liked": [
        ("likes", "tea", JAN, {}),
        ("dislikes", "tea", FEB, {}),
        ("likes", "tea", MAR, {}),
    ],
}


@pytest.mark.parametrize("name", TOLD)
def test_what_was_said_ends_the_same_in_any_order(elena: Customer, name: str) -> None:
    said = [(it, uuid4()) for it in TOLD[name]]
    talk = uuid4()
    seen = []
    orders = list(permutations(said))
    # The rules alone are tried in every order; here a few go through the database.
    for order in (orders[0], orders[-1], *random.Random(name).sample(orders, 4)):
        with customer_scope(elena.tenant_id, elena.id):
            Fact.objects.all().delete()
        for (key, value, at, more), message_id in order:
            tell(
                elena, key, value,
                said_at=at, message_id=message_id, conversation_id=talk, **more,
            )  # fmt: skip
        keys = sorted({key for (key, *_), _ in said})
        seen.append([sorted(history(elena, key), key=str) for key in keys])
    assert all(state == seen[0] for state in seen)


def test_the_same_words_told_again_change_nothing(elena: Customer) -> None:
    first, second = uuid4(), uuid4()
    for _ in range(2):
        tell(elena, "city", "Ghent", said_at=JAN, message_id=first)
        tell(elena, "city", "Berlin", said_at=FEB, message_id=second)
        tell(elena, "city", "Berlin", said_at=MAR, message_id=second, polarity="end")
    assert history(elena) == [("Ghent", 1, 2), ("Berlin", 2, 3)]
    with customer_scope(elena.tenant_id, elena.id):
        assert Evidence.objects.count() == 3


def test_what_was_a_mistake_never_held(elena: Customer) -> None:
    talk = uuid4()
    tell(elena, "city", "Rome", said_at=JAN)
    wrong = tell(elena, "city", "Ghent", said_at=FEB, conversation_id=talk).fact
    right = tell(
        elena, "city", "Bruges",
        said_at=FEB + timedelta(minutes=1), conversation_id=talk, revises="mistake",
    ).fact  # fmt: skip
    assert history(elena) == [("Rome", 1, 2), ("Bruges", 2, None)]
    kept = reread(wrong)
    assert kept.valid_to == kept.valid_from
    assert right is not None
    assert kept.superseded_by_id == right.id


# --- What falls away ------------------------------------------------------------------


def test_what_superseded_falls_away_and_the_one_before_holds_again(
    elena: Customer,
) -> None:
    ghent, paris, berlin = uuid4(), uuid4(), uuid4()
    for city, at, message_id in (
        ("Ghent", JAN, ghent), ("Paris", FEB, paris), ("Berlin", MAR, berlin),
    ):  # fmt: skip
        remember(elena, "city", city, city, said_at=at, message_id=message_id)
    withdraw(elena, berlin)
    assert history(elena) == [("Ghent", 1, 2), ("Paris", 2, None)]
    withdraw(elena, paris)
    assert history(elena) == [("Ghent", 1, None)]
    assert embedded_texts(elena) == {"Ghent"}
    withdraw(elena, ghent)
    assert history(elena) == []


def test_of_two_pieces_of_evidence_one_falls_away(elena: Customer) -> None:
    first, second = uuid4(), uuid4()
    tell(elena, "city", "Ghent", said_at=JAN, message_id=first)
    tell(elena, "city", "Ghent", said_at=FEB, message_id=second)
    tell(elena, "city", "Berlin", said_at=MAR)
    withdraw(elena, first)
    assert history(elena) == [("Ghent", 2, 3), ("Berlin", 3, None)]


def test_an_end_that_falls_away_is_undone(elena: Customer) -> None:
    end = uuid4()
    tell(elena, "product", "Dell laptop", said_at=JAN)
    tell(elena, "product", "laptop", said_at=FEB, polarity="end", message_id=end)
    assert history(elena, "product") == [("Dell laptop", 1, 2)]
    withdraw(elena, end)
    assert history(elena, "product") == [("Dell laptop", 1, None)]


def test_a_move_taken_back_gives_the_address_back(elena: Customer, alice: User) -> None:
    tell(elena, "street_address", "18 Linden Row", said_at=JAN)
    tell(elena, "city", "Ghent", said_at=JAN)
    move = tell(elena, "city", "Berlin", said_at=MAR, revises="change").fact
    assert history(elena, "street_address") == [("18 Linden Row", 1, 3)]
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=reread(move), user=alice)
    assert history(elena) == [("Ghent", 1, None)]
    assert history(elena, "street_address") == [("18 Linden Row", 1, None)]


def test_a_dislike_taken_back_gives_the_like_back(elena: Customer, alice: User) -> None:
    tell(elena, "likes", "tea", said_at=JAN)
    hates = tell(elena, "dislikes", "tea", said_at=FEB).fact
    assert history(elena, "likes") == [("tea", 1, 2)]
    with tenant_scope(elena.tenant_id):
        facts.retract(fact=reread(hates), user=alice)
    assert history(elena, "likes") == [("tea", 1, None)]


def test_what_was_erased_on_purpose_gives_nothing_back_later(
    elena: Customer, alice: User
) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    berlin = tell(elena, "city", "Berlin", said_at=MAR).fact
    with tenant_scope(elena.tenant_id):
        forgetting.forget(fact=reread(berlin), actor=alice.actor)
    tell(elena, "city", "Rome", said_at=MAY)
    assert history(elena) == [("Ghent", 1, 3), ("Rome", 5, None)]


# --- Whose word counts ----------------------------------------------------------------


def put_right(customer: Customer, key: str, value: str, user: User) -> Fact:
    with tenant_scope(customer.tenant_id):
        fact = Fact.objects.get(key=key, valid_to=None)
        return facts.correct(fact=fact, value=value, user=user)


@pytest.mark.parametrize("key", ["city", "product"])
def test_the_old_value_does_not_undo_what_staff_put_right(
    elena: Customer, alice: User, key: str
) -> None:
    tell(elena, key, "Gent", said_at=JAN)
    right = put_right(elena, key, "Ghent", alice)
    told = tell(elena, key, "Gent")
    assert (told.fact, told.outcome) == (None, "unsure")
    assert reread(right).is_current
    (card,) = cards(elena)
    assert (card.kind, card.rival_id, card.value) == ("conflict", right.id, "Gent")
    assert card.reason == "staff put this right before"


@pytest.mark.parametrize(
    ("value", "revises"), [("Bruges", ""), ("Bruges", "change"), ("Gent", "change")]
)
def test_news_from_the_customer_supersede_what_staff_put_right(
    elena: Customer, alice: User, value: str, revises: str
) -> None:
    tell(elena, "city", "Gent", said_at=JAN)
    put_right(elena, "city", "Ghent", alice)
    assert tell(elena, "city", value, revises=revises).outcome in (
        "superseded",
        "added",
    )
    with customer_scope(elena.tenant_id, elena.id):
        assert facts.current_facts().get().value == value
    assert cards(elena) == []


@pytest.mark.parametrize("source", ["customer", "agent"])
def test_a_system_of_record_outranks_everybody(elena: Customer, source: str) -> None:
    record = tell(elena, "city", "Ghent", said_at=FEB, source="system").fact
    told = tell(elena, "city", "Berlin", said_at=MAR, source=source, revises="change")
    assert told.outcome == "unsure"
    assert record is not None
    assert [card.rival_id for card in cards(elena)] == [record.id]
    assert history(elena) == [("Ghent", 2, None)]


def test_a_system_of_record_that_comes_late_still_does(elena: Customer) -> None:
    tell(elena, "city", "Berlin", said_at=MAR)
    tell(elena, "city", "Ghent", said_at=FEB, source="system")
    assert history(elena) == [("Ghent", 2, None)]


def test_a_record_is_corrected_where_it_is_kept(elena: Customer, alice: User) -> None:
    tell(elena, "city", "Ghent", source="system")
    with pytest.raises(ValidationError, match="system of record"):
        put_right(elena, "city", "Berlin", alice)


# --- Doubts ---------------------------------------------------------------------------


def doubtful(customer: Customer, value: str, **more: Any) -> facts.Remembered:
    return tell(customer, "city", value, doubt="said as a question", **more)


def test_a_doubt_changes_nothing_and_waits_with_both_sides(elena: Customer) -> None:
    known = tell(elena, "city", "Ghent", said_at=JAN).fact
    assert doubtful(elena, "Berlin", said="Do I live in Berlin?").outcome == "unsure"
    assert history(elena) == [("Ghent", 1, None)]
    (card,) = cards(elena)
    assert known is not None
    assert (card.kind, card.rival_id, card.value) == ("conflict", known.id, "Berlin")
    assert (card.reason, card.said) == ("said as a question", "Do I live in Berlin?")


def test_one_doubt_is_asked_once_and_not_again_after_it_was_refused(
    elena: Customer, ada: User
) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    doubtful(elena, "Berlin")
    doubtful(elena, " BERLIN ")
    (card,) = cards(elena)
    with tenant_scope(elena.tenant_id):
        review.refuse(item=card, user=ada)
    doubtful(elena, "Berlin")
    assert [item.state for item in cards(elena)] == ["refused"]


def test_nobody_is_asked_about_what_nobody_knows_or_needs(elena: Customer) -> None:
    doubtful(elena, "Berlin")
    tell(elena, "product", "lamp", doubt="not sure")
    assert cards(elena) == []
    tell(elena, "email", "e@example.org", doubt="not sure", importance=0.9)
    assert [card.kind for card in cards(elena)] == ["unsure"]


def test_the_doubts_about_one_customer_do_not_flood_the_queue(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    for number in range(20):
        doubtful(elena, f"City {number}")
    assert len(cards(elena)) == 5


def test_said_plainly_a_doubt_is_answered(elena: Customer) -> None:
    tell(elena, "city", "Ghent", said_at=JAN)
    doubtful(elena, "Berlin")
    assert tell(elena, "city", "Berlin").outcome == "superseded"
    assert cards(elena) == []


def test_what_she_is_not_sure_of_displaces_nothing_in_any_order(
    elena: Customer,
) -> None:
    assert tell(elena, "email", "b@example.org", said_at=FEB, confidence=0.6).fact
    tell(elena, "email", "a@example.org", said_at=JAN)
    assert history(elena, "email") == [("a@example.org", 1, None)]
    told = tell(elena, "email", "c@example.org", said_at=MAR, confidence=0.6)
    assert told.outcome == "unsure"


# --- What people decide ---------------------------------------------------------------


def conflict(customer: Customer, key: str = "city", said: str = "") -> ReviewItem:
    values = ("Ghent", "Berlin") if key == "city" else ("a@x.example", "b@x.example")
    tell(customer, key, values[0], said_at=JAN)
    tell(customer, key, values[1], said_at=FEB, doubt="not sure", said=said)
    (card,) = cards(customer)
    return card


def test_the_new_is_taken(elena: Customer, ada: User) -> None:
    card = conflict(elena)
    with tenant_scope(elena.tenant_id):
        fact = review.accept(item=card, user=ada)
        event = AuditEvent.objects.get(action="review.accept")
    assert fact is not None
    assert fact.source == "approved"
    assert event.detail == {"kind": "conflict", "why": "new"}
    assert history(elena) == [("Ghent", 1, 2), ("Berlin", 2, None)]


def test_the_new_is_taken_also_when_the_known_was_said_again(
    elena: Customer, ada: User
) -> None:
    card = conflict(elena)
    tell(elena, "city", "Ghent", said_at=MAR)
    with tenant_scope(elena.tenant_id):
        card = review.any_items().get(pk=card.pk)
        review.accept(item=card, user=ada)
        assert facts.current_facts().get().value == "Berlin"


def test_an_end_is_taken(elena: Customer, ada: User) -> None:
    tell(elena, "product", "Dell laptop", said_at=JAN)
    tell(elena, "product", "HP laptop", said_at=JAN)
    told = tell(elena, "product", "laptop", said_at=FEB, polarity="end")
    assert told.outcome == "unsure"
    (card,) = cards(elena)
    with tenant_scope(elena.tenant_id):
        assert card.rival is not None
        review.accept(item=card, user=ada)
    held = [it for it in history(elena, "product") if it[2] is None]
    assert [value for value, *_ in held] != [card.rival.value]
    assert len(held) == 1


def test_both_can_be_true_of_some_keys_only(elena: Customer, ada: User) -> None:
    card = conflict(elena, "email")
    with tenant_scope(elena.tenant_id):
        review.accept(item=card, user=ada, both=True)
        assert facts.current_facts().filter(key="email").count() == 2
    # Said again, the second one stays beside the first.
    tell(elena, "email", "b@x.example", said_at=MAR)
    with tenant_scope(elena.tenant_id):
        assert facts.current_facts().filter(key="email").count() == 2


def test_nobody_lives_in_two_cities(elena: Customer, ada: User) -> None:
    card = conflict(elena)
    with tenant_scope(elena.tenant_id), pytest.raises(ValidationError, match="one"):
        review.accept(item=card, user=ada, both=True)
    assert [card.state for card in cards(elena)] == ["waiting"]


@pytest.mark.parametrize(
    ("field", "why"), [({}, "known"), ({"not_hers": "1"}, "not_hers")]
)
def test_the_known_is_kept(
    elena: Customer, ada: User, field: dict[str, str], why: str
) -> None:
    card = conflict(elena)
    signed_in(ada).post(f"/review/{card.id}/refuse/", field)
    with tenant_scope(elena.tenant_id):
        assert AuditEvent.objects.get(action="review.refuse").detail["why"] == why
    assert history(elena) == [("Ghent", 1, None)]


def test_the_page_shows_both_sides_and_what_can_be_done(
    elena: Customer, ada: User
) -> None:
    card = conflict(elena, "email", said="Maybe <i>b@x.example</i>")
    page = signed_in(ada).get(f"/review/{card.id}/").text
    for words in ("a@x.example", "Not sure", "Keep what is known", "Take the new"):
        assert words in page
    assert "Maybe &lt;i&gt;<mark>b@x.example</mark>&lt;/i&gt;" in page
    assert 'name="both"' in page
    assert "a@x.example ≠ b@x.example" in signed_in(ada).get("/review/").text
    signed_in(ada).post(f"/review/{card.id}/accept/", {"both": "1"})
    with tenant_scope(elena.tenant_id):
        assert facts.current_facts().filter(key="email").count() == 2


def test_a_city_offers_no_both(elena: Customer, ada: User) -> None:
    page = signed_in(ada).get(f"/review/{conflict(elena).id}/").text
    assert 'name="both"' not in page


def test_without_what_was_in_between_a_value_holds_throughout(
    elena: Customer, alice: User
) -> None:
    for day, city in enumerate(("Ghent", "Berlin", "Ghent")):
        tell(elena, "city", city, said_at=JAN + timedelta(days=day))
    with tenant_scope(elena.tenant_id):
        berlin = Fact.objects.get(value="Berlin")
        facts.retract(fact=berlin, user=alice)
        (ghent,) = Fact.objects.all()
        assert (ghent.valid_from, ghent.valid_to) == (JAN, None)
        assert ghent.evidence.count() == 2


def test_a_spelling_that_staff_put_right_moves_nobody(
    elena: Customer, alice: User
) -> None:
    said = {"city": "Gent", "street_address": "18 Linden Row", "zip_code": "9000"}
    for key, value in said.items():
        tell(elena, key, value, said_at=JAN)
    with tenant_scope(elena.tenant_id):
        facts.correct(fact=Fact.objects.get(key="city"), value="Ghent", user=alice)
    tell(elena, "state", "East Flanders", said_at=timezone.now())
    with customer_scope(elena.tenant_id, elena.id):
        now = dict(facts.current_facts().values_list("key", "value"))
    assert now == {**said, "city": "Ghent", "state": "East Flanders"}
