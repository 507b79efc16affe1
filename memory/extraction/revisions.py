"""What a statement says of its key before: that it changed, was wrong, or is over."""

import re
from dataclasses import replace

from memory.extraction.findings import Finding
from memory.extraction.guards import sentence_bounds
from memory.extraction.keys import spec
from memory.extraction.vocabulary import words

_CHANGED = re.compile(
    r"\b(?:moved|relocated|moving|new|now|nowadays|changed|change|switched|switch|"
    r"updated?|upgraded|downgraded|renamed|remarried|got married|divorced|no longer|"
    r"any ?more|instead|these days|from now on|as of|since (?:last|yesterday|monday|"
    r"tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|"
    r"may|june|july|august|september|october|november|december))\b",
    re.IGNORECASE,
)
_MEANT = re.compile(
    r"\b(?:i (?:actually |really )?(?:meant?|mistyped|misspelled|misspelt|mixed up)|"
    r"meant to (?:say|write|type|put)|correction|typo|no,? wait|wait,? no|hang on,? no|"
    r"scratch that|strike that|make (?:that|it)|should (?:be|read|say|have been)|"
    r"(?:wrong|incorrect)(?: one| number| address| name)?|my (?:bad|mistake))\b",
    re.IGNORECASE,
)
_SORRY = re.compile(
    r"\b(?:sorry|oops|whoops|apologies|actually,? (?:it'?s|it is|that'?s|that is|my)|"
    r"no,? (?:it'?s|it is|that'?s|my|the)|rather)\b",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"\b(?:also|another|other|second|too|as well|both|besides|plus|one more)\b",
    re.IGNORECASE,
)
_CAN_END = words(
    "email phone username customer_name city street_address zip_code country state "
    "plan member_level employer company payment_method contact_channel language"
)
_OVER_BEFORE = re.compile(
    r"(?:\b(?:no longer|don'?t|do not|stopped|not|isn'?t|never) (?:use|using|have|"
    r"having|check|checking|live|living|work|working|reach\w*|be reached|on|with|at|a|"
    r"the|my)\b[^,.;]{0,30}|\bold (?:e-?mail|number|phone|mobile|address|name|"
    r"user ?name)(?: address| number)?(?: was| is|,|:)? ?|\b(?:remove|delete|forget|"
    r"drop|scrap) (?:the |my |this |that )?(?:old )?(?:e-?mail |number |phone |"
    r"address )?(?:address |number )?(?:of )?|(?:,| and| but)? not |\binstead of |"
    r"\brather than )$",
    re.IGNORECASE,
)
_OVER_AFTER = re.compile(
    r"^\W*(?:(?:is|was)(?: not|n'?t| no longer)(?: my\b| mine\b| valid| active| in use|"
    r" working| right| correct| current| me\b)|is (?:wrong|outdated|dead|"
    r"out of date|my old|an old|the old)|(?:does not|doesn'?t) (?:work|exist)|"
    r"has been (?:closed|deleted|disconnected|shut down)|(?:is )?no longer\b)",
    re.IGNORECASE,
)


def revised(text: str, finding: Finding) -> Finding:
    """The finding with what its sentence says of what was so before it."""
    left, right = sentence_bounds(text, finding.start)
    before, after = text[left : finding.start], text[finding.end : right]
    if finding.ends:
        return finding
    if finding.key in _CAN_END and _is_over(before, after):
        return replace(
            finding, ends=True, sentence=f"No longer: {finding.value}.", entities=()
        )
    if _is_meant(text[:left], before, after, single=spec(finding.key).single):
        return replace(finding, revises="mistake")
    if _CHANGED.search(text[left:right]):
        return replace(finding, revises="change")
    return finding


def _is_over(before: str, after: str) -> bool:
    return bool(_OVER_BEFORE.search(before) or _OVER_AFTER.search(after))


def _is_meant(earlier: str, before: str, after: str, *, single: bool) -> bool:
    """Whether it stands in place of what was said just before."""
    lead = f"{_last_sentence(earlier)} {before}"
    if _BESIDE.search(f"{before} {after}"):
        return False
    if _MEANT.search(lead):
        return True
    changed = _CHANGED.search(f"{before} {after}")
    return single and not changed and bool(_SORRY.search(lead))


def _last_sentence(text: str) -> str:
    """A short exclamation before the sentence: "Oops! Typo." belongs to it."""
    parts = re.split(r"[.!?\n]+\s*", text.strip(" .!?\n"))
    last = parts[-1] if parts else ""
    return last if len(last.split()) <= _SHORT else ""


_SHORT = 6
