"""The embedded strategy "discrete": from turns to single facts, by rules alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from memory.extraction import (
    accounts,
    address,
    answers,
    contact,
    endings,
    events,
    identity,
    personal,
    preferences,
    purchases,
    requests,
    terse,
)
from memory.extraction.dialogue import Utterance, listen
from memory.extraction.findings import Finding, free_of
from memory.extraction.judgement import judged
from memory.extraction.ledger import Ledger
from memory.extraction.periods import dated
from memory.extraction.questions import SECRET
from memory.extraction.records import statements
from memory.refusals import Asked, spans
from memory.types import FactCandidate, Turn

_EXACT = (
    contact.emails,
    accounts.labelled_numbers,
    contact.phones,
    address.addresses,
    address.postal_codes,
    address.homes,
    identity.usernames,
    identity.introductions,
    identity.answered_names,
)
"""Families whose values exclude each other: one stretch of text, one meaning."""

_LOOSE = (
    accounts.member_levels,
    identity.companies,
    purchases.products,
    purchases.shipping_statuses,
    purchases.purchase_dates,
    purchases.payments,
    preferences.channels,
    preferences.manners,
    preferences.tastes,
    events.events,
    events.birthdays,
    personal.work,
    personal.family,
    personal.belongings,
    endings.endings,
    personal.background,
    requests.intents,
    requests.issues,
)

_SURNAME = re.compile(r"\b(?:last |sur|family )name\b", re.IGNORECASE)
_TALK = frozenset({"intent", "issue", "likes", "dislikes", "prefers", "event"})
"""Keys whose evidence is a phrase: a value inside it may still be read."""


def extract(turns: Sequence[Turn]) -> list[FactCandidate]:
    """Find the facts that a customer states in one conversation.

    Args:
        turns: The messages of one conversation, in order.

    Returns:
        Candidates in the order they were said; each span occurs verbatim in the
        customer's message it names. What agents state about her record follows, as
        their own word; nothing comes from the assistant's.
    """
    ledger = Ledger()
    prompt, answered = "", set[str]()
    for heard in listen(turns):
        if heard.prompt != prompt:
            prompt, answered = heard.prompt, set()
        said = replace(heard, asked=tuple(k for k in heard.asked if k not in answered))
        for finding in _findings(said, ledger):
            told = dated(said.turn, said.text, _completed(said, finding, ledger))
            kept = judged(said, told)
            if kept and ledger.add(said.turn, kept) and not kept.doubt:
                answered.add(kept.key)
    return [*ledger.candidates(), *statements(turns)]


def _completed(said: Utterance, finding: Finding, ledger: Ledger) -> Finding:
    """A surname asked for on its own joins the first name given before."""
    first = ledger.current("customer_name")
    alone = " " not in first + finding.value
    if finding.key != "customer_name" or not (first and alone):
        return finding
    if not _SURNAME.search(said.prompt):
        return finding
    return replace(finding, value=f"{first} {finding.value}")


def _findings(said: Utterance, ledger: Ledger) -> Iterator[Finding]:
    """Everything one message yields, before it is judged; secrets left out."""
    asked = Asked(SECRET in said.asked, others=len(said.asked) > 1)
    hidden = spans(said.text, asked)
    exact: list[Finding] = []
    for family in _EXACT:
        exact += free_of(family(said), [*hidden, *((f.start, f.end) for f in exact)])
    taken = [*hidden, *((f.start, f.end) for f in exact)]
    name = next((f.value for f in exact if f.key == "customer_name"), "")
    name = name or ledger.current("customer_name")
    exact += answers.coded_answers(said, taken, name)
    yield from sorted(exact, key=lambda f: f.start)
    loose = [finding for family in _LOOSE for finding in family(said)]
    if not exact:
        loose += answers.phrase_answers(said)
    yield from sorted(free_of(loose, hidden), key=lambda f: f.start)
    if not said.guided and said.tokenised:
        settled = [f for f in [*exact, *loose] if f.key not in _TALK]
        taken = [*hidden, *((f.start, f.end) for f in settled)]
        yield from terse.readings(said, taken, ledger.has)
