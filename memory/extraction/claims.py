"""What a model claims that a customer said, checked against what she did say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from memory.extraction.grounding import clean, is_grounded, located, quoted
from memory.extraction.guards import standing
from memory.extraction.judgement import CERTAINTIES, doubt_of
from memory.refusals import mentions_special, refuses, touches
from memory.types import Turn

CLAIM: Final[dict[str, Any]] = {
    "line": {"type": "integer"},
    "span": {"type": "string", "description": "exact words of that line"},
    "certainty": {"type": "string", "enum": list(CERTAINTIES)},
    "confidence": {"type": "number", "description": "0 to 1"},
}
"""The part of a JSON schema that every claim of a model has."""

# What can be stored whole; of a longer one nothing is, since a part of it says
# something else.
MAX_VALUE_CHARS = 500
MAX_SPAN_CHARS = 1_000
# Neither surely nor surely not: what a model says that knows no measure.
_NO_MEASURE = 0.5


class Refused(ValueError):  # noqa: N818 - it is an answer, not a fault
    """A claim is not believed; says why, for people, and never quotes it."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a claim rests on: the customer's own words.

    Attributes:
        turn: Her message.
        start: Where the words begin in it.
        end: Where they end.
        confidence: How sure the model is, 0 to 1.
        doubt: Why it may not be so, for people; empty for a plain statement.
    """

    turn: Turn
    start: int
    end: int
    confidence: float
    doubt: str

    @property
    def span(self) -> str:
        """The words as they stand in the message."""
        return self.turn.text[self.start : self.end]


def grounds(
    claim: Mapping[str, Any], turns: Sequence[Turn], fresh_from: int
) -> Grounds:
    """Return what a claim rests on.

    Args:
        claim: Of the form `CLAIM`.
        turns: The conversation.
        fresh_from: Index of the first turn that memory has not seen.

    Raises:
        Refused: No new words of the customer's say so, or they may not be kept.
    """
    line = claim["line"]
    if not fresh_from <= line < len(turns) or turns[line].author != "customer":
        raise Refused("Names no new message of the customer's.")
    turn = turns[line]
    place = quoted(claim["span"], turn.text)
    if place is None:
        raise Refused("Quotes words that she did not say.")
    if place[1] - place[0] > MAX_SPAN_CHARS:
        raise Refused("Quotes too much for one statement.")
    start, end = place
    # A word may be a secret by what stands around it, or by what it answers.
    prompt = turns[line - 1].text if line else ""
    words = turn.text[start:end]
    if touches(turn.text, words, prompt) or mentions_special(words):
        raise Refused("Holds a secret or a sensitive matter.")
    return Grounds(
        turn,
        start,
        end,
        _confidence(claim["confidence"]),
        doubt_of(claim["certainty"]),
    )


def checked_value(value: str, on: Grounds) -> str:
    """Return a value that the words hold, in one line and as she wrote it.

    Raises:
        Refused: They do not, or it may not be kept.
    """
    value = clean(value)
    if not value:
        raise Refused("Has no value.")
    if len(value) > MAX_VALUE_CHARS:
        raise Refused("Its value is too long.")
    if not is_grounded(value, on.span, on.turn.sent_at):
        raise Refused("Its value is not in the words.")
    if refuses(value):
        raise Refused("Holds a secret or a sensitive matter.")
    place = located(value, on.span)
    return clean(on.span[slice(*place)]) if place else value


def doubt_about(value: str, on: Grounds) -> str:
    """Return why the words do not plainly say it of the customer; empty if they do."""
    if on.doubt:
        return on.doubt
    within = located(value, on.span) or (0, on.end - on.start)
    stands = standing(on.turn.text, on.start + within[0], on.start + within[1])
    if stands.third_party:
        return doubt_of("third_party")
    if stands.joking:
        return doubt_of("joke")
    # Codes and addresses are given in any sentence: "if you write, use a@b.example".
    if any(c.isdigit() or c == "@" for c in value):
        return ""
    if stands.quoted:
        return doubt_of("quoted")
    return doubt_of("conditional") if stands.supposed else ""


def believed(
    claims: Sequence[Any],
    check: Callable[[Any], Any],
) -> tuple[list[Any], list[str]]:
    """Return what came of the claims that are believed, and why each other is not."""
    kept, refusals = [], []
    for claim in claims:
        try:
            kept.append(check(claim))
        except Refused as refusal:
            refusals.append(str(refusal))
    return kept, refusals


def _confidence(claimed: float) -> float:
    return float(claimed) if 0 <= claimed <= 1 else _NO_MEASURE
