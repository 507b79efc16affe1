"""Knows what was forgotten on purpose without keeping it: by keyed hashes of its words.

Words are compared as runs of at most `_LONGEST` words, case and punctuation aside, and
long numbers by their digits alone. A run that was forgotten is found in every text
that was said before; said anew, it is remembered like anything else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from accounts.scope import require_tenant
from accounts.secrets import fingerprints
from memory.llm import summary as writing
from memory.llm.words import split_sentences
from memory.models import Evidence, Fact, Forgotten
from memory.refusals import honoured
from memory.types import FactCandidate, Turn

_INFO: Final = b"recollect: what was forgotten"
_LONGEST: Final = 8
# Shorter values stand in too many sentences that say something else.
_SHORTEST_CHARS: Final = 3
_DIGITS: Final = re.compile(r"\d(?:[ .()/+-]{0,2}\d){4,}")
_COMMON: Final = frozenset(
    "yes no true false none unknown not and the for you other new old one two".split()  # noqa: SIM905 - a word list reads better as words
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What one customer's desk has forgotten about her.

    Attributes:
        said_before: Fingerprint → words said until then do not come back.
    """

    customer_id: UUID
    said_before: Mapping[str, datetime]

    def holds(self, text: str, said_at: datetime | None = None) -> bool:
        """Return whether a text says something that was forgotten.

        Args:
            text: The text.
            said_at: When it was said; None for before everything.
        """
        return bool(self.said_before) and any(
            self._is_forgotten(run, said_at) for run in _runs(text)
        )

    def refuses(self, candidate: FactCandidate, said_at: datetime) -> bool:
        """Return whether a candidate would bring back what was forgotten."""
        if not self.said_before:
            return False
        named = _named(candidate.key, candidate.value)
        parts = (candidate.value, candidate.normal, candidate.span)
        return self._is_forgotten(named, said_at) or any(
            self.holds(part, said_at) for part in parts
        )

    def without(self, text: str, said_at: datetime | None = None) -> str:
        """Return a text without the sentences that say what was forgotten."""
        if not self.holds(text, said_at):
            return text
        return " ".join(
            part for part in split_sentences(text) if not self.holds(part, said_at)
        )

    def summary_without(self, text: str) -> str:
        """Return a summary without such sentences; each keeps who said it."""
        return writing.without(text, self.holds) if self.holds(text) else text

    def turns(self, turns: Iterable[Turn]) -> list[Turn]:
        """Return a conversation without what was forgotten of it, or was unwanted."""
        # A wish points at what stood before it: before anything is taken out.
        wanted = honoured(list(turns))
        if not self.said_before:
            return wanted
        return [
            replace(turn, text=self.without(turn.text, turn.sent_at)) for turn in wanted
        ]

    def _is_forgotten(self, run: str, said_at: datetime | None) -> bool:
        for mark in _fingerprints(self.customer_id, run):
            until = self.said_before.get(mark)
            if until is not None and (said_at is None or said_at <= until):
                return True
        return False


def marks(customer_id: UUID) -> Marks:
    """Return what was forgotten about a customer; runs in a scope."""
    rows = Forgotten.objects.filter(customer_id=customer_id)
    return Marks(customer_id, dict(rows.values_list("content_hash", "said_before")))


def marks_of(facts: Iterable[Fact], *, words: Iterable[str] = ()) -> Marks:
    """Return what would be forgotten with facts of one customer, and with more words.

    Raises:
        ValueError: There are no facts.
    """
    rows = list(facts)
    if not rows:
        raise ValueError("There is nothing to forget.")
    customer_id, now = rows[0].customer_id, timezone.now()
    runs = {run for fact in rows for run in _of_fact(fact)}
    runs |= {run for text in words for run in _whole(text)}
    return Marks(customer_id, {_fingerprints(customer_id, run)[0]: now for run in runs})


def keep(found: Marks) -> None:
    """Let words said until now not bring back what is forgotten; runs in a scope."""
    tenant_id = require_tenant()
    Forgotten.objects.bulk_create(
        [
            Forgotten(
                tenant_id=tenant_id,
                customer_id=found.customer_id,
                content_hash=mark,
                said_before=until,
            )
            for mark, until in found.said_before.items()
        ],
        update_conflicts=True,
        update_fields=["said_before"],
        unique_fields=["tenant", "customer", "content_hash"],
    )


def _of_fact(fact: Fact) -> Iterator[str]:
    yield _named(fact.key, fact.value)
    yield from _whole(fact.value)
    yield from _whole(fact.normal)
    value = " ".join(_words(fact.value))
    for span in Evidence.objects.filter(fact=fact).values_list("span", flat=True):
        # Where the value stands in it, the value says it all.
        if value not in " ".join(_words(span)):
            yield from _whole(span)


def _whole(text: str) -> Iterator[str]:
    """Yield what a value is recognised by."""
    words = _words(text)[:_LONGEST]
    run = " ".join(words)
    if len(run) >= _SHORTEST_CHARS and not _COMMON.issuperset(words):
        yield run
    for match in _DIGITS.finditer(text):
        yield _digits(match.group())


def _runs(text: str) -> Iterator[str]:
    """Yield every run of words, and every long number, of a text."""
    words = _words(text)
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + _LONGEST) + 1):
            yield " ".join(words[start:end])
    for match in _DIGITS.finditer(text):
        yield _digits(match.group())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _digits(number: str) -> str:
    return "#" + re.sub(r"\D", "", number)


def _named(key: str, value: str) -> str:
    return f"{key}\n{' '.join(_words(value))}"


def _fingerprints(customer_id: UUID, run: str) -> tuple[str, ...]:
    return fingerprints(f"{customer_id}\n{run}", info=_INFO)
