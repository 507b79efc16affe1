"""What is nearly the same, and other people: the one that was meant comes first."""

import pytest

from accounts.models import Customer, Tenant
from tests.conftest import make_customer
from tests.memory.recall.talks import blocks, find, place, talk

pytestmark = pytest.mark.usefixtures("rows")

# What is asked | what answers it | what only looks like it | words of the first.
(ALIKE,) = blocks("alike.txt")


def test_there_are_thirty_of_them() -> None:
    assert len(ALIKE) == 30


@pytest.mark.parametrize("first", ["the answer", "what only looks like it"])
def test_what_was_meant_comes_before_what_is_nearly_the_same(
    elena: Customer, first: str
) -> None:
    # Whichever of the two was said later.
    said = list(dict.fromkeys(text for _, *both, _ in ALIKE for text in both))
    old, new = said[::2], said[1::2]
    if first != "the answer":
        old, new = new, old
    talk(elena, old, days_ago=200)
    talk(elena, new, days_ago=5)
    wrong = []
    for question, _, other, words in ALIKE:
        found = find(elena, question)
        if place(found, words) >= min(place(found, other), len(found)):
            wrong.append(question)
    assert wrong == []


def test_the_same_words_of_somebody_else_are_never_there(
    elena: Customer, desk: Tenant, viktor: Customer
) -> None:
    otto = make_customer(desk, "Otto")
    mine = [answer for _, answer, *_ in ALIKE[:6]]
    theirs = [other for _, _, other, _ in ALIKE[:6]]
    talk(elena, mine, days_ago=5)
    talk(otto, theirs, days_ago=4)
    talk(viktor, theirs, days_ago=4)
    for question, *_ in ALIKE[:6]:
        told = " ".join(memory.text for memory in find(elena, question))
        assert not [text for text in theirs if text not in mine and text in told]
