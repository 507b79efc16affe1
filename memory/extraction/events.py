"""Things that happened to the customer, with the date they happened on."""

import re
from collections.abc import Iterator

from memory.extraction.dates import DATE, resolved
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed
from memory.extraction.vocabulary import words

_WHEN = rf"(?:(?:,? (?:back )?(?:in|on|at|since|around|the))* ?(?P<when>{DATE}))"
_REST = r"[^.?!,;\n]{0,60}?"
_HAPPENED = re.compile(
    r"\b(?:i|we)(?:'ve| have)? (?:just |recently |finally |also |already |both )?"
    r"(?P<value>(?P<verb>moved|got married|got engaged|got divorced|graduated|retired|"
    r"changed jobs|started (?:a new job|working|university|college|school)|"
    r"(?:bought|sold) (?:a|my|our|the) (?:new )?(?:house|home|flat|apartment|car)|"
    r"lost my job|quit my job|had a baby|adopted|opened (?:a|my|our)|launched|"
    r"travell?ed|went|visited|returned from|came back from|flew|joined|attended|"
    r"celebrated|won|broke)\b"
    rf"{_REST})(?:{_WHEN}|(?=[.?!,;\n]|$))",
    re.IGNORECASE,
)
_NEEDS_DATE = words(
    "celebrated moved went visited attended won broke travelled traveled flew joined"
)
_BIRTHDAY = re.compile(
    r"\bmy birthday(?: is|'s)(?: on)?(?: the)? (?P<value>" + DATE + r")",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"\b(?:to|with|from|by|a|an|my|and)$", re.IGNORECASE)
_LINKING = re.compile(r"[\s,]*\b(?:back|in|on|at|since|around|the)$", re.IGNORECASE)


def events(said: Utterance) -> Iterator[Finding]:
    """What the customer says has happened, dated from the day she said it."""
    for match in _HAPPENED.finditer(said.text):
        when, verb = match["when"], match["verb"].lower()
        if verb in _NEEDS_DATE and not when:
            continue
        start, end = trimmed(said.text, *match.span("value"))
        what = said.text[start:end]
        while shorter := _LINKING.sub("", what):
            if shorter == what:
                break
            what = shorter
        if (what.lower() == verb and verb in _NEEDS_DATE) or _DANGLING.search(what):
            continue
        stop = match.end("when") if when else end
        value = said.text[start:stop]
        yield Finding(
            "event",
            value,
            start,
            stop,
            0.8,
            event_at=resolved(when, said.turn.sent_at) if when else None,
            sentence=f"{value[0].upper()}{value[1:]}.",
        )


def birthdays(said: Utterance) -> Iterator[Finding]:
    """The customer's birthday, when she names it herself."""
    for match in _BIRTHDAY.finditer(said.text):
        start, end = match.span("value")
        yield Finding("birthday", match["value"], start, end, 0.8)
