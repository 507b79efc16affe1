"""Chooses the readers that fit a conversation's topic."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from memory.extraction import contact
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, free_of
from memory.extraction.terse import (
    connections,
    meals,
    money,
    names,
    travel,
    vehicles,
    work,
)

Reader = Callable[[Utterance], Iterator[Finding]]

_BY_TOPIC: Mapping[str, tuple[Reader, ...]] = {
    "expenses": (money.expenses,),
    "travel": (
        contact.bare_phones,
        travel.bookings,
        travel.routes,
        travel.dates,
        travel.parties,
        travel.seats,
    ),
    "insurance": (
        contact.bare_phones,
        vehicles.policies,
        vehicles.claims,
        vehicles.vehicles,
    ),
    "telecoms": (connections.places, connections.plans, connections.services),
    "food": (contact.bare_phones, meals.addresses, meals.payments, meals.dishes),
    "banking": (money.dated_charges, money.addresses, money.accounts),
    "software": (work.programs, work.support_accounts, work.firms),
    "shop": (work.codes, work.instruments, work.firms),
}

_UNLABELLED = frozenset({travel.bookings, work.support_accounts})


def readings(
    said: Utterance,
    taken: Sequence[tuple[int, int]],
    known: Callable[[str], bool],
) -> Iterator[Finding]:
    """What a terse message yields beyond the general patterns.

    Args:
        said: The message in its conversation.
        taken: Ranges that are secrets or already mean something.
        known: Tells whether the conversation has given a value for a key yet.
    """
    topic = ruling_topic(said.topics)
    busy = list(taken)
    readers: list[Reader] = [contact.glued_emails, *_BY_TOPIC.get(topic, ())]
    if "passwords" in said.topics:  # a code without a label may be one
        readers = [reader for reader in readers if reader not in _UNLABELLED]
    if not known("customer_name"):
        readers.insert(1, names.introduced)
        readers.append(lambda heard: names.bare(heard, topic))
    for reader in readers:
        for finding in free_of(reader(said), busy):
            busy.append((finding.start, finding.end))
            yield finding


def ruling_topic(topics: Sequence[str]) -> str:
    """The topic that decides; travel expenses are expenses, not travel."""
    if "expenses" in topics:
        return "expenses"
    return next((topic for topic in topics if topic != "passwords"), "")
