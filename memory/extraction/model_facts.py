"""Facts out of a model's claims: known keys, one of each, nothing that it made up."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from memory.extraction import keys
from memory.extraction.claims import (
    CLAIM,
    Grounds,
    Refused,
    believed,
    checked_value,
    doubt_about,
    grounds,
)
from memory.extraction.findings import plain
from memory.extraction.grounding import adds_nothing, clean, event_moment
from memory.extraction.guards import sentence_bounds
from memory.extraction.judgement import weighed
from memory.refusals import refuses
from memory.types import FactCandidate, Turn

KINDS = ("fact", "preference", "event", "intent", "issue")
FACT: dict[str, Any] = {
    **CLAIM,
    "kind": {"type": "string", "enum": list(KINDS)},
    "key": {"type": "string", "description": "snake_case, e.g. email, city"},
    "value": {"type": "string"},
    "text": {"type": "string", "description": "one plain sentence, third person"},
    "polarity": {"type": "string", "enum": ["assert", "end"]},
    "date": {"type": "string", "description": "ISO date of an event, or empty"},
}
"""Properties of one fact in a model's answer."""

# One window is at most 50 messages: a person would write down fewer.
MAX_FACTS = 60
# A model that stammers is not listened to beyond this.
MAX_CLAIMS = 300
MAX_TEXT_CHARS = 300
_ENDING = re.compile(
    r"\b(?:no longer|not (?:\w+ ){0,4}(?:any ?more|any longer)|any ?more|used to|"
    r"stopped|quit|cancel\w*|clos(?:e|ed|ing)|sold|lost|returned|gave (?:up|away|back)|"
    r"left|former\w*|previous\w*|moved|got rid|ex-?|never|without|switch\w* from|"
    r"don't|doesn't|do not|does not|isn't|is not|aren't|haven't|hasn't|wasn't|ended|"
    r"expired|terminat\w*|delet\w*|remov\w*|unsubscrib\w*|broke up|divorced|retired)\b",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\b(?:no longer|not (?:\w+ ){0,4}(?:any ?more|any longer)|used to|any ?more)\b",
    re.IGNORECASE,
)
_END_UNSAID = "said to hold no longer, without a word for it"
_ASSERT_UNSAID = "said to hold, of what holds no longer"
_TWO_VALUES = "said in two ways at once"


def candidates(
    claims: Sequence[Any], turns: Sequence[Turn], fresh_from: int
) -> list[FactCandidate]:
    """Return the facts among a model's claims, in the order they were said.

    Args:
        claims: Each with the properties of `FACT`.
        turns: The conversation.
        fresh_from: Index of the first turn that memory has not seen.
    """
    kept, _ = believed(
        claims[:MAX_CLAIMS], lambda claim: _checked(claim, turns, fresh_from)
    )
    order = {turn.id: number for number, turn in enumerate(turns)}
    kept.sort(key=lambda pair: (order[pair[0].message_id], pair[1]))
    return once([candidate for candidate, _ in kept])[:MAX_FACTS]


def once(found: Iterable[FactCandidate]) -> list[FactCandidate]:
    """Return each statement once; two values at once of a single one are doubtful."""
    unique: dict[object, FactCandidate] = {}
    for c in found:
        unique.setdefault((c.key, c.value.casefold(), c.polarity, c.message_id), c)
    told = Counter(
        (c.key, c.message_id)
        for c in unique.values()
        if c.single and c.polarity == "assert"
    )
    return [
        replace(c, doubt=c.doubt or _TWO_VALUES) if told[c.key, c.message_id] > 1 else c
        for c in unique.values()
    ]


def _checked(
    claim: dict[str, Any], turns: Sequence[Turn], fresh_from: int
) -> tuple[FactCandidate, int]:
    """Return the fact that a claim is, and where in the message it stands.

    Raises:
        Refused: It is not believed.
    """
    on = grounds(claim, turns, fresh_from)
    value = checked_value(claim["value"], on)
    key = keys.named(claim["key"])
    if refuses(key.replace("_", " ")):
        raise Refused("Holds a secret or a sensitive matter.")
    spec = keys.spec(key)
    known = key in keys.CATALOGUE
    candidate = FactCandidate(
        kind=spec.kind if known else claim["kind"],
        key=key,
        value=value,
        text=_text(claim["text"], value, on, spec),
        message_id=on.turn.id,
        span=on.span,
        confidence=on.confidence,
        importance=spec.importance,
        single=spec.single,
        polarity=claim["polarity"],
        topics=(spec.topic,),
        event_at=event_moment(on.span, on.turn.sent_at, clean(claim["date"]))
        if "event" in (claim["kind"], spec.kind)
        else None,
        doubt=doubt_about(value, on) or _polarity_doubt(claim["polarity"], key, on),
    )
    return weighed(on.turn, candidate), on.start


def _text(claimed: str, value: str, on: Grounds, spec: keys.KeySpec) -> str:
    """Return the model's sentence where it adds nothing, otherwise the catalogue's."""
    text = clean(claimed)
    if (
        0 < len(text) <= MAX_TEXT_CHARS
        and adds_nothing(text, f"{on.span} {value}")
        and not refuses(text)
    ):
        return text
    text = spec.sentence.format(value=value)
    return text[0].upper() + text[1:]


def _polarity_doubt(polarity: str, key: str, on: Grounds) -> str:
    """Compare what a model says of an end with the words of the sentence."""
    left, right = sentence_bounds(on.turn.text, on.start)
    sentence = plain(on.turn.text[left : max(right, on.end)])
    if polarity == "end":
        return "" if _ENDING.search(sentence) else _END_UNSAID
    negative = key in ("dislikes", "do_not_contact")
    return _ASSERT_UNSAID if _NO_LONGER.search(on.span) and not negative else ""
