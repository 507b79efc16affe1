"""Nothing twice: neither among what is recalled, nor in a context."""

from collections import Counter

import pytest

from accounts.models import Customer
from memory import context
from memory.recall import Recalled
from memory.values.text import folded
from tests.memory.recall.talks import find, talk
from tests.memory.remembered import remember, say

pytestmark = pytest.mark.usefixtures("rows")

REPEATED = (
    "My parcel LF-20418 never arrived.",
    "The zip of the blue tent is torn.",
    "Please leave everything with Mrs Okafor.",
    "I was charged 49.90 twice in May.",
    "The router loses its connection at night.",
)
QUESTIONS = (
    "Which parcel never arrived?",
    "What is wrong with the tent?",
    "Who takes her parcels?",
    "What was she charged twice?",
    "What does the router do at night?",
)


def packed(found: list[Recalled], customer: Customer) -> list[str]:
    """Return the texts of what stands in a context."""
    made = context.pack(
        desk="Linden",
        marked_for=customer.id,
        budget_tokens=16_000,
        buffer=[],
        recalled=found,
    )
    return [memory.text for memory in made.recalled]


def repeated(texts: list[str]) -> list[str]:
    """Return the texts that are there twice, as people read them."""
    return [text for text, n in Counter(map(folded, texts)).items() if n > 1]


@pytest.fixture
def repeating(elena: Customer) -> Customer:
    """A customer who says everything again and again, as people do."""
    talk(elena, REPEATED, days_ago=90)
    talk(elena, [text.upper() for text in REPEATED], days_ago=60)
    talk(elena, [f"{text.rstrip('.')}!!" for text in REPEATED], days_ago=30)
    # The agent says it after her.
    talk(
        elena,
        [turn for text in REPEATED for turn in (text, ("agent", text))],
        days_ago=2,
    )
    return elena


def test_what_was_said_again_in_the_same_words_is_there_once(
    repeating: Customer,
) -> None:
    for question, said in zip(QUESTIONS, REPEATED, strict=True):
        found = find(repeating, question)
        texts = [memory.text for memory in found]
        assert repeated(texts) == []
        assert repeated(packed(found, repeating)) == []
        # And it is there.
        assert folded(said) in set(map(folded, texts))
        # No row of the index comes twice, and no summary beside most of its messages.
        assert len({memory.id for memory in found}) == len(found)
        before: set[object] = set()
        for memory in found:
            if memory.kind == "summary":
                covered = before.intersection(memory.message_ids)
                assert len(covered) < len(memory.message_ids) / 2
            before.add(memory.source_id)


def test_a_fact_and_the_message_in_its_very_words_are_one(elena: Customer) -> None:
    (turn,) = say(elena, "Lives in Ghent.")
    remember(elena, "city", "Ghent", "Lives in Ghent.", message_id=turn.id)
    found = find(elena, "Where does she live?")
    assert [m.text for m in found].count("Lives in Ghent.") == 1


def test_the_pieces_of_a_long_message_do_not_repeat_each_other(elena: Customer) -> None:
    long = " ".join(f"Box {n} holds the lamp of room {n * 7}." for n in range(400))
    say(elena, long)
    found = find(elena, "Which box holds the lamp of room 700?")
    pieces = [memory.text for memory in found if memory.text in long]
    assert len(pieces) > 1
    assert repeated(pieces) == []
    assert repeated(packed(found, elena)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("My order LF-20418 is late.", "My order LF-20419 is late."),
        ("My order LF-20418 is late.", "My order LF-20481 is late."),
        ("Invoice 2024-0071 is wrong.", "Invoice 2024-0077 is wrong."),
        ("I paid 49.90 for the lamp in May.", "I paid 49.50 for the lamp in May."),
        ("Call me on 0113 496 0102.", "Call me on 0113 496 0120."),
    ],
)
def test_what_differs_in_one_digit_is_two_things(
    elena: Customer, one: str, other: str
) -> None:
    say(elena, one, other)
    found = find(elena, one)
    assert {one, other} <= {memory.text for memory in found}
    assert {one, other} <= set(packed(found, elena))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Deliver my weekly order of groceries, bread and milk to us in Leeds",
            "Deliver my weekly order of groceries, bread and milk to us in York",
        ),
        (
            "At home and at work I do eat peanuts and other nuts",
            "At home and at work I do not eat peanuts and other nuts",
        ),
    ],
)
def test_another_name_and_the_opposite_are_no_repeats(
    elena: Customer, first: str, second: str
) -> None:
    say(elena, first, second)
    found = {memory.text for memory in find(elena, first)}
    assert {first, second} <= found
