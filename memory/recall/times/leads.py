"""What stands before an expression of time: "since early", "the week before"."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from memory.recall.times import civil, counting, words
from memory.recall.times.civil import DAY, Span

_LEAD_CHARS: Final = 60
PART: Final = re.compile(
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
    rf"\b(?P<count>the|{words.NUMBER}) (?P<unit>day|night|weekend|week|month|year)s? "
    r"(?P<side>before|after)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_UNITS: Final = {"day": 1, "night": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True, slots=True)
class Named:
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


def with_lead(text: str, named: Named) -> Named:
    """Read what stands before an expression: "since early", "two days after"."""
    left = text[max(0, named.core - _LEAD_CHARS) : named.core]
    spans, length = named.spans, len(left)
    if part := PART.search(left):
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
    if unit == "weekend":
        return _weekend(span.start if is_before else span.end, is_before=is_before)
    if offset["count"].lower() == "the":
        length = timedelta(days=_UNITS[unit])
        if is_before:
            return Span(span.start - length, span.start)
        return Span(span.end, span.end + length)
    count = words.number(offset["count"])
    distance = timedelta(days=_UNITS[unit] * count)
    on = span.start - distance if is_before else span.end - DAY + distance
    return counting.around(on.date(), count, unit, date.max - DAY * 366)


def _weekend(at: datetime, *, is_before: bool) -> Span:
    """Return the last weekend before a moment, or the first one after it."""
    near = civil.weekend(at.date())
    if is_before:
        ended = near.end is not None and near.end <= at
        return near if ended else civil.weekend(at.date() - DAY * 7)
    begins = near.start is not None and near.start >= at
    return near if begins else civil.weekend(at.date() + DAY * 7)
