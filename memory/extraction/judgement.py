"""Whether a finding may be believed, by the sentence it stands in."""

import re
from dataclasses import replace
from typing import Final

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, plain
from memory.extraction.guards import Standing, sentence_bounds, standing
from memory.extraction.keys import spec
from memory.extraction.periods import LATER, NOT_YET, begins_later, dated
from memory.extraction.revisions import revised
from memory.extraction.vocabulary import words
from memory.refusals import masked, mentions_special
from memory.types import FactCandidate, Turn

_OF_THE_PERSON = words(
    "customer_name username email phone street_address city state zip_code country "
    "account_id member_level company"
)
# What people state in words, and not as a code that counts wherever it stands.
_SPOKEN = words("member_level city state country company")
_PLACES = words("street_address city state zip_code country")
_RELATED = ("_name", "_lives")
_DOUBT = 0.45
"""Below one half: a reviewer decides."""


_SENDER = re.compile(
    r"\b(?:mails?|e-?mails?|messages?|newsletters?|letters?|something|reply|answer) "
    r"from\s*$",
    re.IGNORECASE,
)
_UNSURE = 0.6
"""Enough to be remembered, too little to displace what is known."""

_DOUBTS: Final = {
    "plain": "",
    "uncertain": "not sure",
    "third_party": "said of somebody else",
    "quoted": "quoted",
    "conditional": "only supposed",
    "question": "said as a question",
    "joke": "said as a joke",
}
CERTAINTIES: Final = tuple(_DOUBTS)
"""How a statement can stand: what a model is asked, too."""


def doubt_of(certainty: str) -> str:
    """Return why a statement of this certainty may not be so; empty when it is plain.

    A word that is none of `CERTAINTIES` is not taken for plain.
    """
    return _DOUBTS.get(certainty, _DOUBTS["uncertain"])


def judged(said: Utterance, finding: Finding) -> Finding | None:
    """The finding as far as it may be believed, or None.

    Identifiers count wherever they stand; addresses not in suppositions; all else
    only in plain statements about the customer herself. What is not believed, but could
    contradict something known, is handed on with its doubt.
    """
    if not finding.certain and _touches_special(said.text, finding):
        return None
    return _weigh(said.text, finding)


def _weigh(text: str, finding: Finding) -> Finding | None:
    stands = standing(text, finding.start, finding.end)
    finding = revised(text, finding)
    if finding.key == "email" and _SENDER.search(text[: finding.start]):
        stands = replace(stands, third_party=True)
    believed = _certain(finding, stands) if finding.certain else _plain(finding, stands)
    if not believed or stands.joking:
        return _doubted(finding, stands)
    wavers = stands.hedged or stands.checking
    if wavers and finding.certain and finding.key in _OF_THE_PERSON:
        return replace(finding, confidence=min(finding.confidence, _UNSURE))
    if stands.question:
        return replace(finding, confidence=finding.confidence * 0.8)
    return finding


def weighed(turn: Turn, candidate: FactCandidate) -> FactCandidate:
    """The candidate that a model proposes, weighed like what the rules find.

    A model takes much for plain that was asked, quoted or supposed, and does not say
    what a statement changes, nor since when it holds.

    Args:
        turn: The message that holds its span.
        candidate: What the model proposes; its own doubt stays.
    """
    text = turn.text
    start = text.index(candidate.span)
    at = text.lower().find(candidate.value.lower(), start, start + len(candidate.span))
    value = candidate.value if at >= 0 else candidate.span
    start = max(at, start)
    finding = Finding(
        candidate.key,
        candidate.value,
        start,
        start + len(value),
        candidate.confidence,
        certain=candidate.key in _OF_THE_PERSON - _SPOKEN,
        ends=candidate.polarity == "end",
    )
    finding = dated(turn, text, finding)
    judgement = _weigh(plain(text), finding)
    if judgement is None:
        return candidate
    left, right = sentence_bounds(text, start)
    later = begins_later(finding, turn.sent_at)
    doubt = candidate.doubt or judgement.doubt or (LATER if later else "")
    return replace(
        candidate,
        text=finding.sentence or candidate.text,
        confidence=NOT_YET if later else judgement.confidence,
        valid_from=finding.since,
        valid_to=finding.until,
        polarity="end" if judgement.ends else "assert",
        doubt=doubt,
        revises=judgement.revises,
        said=masked(text[left:right].strip()) if doubt else "",
    )


def _doubted(finding: Finding, stands: Standing) -> Finding | None:
    if not (spec(finding.key).single or finding.ends):
        return None
    doubt = doubt_of(_certainty(stands))
    return replace(finding, doubt=doubt, confidence=min(finding.confidence, _DOUBT))


def _certainty(stands: Standing) -> str:
    found = (
        ("joke", stands.joking),
        ("quoted", stands.quoted),
        ("third_party", stands.third_party),
        ("question", stands.question),
        ("conditional", stands.intended),
        ("uncertain", stands.hedged),
        ("conditional", stands.supposed),
    )
    return next((name for name, is_so in found if is_so), "uncertain")


def _certain(finding: Finding, stands: Standing) -> bool:
    if stands.third_party and finding.key in _OF_THE_PERSON:
        return False
    if finding.key in _PLACES and stands.supposed:
        return False
    return not (stands.quoted and finding.key in _OF_THE_PERSON)


def _plain(finding: Finding, stands: Standing) -> bool:
    if finding.key == "shipping_status":
        return not (stands.question or stands.supposed or stands.hedged)
    if finding.key.endswith(_RELATED):
        return not (stands.question or stands.supposed or stands.quoted)
    # What displaces something is weighed more carefully than what stands beside others.
    wavers = stands.hedged or stands.intended
    displaces = finding.ends or spec(finding.key).single
    return stands.plain and not (wavers and displaces)


def _touches_special(text: str, finding: Finding) -> bool:
    left, right = sentence_bounds(text, finding.start)
    return mentions_special(text[left:right])
