"""The stretches of time in a question, with what it says of them: "since", "early"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from memory.recall.times import civil, counting, dates, phrases, seasons, words
from memory.recall.times.civil import DAY, Asked, Span
from memory.recall.types import Period

# A pasted letter names many days, and the question is not in the middle of it.
MAX_CHARS: Final = 2_000
_RULES: Final = (*dates.RULES, *seasons.RULES, *phrases.RULES, *counting.RULES)
_LEAD_CHARS: Final = 60
_FUTURE: Final = re.compile(
    r"\b(?:will|won't|shall|upcoming)\b|['\u2019]ll\b|(?<!was )(?<!were )\bgoing to\b|"
    r"(?<!was )(?<!were )\bgonna\b",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.?!](?=\s|$)|\n")

_PART: Final = re.compile(
    r"\b(?:(?P<begins>(?:the )?(?:beginning|start) of|early(?: in)?)|"
    r"(?P<middle>(?:the )?middle of|mid)|"
    r"(?P<ends>(?:the )?end of|late(?: in)?)|"
    r"(?P<half>(?:the )?(?:first|second|last) half of)|"
    r"(?P<week>(?:the )?(?:first|last) week of)|"
    r"(?P<earlier>earlier(?: in)?))[\s-]+(?:the\s+)?$",
    re.IGNORECASE,
)
_RELATION: Final = re.compile(
    r"\b(?P<relation>(?:ever )?since|starting(?: from| on| in)?|after|before|prior to|"
    r"until|till|up to|up until|by|from|between)\s+(?:about |around )?(?:the\s+)?$",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(
    rf"\b(?P<count>the|{words.NUMBER}) (?P<unit>day|night|week|month|year)s? "
    r"(?P<side>before|after)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ONWARDS: Final = re.compile(
    r"\s+(?:on\b(?! the\b)|onwards?\b|forward\b)", re.IGNORECASE
)
_TO: Final = re.compile(
    r"\s*(?:and|to|until|till|up to|through|thru|-|\u2013)\s*(?:the\s+)?", re.IGNORECASE
)
_BESIDE: Final = re.compile(
    r"(?:['\u2019]s)?,?\s+(?:(?:of|in|on|at|around|over)\s+)?(?:the\s+)?|,?\s*"
)
_UNITS: Final = {"day": 1, "night": 1, "week": 7, "month": 30, "year": 365}


class _Sentence(NamedTuple):
    """Where a sentence ends, and whether it is about what is to come."""

    ends: int
    future: bool


@dataclass(frozen=True, slots=True)
class _Named:
    """One expression of time in a text.

    Attributes:
        begins: Where its words begin, those that stand before it included.
        core: Where the words that name a time begin.
    """

    begins: int
    core: int
    ends: int
    spans: tuple[Span, ...]
    match: re.Match[str]
    read: words.Reader
    relation: str = ""


def tells_time(text: str) -> bool:
    """Return whether a question has a word that may tell a time: most have none."""
    said = words.of(text[-MAX_CHARS:])
    return any(not rule.words.isdisjoint(said) for rule in _RULES)


def find(text: str, *, now: datetime, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return the stretches of time that a question names, in the order of its words.

    One that can be read in two ways ("5/8/2023" where the order of day and month is
    not known) is given in both.

    Args:
        text: The question, in English.
        now: When it was asked, with a time zone.
        zone: Where whoever asks is.
    """
    text = text[-MAX_CHARS:]
    said = words.of(text)
    rules = [rule for rule in _RULES if not rule.words.isdisjoint(said)]
    if not rules:
        return ()
    local = now.astimezone(zone).replace(tzinfo=None)
    named = [
        _with_lead(text, each) for each in _longest(_named(text, rules, local, zone))
    ]
    kept = _joined(text, _narrowed(text, _uncovered(named), zone), zone)
    periods = [
        Period(
            civil.in_utc(span.start, zone),
            civil.in_utc(span.end, zone),
            text[each.begins : each.ends].strip(),
        )
        for each in kept
        for span in each.spans
    ]
    return tuple(dict.fromkeys(periods))


def _named(
    text: str, rules: Sequence[words.Rule], local: datetime, zone: ZoneInfo
) -> Iterator[_Named]:
    sentences = list(_sentences(text))
    for _, pattern, read in rules:
        for match in pattern.finditer(text):
            future = next(it.future for it in sentences if match.start() < it.ends)
            spans = tuple(read(match, Asked(local, zone, future)))
            if spans:
                yield _Named(
                    match.start(), match.start(), match.end(), spans, match, read
                )


def _sentences(text: str) -> Iterator[_Sentence]:
    begins = 0
    for end in _SENTENCE_END.finditer(text):
        yield _Sentence(end.end(), bool(_FUTURE.search(text, begins, end.end())))
        begins = end.end()
    yield _Sentence(len(text) + 1, bool(_FUTURE.search(text, begins)))


def _longest(found: Iterator[_Named]) -> list[_Named]:
    """Return those that do not overlap; of two that do, the longer."""
    kept: list[_Named] = []
    for each in sorted(found, key=lambda it: (it.core - it.ends, it.core)):
        if all(each.ends <= other.core or other.ends <= each.core for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda it: it.core)


