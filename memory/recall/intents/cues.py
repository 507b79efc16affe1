"""What a question's own words say it is about, beside what it resembles.

"What did I say about the refund" resembles a question about a refund; that it is about
what was said, its verbs tell.
"""

import re
from collections.abc import Mapping
from typing import Final

from memory.llm.assistant.intents import is_goodbye, is_greeting, is_thanks
from memory.llm.assistant.intents import wants_person as _wants_person
from memory.recall.intents.catalogue import (
    ABOUT_CUSTOMER,
    PAST,
    PENDING,
    PERSON,
    SMALL_TALK,
)

WORTH: Final = 0.8
"""Cosine that a cue counts as: more than most neighbours, less than the same words."""

_TOLD = (
    r"(?:say|said|tell|told|mention(?:ed)?|agree[d]?|decide[d]?|discuss(?:ed)?|settle[d]?"
    r"|talk(?:ed)?|speak|spoke|report(?:ed)?|recommend(?:ed)?|suggest(?:ed)?|choose|chose"
    r"|ask(?:ed)?|answer(?:ed)?|order(?:ed)?|buy|bought|complain(?:ed)?)"
)
_PAST = re.compile(
    rf"""
    \b(?:what|which|when|where|who|why|how|how\ much)\b(?:\W+\w+){{0,3}}?
      \W+(?:did|had|have|has|was\ it\ that)\W+(?:i|we|you|your\W+\w+)
      \W+(?:\w+\W+)?{_TOLD}\b
    | \bdid\W+(?:i|we)\W+(?:ever\W+|already\W+)?{_TOLD}\b
    | \b(?:do|did)\W+(?:yo)?u\W+(?:still\W+)?remember\b | \bremind\W+me\b
    | \blast\W+time\b | \bback\W+then\b | \bin\W+the\W+past\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PENDING = re.compile(
    r"""
    \byou\W+(?:said|told\W+me|promised|wanted\W+to|were\W+(?:going|gonna)
      |were\W+(?:checking|looking|asking))\b
    | \b(?:did|have)\W+you\W+(?:\w+\W+)?promise
    | \bwhat\W+did\W+you\W+promise
    | \b(?:still|anything|something|things|issues?|left)\W+(?:\w+\W+){0,2}
      (?:open|outstanding|pending|unresolved)\b
    | \b(?:any|an)\W+(?:update|news|progress)\W+(?:on|about|with)\W+(?:my|the|this)
      \W+(?:ticket|case|issue|request|complaint|problem|enquiry)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HERS = (
    r"(?:(?:e-?mail|phone|mobile|shipping|billing|home|contact|customer)\W+)?"
    r"(?:address|e-?mails?|phone|number|name|birthday|date\W+of\W+birth|details|id|plan"
    r"|preferences?)"
)
_ABOUT_CUSTOMER = re.compile(
    rf"""
    \bdo\W+you\W+(?:\w+\W+)?(?:know|have|hold)\W+my\W+(?:\w+\W+)?{_HERS}\b
    | \b(?:know|have|hold|keep|store[d]?|save[d]?|remember)\W+(?:\w+\W+)?
      (?:about|for|of)\W+me\b
    | \bwhat(?:'?s|\W+is|\W+are)\W+my\W+{_HERS}\b
    | \b(?:which|what)\W+(?:\w+\W+){{1,3}}?(?:do|am)\W+i\W+(?:\w+\W+)?
      (?:have|own|use|wear|on|registered)\b
    | \b(?:in|on)\W+(?:your|my)\W+(?:file|records|system)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def cues(text: str) -> Mapping[str, float]:
    """Return the intents that the words of a question name, with their worth."""
    found: dict[str, float] = {}
    if _wants_person(text):
        found[PERSON] = WORTH
    if is_greeting(text) or is_thanks(text) or is_goodbye(text):
        found[SMALL_TALK] = WORTH
    if _PENDING.search(text):
        found[PENDING] = WORTH
    elif _PAST.search(text):
        found[PAST] = WORTH
    elif _ABOUT_CUSTOMER.search(text):
        found[ABOUT_CUSTOMER] = WORTH
    return found
