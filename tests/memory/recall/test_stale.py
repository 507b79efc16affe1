"""What holds no more: no ended fact is recalled for now, no old word before the new."""

import pytest

from accounts.models import Customer
from accounts.scope import customer_scope
from memory.models import Fact
from tests.memory.recall.talks import blocks, find, place, talk

pytestmark = pytest.mark.usefixtures("rows")

# In the first file mostly what the embedded extraction knows under a key, which ends
# the old fact; in the second what only her words tell.
KEYED = list(blocks("changes_keyed.txt"))
TOLD = list(blocks("changes_told.txt"))


def live_through(customer: Customer, cases: list[list[str]]) -> None:
    """Let a customer say all that was, and a year later all that has changed."""
    talk(customer, [was for _, was, *_ in cases], days_ago=420)
    talk(customer, [now for _, _, now, *_ in cases], days_ago=9)


def ended(customer: Customer) -> set[object]:
    with customer_scope(customer.tenant_id, customer.id):
        rows = Fact.objects.filter(valid_to__isnull=False)
        return set(rows.values_list("id", flat=True))


def test_there_are_at_least_sixty_changes() -> None:
    assert sum(map(len, KEYED + TOLD)) >= 60


@pytest.mark.parametrize("cases", [*KEYED, *TOLD], ids=lambda cases: cases[0][0])
def test_for_a_question_about_now_the_new_word_leads(
    elena: Customer, cases: list[list[str]]
) -> None:
    live_through(elena, cases)
    over = ended(elena)
    assert over or cases not in KEYED
    stale = []
    for question, _, _, was, now in cases:
        found = find(elena, question)
        if over.intersection(memory.source_id for memory in found):
            stale.append(f"an ended fact for {question}")
        if place(found, now) == len(found):
            stale.append(f"no new word at all for {question}")
        if place(found, was, without=now) < place(found, now):
            stale.append(question)
    assert stale == []


def test_of_three_statements_the_last_one_leads(elena: Customer) -> None:
    for days_ago, text in (
        (900, "Our cat Miso eats the salmon pouches, nothing else."),
        (300, "Miso won't touch salmon any more, she only eats the duck pâté now."),
        (4, "Miso has gone off the duck pâté, she eats rabbit now."),
    ):
        talk(elena, [text], days_ago=days_ago)
    best, *_ = find(elena, "Which food does the cat Miso eat?")
    assert "rabbit" in best.text
    assert best.reasons.parts["newer"] > 1
    assert "newer than what says otherwise" in best.reasons.sentence()


def test_a_question_that_repeats_the_old_word_is_no_newer_statement(
    elena: Customer,
) -> None:
    talk(elena, ["Please leave my parcels in the porch."], days_ago=300)
    talk(elena, ["Parcels go to the bike shed instead of the porch now."], days_ago=30)
    talk(elena, [("agent", "Do parcels still go to the porch now?")], days_ago=2)
    talk(elena, ["Do my parcels still go to the porch now?"], days_ago=1)
    best, *_ = find(elena, "Where do her parcels go?")
    assert "bike shed" in best.text


def test_for_a_question_about_before_the_old_word_stays_first(elena: Customer) -> None:
    talk(elena, ["The courier can leave parcels in the porch."], days_ago=300)
    talk(elena, ["Nothing in the porch from now on: the bike shed."], days_ago=3)
    best, *_ = find(elena, "Where did the courier originally leave parcels?")
    assert best.text == "The courier can leave parcels in the porch."


def test_what_is_about_another_thing_lifts_nothing(elena: Customer) -> None:
    talk(elena, ["The lamp for the hall is 60 cm high."], days_ago=300)
    talk(elena, ["I moved my desk to the window, it is wobbly now."], days_ago=3)
    best, second, *_ = find(elena, "How high is the lamp for the hall?")
    assert best.text == "The lamp for the hall is 60 cm high."
    assert "newer" not in second.reasons.parts
