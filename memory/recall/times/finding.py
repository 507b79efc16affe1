"""The stretches of time in a question, with what it says of them: "since", "early"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from memory.recall.times import civil, counting, dates, phrases, seasons, words
from memory.recall.times.civil import Asked, Span
from memory.recall.times.leads import PART, Named, with_lead
from memory.recall.types import Period

# A pasted letter names many days, and the question is not in the middle of it.
MAX_CHARS: Final = 2_000
_RULES: Final = (*dates.RULES, *seasons.RULES, *phrases.RULES, *counting.RULES)
_FUTURE: Final = re.compile(
    r"\b(?:will|won't|shall|upcoming)\b|['\u2019]ll\b|(?<!was )(?<!were )\bgoing to\b|"
    r"(?<!was )(?<!were )\bgonna\b",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.?!](?=\s|$)|\n")

_ONWARDS: Final = re.compile(
    r"\s+(?:on\b(?! the\b)|onwards?\b|forward\b)", re.IGNORECASE
)
_TO: Final = re.compile(
    r"\s*(?:and|to|until|till|up to|through|thru|-|\u2013)\s*(?:the\s+)?", re.IGNORECASE
)
_BESIDE: Final = re.compile(
    r"(?:['\u2019]s)?,?\s+(?:(?:of|in|on|at|around|over)\s+)?(?:the\s+)?|,?\s*"
)


class _Sentence(NamedTuple):
    """Where a sentence ends, and whether it is about what is to come."""

    ends: int
    future: bool


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
        with_lead(text, each) for each in _longest(_named(text, rules, local, zone))
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
) -> Iterator[Named]:
    sentences = list(_sentences(text))
    for _, pattern, read in rules:
        for match in pattern.finditer(text):
            future = next(it.future for it in sentences if match.start() < it.ends)
            spans = tuple(read(match, Asked(local, zone, future)))
            if spans:
                yield Named(
                    match.start(), match.start(), match.end(), spans, match, read
                )


def _sentences(text: str) -> Iterator[_Sentence]:
    begins = 0
    for end in _SENTENCE_END.finditer(text):
        yield _Sentence(end.end(), bool(_FUTURE.search(text, begins, end.end())))
        begins = end.end()
    yield _Sentence(len(text) + 1, bool(_FUTURE.search(text, begins)))


def _longest(found: Iterator[Named]) -> list[Named]:
    """Return those that do not overlap; of two that do, the longer."""
    kept: list[Named] = []
    for each in sorted(found, key=lambda it: (it.core - it.ends, it.core)):
        if all(each.ends <= other.core or other.ends <= each.core for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda it: it.core)


def _uncovered(named: Sequence[Named]) -> list[Named]:
    """Leave out what only stands before another: "last week" in "last week of May"."""
    return [
        each
        for place, each in enumerate(named)
        if all(other.begins >= each.ends for other in named[place + 1 :])
    ]


def _narrowed(text: str, named: Sequence[Named], zone: ZoneInfo) -> list[Named]:
    """Read two that stand together as one: "in May last year", "last week, Monday"."""
    kept: list[Named] = []
    for each in named:
        if kept and (day := _day_beside(text, kept[-1], each, zone)):
            kept[-1] = day
            continue
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


def _day_beside(text: str, day: Named, other: Named, zone: ZoneInfo) -> Named | None:
    """Return "the Sunday before 25 October" as that one day, where it is said so."""
    span = other.spans[0]
    if (
        day.read is not phrases.weekday
        or other.relation not in {"before", "after"}
        or text[day.ends : other.begins].strip()
        or span.start is None
        or span.end is None
        or span.start.tzinfo
    ):
        return None
    is_before = other.relation == "before"
    at = span.start if is_before else span.end - timedelta(minutes=1)
    spans = tuple(day.read(day.match, Asked(at, zone, future=not is_before)))
    return replace(day, ends=other.ends, spans=spans) if spans else None


def _within(wide: Named, narrow: Named, zone: ZoneInfo) -> Named | None:
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


def _joined(text: str, named: Sequence[Named], zone: ZoneInfo) -> Iterator[Named]:
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


def _spanned(text: str, first: Named, last: Named, zone: ZoneInfo) -> Named | None:
    if not _TO.fullmatch(text, first.ends, last.core):
        between = text[first.ends : last.core]
        part = PART.search(between)
        if not part or not _TO.fullmatch(between[: part.start()]):
            return None
    begins, ends = first.spans[0], last.spans[-1]
    if ends.start is None or ends.end is None or begins.start is None:
        return None
    if begins.start.tzinfo or ends.end.tzinfo:
        return None
    if begins.start >= ends.end:
        again = first.read(first.match, Asked(ends.end - timedelta(minutes=1), zone))
        begins = again[0] if again else begins
    if begins.start is None or begins.start >= ends.end:
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
