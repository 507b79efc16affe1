"""Whether a finding may be believed, by the sentence it stands in."""

from dataclasses import replace

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding
from memory.extraction.guards import Standing, sentence_bounds, standing
from memory.extraction.vocabulary import words
from memory.refusals import mentions_special

_OF_THE_PERSON = words(
    "customer_name username email phone street_address city state zip_code country "
    "account_id member_level company"
)
_PLACES = words("street_address city state zip_code country")
_RELATED = ("_name", "_lives")
_DOUBT = 0.45
"""Below one half: a reviewer decides."""


def judged(said: Utterance, finding: Finding) -> Finding | None:
    """The finding as far as it may be believed, or None.

    Identifiers count wherever they stand; addresses not in suppositions; all else
    only in plain statements about the customer herself.
    """
    stands = standing(said.text, finding.start, finding.end)
    believed = _certain(finding, stands) if finding.certain else _plain(finding, stands)
    if not believed:
        return None
    if not finding.certain and _touches_special(said.text, finding):
        return None
    if stands.joking:
        return replace(finding, confidence=min(finding.confidence, _DOUBT))
    if stands.question:
        return replace(finding, confidence=finding.confidence * 0.8)
    return finding


def _certain(finding: Finding, stands: Standing) -> bool:
    if stands.third_party and finding.key in _OF_THE_PERSON:
        return False
    if finding.key in _PLACES and stands.supposed:
        return False
    return not (stands.quoted and finding.key in _OF_THE_PERSON)


def _plain(finding: Finding, stands: Standing) -> bool:
    if finding.key == "shipping_status":
        return not (stands.question or stands.supposed)
    if finding.key.endswith(_RELATED):
        return not (stands.question or stands.supposed or stands.quoted)
    return stands.plain


def _touches_special(text: str, finding: Finding) -> bool:
    left, right = sentence_bounds(text, finding.start)
    return mentions_special(text[left:right])
