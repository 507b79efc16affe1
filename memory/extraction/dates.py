"""Dates as people write them, and the moment they mean."""

import re
from datetime import UTC, datetime

import dateparser

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
DATE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|"
    rf"{_MONTHS}\.? \d{{1,2}}(?: ?(?:st|nd|rd|th))?(?:,? \d{{4}})?\b|"
    rf"\d{{1,2}}(?: ?(?:st|nd|rd|th))?(?: of)? {_MONTHS}\b(?:,? \d{{4}})?|"
    rf"(?:last |this )?{_MONTHS}\b(?: \d{{4}})?|yesterday|today|"
    r"(?:last|this) (?:week|month|year|summer|winter|spring|autumn|fall|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|weekend)|"
    r"(?:\d+|an?|one|two|three|four|five|six|several|a few|a couple of) "
    r"(?:days?|weeks?|months?|years?) ago|(?:19|20)\d{2}\b(?![-/.]?\d))"
)
"""A pattern (ignore case) for one date expression."""

_NAMED_DAY = re.compile(r"\b(?:last|this|next) ", re.IGNORECASE)
_PERIOD = re.compile(
    r"\b(last|this|next) (week|month|year|weekend|summer|winter|"
    r"spring|autumn|fall)\b",
    re.IGNORECASE,
)
_SEASONS = {
    "winter": "january",
    "spring": "april",
    "summer": "july",
    "autumn": "october",
    "fall": "october",
}


def resolved(words: str, said_at: datetime, *, future: bool = False) -> datetime | None:
    """The moment that ``words`` mean when said at ``said_at``; None if unclear.

    ``future`` decides what an undated "in May" means: the next May or the last.
    """
    plain = _PERIOD.sub(_as_distance, words)
    plain = re.sub(r"(?<=\d) (?=(?:st|nd|rd|th)\b)", "", plain)
    plain = _NAMED_DAY.sub("", plain)
    found = dateparser.parse(
        plain,
        languages=["en"],
        settings={
            "RELATIVE_BASE": said_at.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future" if future else "past",
            "PREFER_DAY_OF_MONTH": "first",
            "PREFER_MONTH_OF_YEAR": "first",
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
    return found.replace(tzinfo=said_at.tzinfo or UTC) if found else None


def _as_distance(match: re.Match[str]) -> str:
    """Turn "last week" into words the date parser resolves."""
    which, unit = match.group(1).lower(), match.group(2).lower()
    if unit in _SEASONS:
        return _SEASONS[unit]
    unit = "week" if unit == "weekend" else unit
    if which == "this":
        return "today"
    return f"1 {unit} ago" if which == "last" else f"in 1 {unit}"
