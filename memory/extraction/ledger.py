"""The candidates of one conversation so far: each thing once, newest value last."""

import re

from memory.extraction.findings import Finding
from memory.extraction.guards import sentence_bounds
from memory.extraction.keys import spec
from memory.extraction.periods import LATER, NOT_YET, begins_later
from memory.extraction.vocabulary import words
from memory.refusals import masked
from memory.types import FactCandidate, Turn

_AT_MOST = {
    "intent": 2,
    "issue": 2,
    "product": 3,
    "likes": 4,
    "amount": 3,
    "quantity": 2,
}
"""How many of one key a single conversation may add; more is noise."""

_OTHER_PERSON = {
    "i": "they",
    "i'm": "they are",
    "my": "their",
    "mine": "theirs",
    "me": "them",
    "myself": "themselves",
    "our": "their",
    "us": "them",
    "we": "they",
    "your": "the desk's",
    "you": "the desk",
}
_NAMED_THINGS = words(
    "customer_name company product city country order_id software vehicle_brand "
    "departure_city arrival_city employer account_id booking_reference"
)


class Ledger:
    """Collects findings; drops repeats and prefers the fuller of two values."""

    def __init__(self) -> None:
        self._entries: list[tuple[Turn, Finding]] = []

    def current(self, key: str) -> str:
        """The newest value of a key, or an empty string."""
        values = [f.value for f in self._of(key) if not f.ends]
        return values[-1] if values else ""

    def has(self, key: str) -> bool:
        """Whether any value of the key was found."""
        return bool(self._of(key))

    def _of(self, key: str) -> list[Finding]:
        return [f for _, f in self._entries if f.key == key and not f.doubt]

    def add(self, turn: Turn, finding: Finding) -> bool:
        """Take a finding in; False if it says nothing new."""
        if finding.doubt:
            return self._add_doubted(turn, finding)
        same_key = self._of(finding.key)
        rivals = same_key[-1:] if spec(finding.key).single else _latest(same_key)
        if any(_repeats(f, finding) for f in rivals):
            return False
        if finding.key == "product":
            self._entries = [e for e in self._entries if not _is_part(e[1], finding)]
        elif len(same_key) >= _AT_MOST.get(finding.key, 8):
            return False
        self._entries.append((turn, finding))
        return True

    def _add_doubted(self, turn: Turn, finding: Finding) -> bool:
        """Take in what may not be so, unless she has said that it is."""
        same_key = [f for _, f in self._entries if f.key == finding.key]
        if any(_repeats(f, finding) for f in same_key):
            return False
        self._entries.append((turn, finding))
        return True

    def candidates(self) -> list[FactCandidate]:
        """Everything collected, in the order it was said."""
        return [candidate_of(turn, finding) for turn, finding in self._entries]


def normalised(value: str) -> str:
    """Lower case letters and digits only, for comparing values."""
    return re.sub(r"[^\w@]+", "", value.lower())


def _latest(findings: list[Finding]) -> list[Finding]:
    """What was said last of each value: what has ended may begin again."""
    return list({normalised(finding.value): finding for finding in findings}.values())


def _repeats(known: Finding, new: Finding) -> bool:
    if known.ends != new.ends:
        return False
    left, right = normalised(known.value), normalised(new.value)
    if new.key in ("product", "customer_name", "event", "issue", "intent"):
        return set(new.value.lower().split()) <= set(known.value.lower().split())
    return left == right


def _is_part(known: Finding, new: Finding) -> bool:
    """Whether a known product is the new one, only said shorter."""
    same = known.key == new.key and known.ends == new.ends
    return same and set(known.value.lower().split()) < set(new.value.lower().split())


def candidate_of(turn: Turn, finding: Finding) -> FactCandidate:
    """Return a finding as the candidate that it proposes, read off the catalogue.

    What is to be true only from a later day on is not true yet: people decide.
    """
    of = spec(finding.key)
    said = (
        _third_person(finding.value)
        if of.kind in ("intent", "issue")
        else finding.value
    )
    text = finding.sentence or of.sentence.format(value=said)
    later = begins_later(finding, turn.sent_at)
    doubt = finding.doubt or (LATER if later else "")
    entities = (finding.value,) if finding.key in _NAMED_THINGS else ()
    return FactCandidate(
        kind=of.kind,
        key=finding.key,
        value=finding.value,
        text=text[0].upper() + text[1:],
        message_id=turn.id,
        span=turn.text[finding.start : finding.end],
        confidence=NOT_YET if later else round(finding.confidence, 2),
        importance=of.importance,
        single=of.single,
        polarity="end" if finding.ends else "assert",
        event_at=finding.event_at,
        topics=(of.topic,),
        entities=finding.entities or entities,
        doubt=doubt,
        revises=finding.revises,
        said=_sentence(turn.text, finding) if doubt else "",
        valid_from=finding.since,
        valid_to=finding.until,
    )


def _sentence(text: str, finding: Finding) -> str:
    """The sentence around a finding, for people: without secrets."""
    start, end = sentence_bounds(text, finding.start)
    return masked(text[start:end].strip())


def _third_person(words: str) -> str:
    """The customer's words as said of her by another."""
    return re.sub(
        r"[\w']+",
        lambda m: _OTHER_PERSON.get(m.group().lower(), m.group()),
        words,
    )