def _with_lead(text: str, named: _Named) -> _Named:
    """Read what stands before an expression: "since early", "two days after"."""
    left = text[max(0, named.core - _LEAD_CHARS) : named.core]
    spans, length = named.spans, len(left)
    if part := _PART.search(left):
        spans = tuple(_part(span, part) for span in spans)
        left = left[: part.start()]
    if offset := _OFFSET.search(left):
        spans = tuple(_offset(span, offset) for span in spans)
        left = left[: offset.start()]
    relation = _RELATION.search(left)
    if relation:
        left = left[: relation.start()]
    return replace(
        named,
        begins=named.core - (length - len(left)),
        spans=spans,
        relation=" ".join(relation["relation"].lower().split()) if relation else "",
    )


def _part(span: Span, part: re.Match[str]) -> Span:
    said = part[0].lower()
    if span.start is None or span.end is None:
        return span
    if part["half"]:
        return civil.half(span, 0 if "first" in said else 1)
    if part["week"]:
        week = timedelta(days=7)
        first = Span(span.start, span.start + week)
        return first if "first" in said else Span(span.end - week, span.end)
    if part["earlier"]:
        return span
    return civil.part(span, 0 if part["begins"] else 1 if part["middle"] else 2)


def _offset(span: Span, offset: re.Match[str]) -> Span:
    """Return the time before or after a span: "the week before Christmas"."""
    if span.start is None or span.end is None:
        return span
    unit, is_before = offset["unit"].lower(), offset["side"].lower() == "before"
    if offset["count"].lower() == "the":
        length = timedelta(days=_UNITS[unit])
        if is_before:
            return Span(span.start - length, span.start)
        return Span(span.end, span.end + length)
    count = words.number(offset["count"])
    distance = timedelta(days=_UNITS[unit] * count)
    on = span.start - distance if is_before else span.end - DAY + distance
    return counting.around(on.date(), count, unit, date.max - DAY * 366)


def _uncovered(named: Sequence[_Named]) -> list[_Named]:
    """Leave out what only stands before another: "last week" in "last week of May"."""
    return [
        each
        for place, each in enumerate(named)
        if all(other.begins >= each.ends for other in named[place + 1 :])
    ]


def _narrowed(text: str, named: Sequence[_Named], zone: ZoneInfo) -> list[_Named]:
    """Read two that stand together as one: "in May last year", "last week, Monday"."""
    kept: list[_Named] = []
    for each in named:
        between = text[kept[-1].ends : each.core] if kept else ""
        if kept and each.relation == "" and _BESIDE.fullmatch(between):
            both = _within(kept[-1], each, zone) or _within(each, kept[-1], zone)
            if both is not None:
                kept[-1] = replace(
                    both,
                    begins=kept[-1].begins,
                    ends=each.ends,
                    relation=kept[-1].relation,
                )
                continue
        kept.append(each)
    return kept


def _within(wide: _Named, narrow: _Named, zone: ZoneInfo) -> _Named | None:
    """Return the narrow one as it is meant within the wide one, if it can be."""
    span = wide.spans[0]
    if len(wide.spans) > 1 or span.start is None or span.end is None:
        return None
    for at in (span.end - timedelta(minutes=1), span.end):
        if at.tzinfo is not None:
            return None
        meant = tuple(narrow.read(narrow.match, Asked(at, zone)))
        if meant and all(span.contains(each) for each in meant):
            return replace(narrow, spans=meant)
    return None


def _joined(text: str, named: Sequence[_Named], zone: ZoneInfo) -> Iterator[_Named]:
    """Join "between A and B", and give each one the ends that its words say."""
    waiting = list(named)
    while waiting:
        first = waiting.pop(0)
        if first.relation in {"between", "from"} and waiting:
            joined = _spanned(text, first, waiting[0], zone)
            if joined is not None:
                waiting.pop(0)
                yield joined
                continue
        onwards = first.relation == "from" and _ONWARDS.match(text, first.ends)
        relation = "since" if onwards else first.relation
        yield replace(
            first, spans=tuple(_related(span, relation) for span in first.spans)
        )


def _spanned(text: str, first: _Named, last: _Named, zone: ZoneInfo) -> _Named | None:
    if not _TO.fullmatch(text, first.ends, last.core):
        between = text[first.ends : last.core]
        part = _PART.search(between)
        if not part or not _TO.fullmatch(between[: part.start()]):
            return None
    begins, ends = first.spans[0], last.spans[-1]
    if ends.start is None or ends.end is None or begins.start is None:
        return None
    if begins.start.tzinfo is None and begins.start >= ends.end:
        again = first.read(first.match, Asked(ends.end - timedelta(minutes=1), zone))
        begins = again[0] if again else begins
    if begins.start is None or begins.start.tzinfo or begins.start >= ends.end:
        return None
    return replace(first, ends=last.ends, spans=(Span(begins.start, ends.end),))


def _related(span: Span, relation: str) -> Span:
    if relation.endswith("since") or relation.startswith("starting"):
        return Span(span.start, None)
    match relation:
        case "after":
            return Span(span.end, None)
        case "before" | "prior to":
            return Span(None, span.start)
        case "until" | "till" | "up to" | "up until" | "by":
            return Span(None, span.end)
    return span
