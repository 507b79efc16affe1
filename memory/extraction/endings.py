"""What the customer says is over: numbers, plans, memberships, jobs."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed

_KEYS = {
    "number": "phone",
    "phone": "phone",
    "phone number": "phone",
    "mobile": "phone",
    "mobile number": "phone",
    "email": "email",
    "e-mail": "email",
    "email address": "email",
    "e-mail address": "email",
    "address": "street_address",
    "home address": "street_address",
    "plan": "plan",
    "username": "username",
    "name": "customer_name",
    "employer": "employer",
}
_NOUN = "|".join(sorted(map(re.escape, _KEYS), key=len, reverse=True))
_NOT_MINE = re.compile(
    rf"\b(?:that|this|it)(?:(?:'s| is|s) (?:not|no longer)|(?: is|i)sn'?t) (?:my|our) "
    rf"(?:right |correct )?(?P<noun>{_NOUN})(?: now| any ?more)\b"
    rf"|\b(?:that|this|it)(?:'s| is) no longer (?:my|our) (?P<noun2>{_NOUN})\b"
    rf"|\b(?:my|that|the) (?:old |current )?(?P<noun3>{_NOUN}) (?:(?:you have )?(?:on "
    r"file )?)?(?:is no longer (?:valid|in use|active|mine|correct)|is not (?:valid|"
    r"mine|in use) any ?more|has been (?:disconnected|closed))\b"
    rf"|\bi (?:no longer have|don'?t have|do not have) (?:that|this) (?P<noun4>{_NOUN})"
    r"(?: any ?more)?\b",
    re.IGNORECASE,
)
_LEVELS = r"bronze|silver|gold|platinum|diamond|premium|vip|elite"
_MEMBERSHIP = re.compile(
    r"\b(?:i|we)(?:'ve| have)? (?:just |already |recently )?(?:cancell?ed|ended|quit|"
    r"left|gave up|dropped|lost) (?:my|our|the) "
    rf"(?P<value>{_LEVELS})(?: level| tier)? (?:membership|status|tier|card|level)\b"
    rf"|\b(?:i'?m|i am|we are|we're) (?:not|no longer) an? (?P<value2>{_LEVELS}) "
    r"(?:member|customer)\b"
    rf"|\bmy (?P<value3>{_LEVELS}) (?:membership|status) (?:has )?(?:ended|expired|"
    r"lapsed|ran out|is over|was cancell?ed|is cancell?ed)\b",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:i|we)(?:'ve| have)? (?:just |already |recently )?(?:cancell?ed|ended|quit|"
    r"dropped|gave up) (?:my|our|the) (?:(?P<value>[\w-]+) )?(?:plan|subscription|"
    r"tariff)\b"
    r"|\b(?:i'?m|i am|we are|we're) (?:not|no longer) on (?:the|a|your|my) "
    r"(?P<value2>[\w-]+) (?:plan|subscription|tariff)\b",
    re.IGNORECASE,
)
_WORKED = re.compile(
    r"\bi (?:no longer|don'?t|do not) work (?:for|at) "
    r"(?P<value>(?-i:[A-Z])[\w&'-]+(?: (?-i:[A-Z])[\w&'-]+){0,3})"
    r"|\bi(?:'ve| have)? (?:just |recently )?(?:left|quit) my job (?:at|with) "
    r"(?P<value2>(?-i:[A-Z])[\w&'-]+(?: (?-i:[A-Z])[\w&'-]+){0,3})",
    re.IGNORECASE,
)


_GIVEN_UP = (("member_level", _MEMBERSHIP), ("plan", _PLAN), ("employer", _WORKED))


def endings(said: Utterance) -> Iterator[Finding]:
    """Numbers and addresses that are hers no longer, what she gave up or left."""
    for match in _NOT_MINE.finditer(said.text):
        noun = next(filter(None, match.groupdict().values())).lower()
        start, end = trimmed(said.text, *match.span())
        yield _over(_KEYS[noun], "", start, end)
    for key, pattern in _GIVEN_UP:
        for match in pattern.finditer(said.text):
            named = [name for name, value in match.groupdict().items() if value]
            if named and match[named[0]].lower() not in ("my", "the", "your"):
                value = match[named[0]]
                value = value.lower() if key == "member_level" else value
                yield _over(key, value, *match.span(named[0]))
            else:
                yield _over(key, "", *trimmed(said.text, *match.span()))


def _over(key: str, value: str, start: int, end: int) -> Finding:
    what = value or key.replace("_", " ")
    return Finding(
        key,
        value,
        start,
        end,
        0.85,
        ends=True,
        sentence=f"No longer: {what}.",
    )
