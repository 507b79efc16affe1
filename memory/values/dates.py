"""Days and times of day; what is left out of a date stays left out."""

import re
from datetime import UTC, date, datetime
from typing import Final

from dateparser.date import DateDataParser

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMERIC: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})")
_YEAR: Final = re.compile(r"\b(?:19|20)\d{2}\b")
_RELATIVE: Final = re.compile(
    r"\b(?:ago|yesterday|today|tomorrow|last|next|this|in \d|\w+day)\b", re.IGNORECASE
)
_DISTANT: Final = re.compile(r"\b(last|this|next) (week|month|year)\b", re.IGNORECASE)
_WEEK: Final = re.compile(r"\b(?:last|this|next) week(?:end)?\b", re.IGNORECASE)
_ONLY_A_DAY: Final = re.compile(r"(?:the )?\d{1,2}(?:st|nd|rd|th)?", re.IGNORECASE)
_CLOCK: Final = re.compile(
    r"\b(\d{1,2})(?:[:.](\d{2}))?\s*(a\.?m\.?|p\.?m\.?|h|o'?clock)?(?!\w)",
    re.IGNORECASE,
)
_LANGUAGES: Final = ["en", "de", "fr", "es", "it", "nl"]
_CENTURY: Final = 2000
# What is no moment but a day of the calendar has no time zone. A leap year's January.
_ANY_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MONTHS: Final = 12
_LAST_HOUR: Final = 23


def day(value: str, said_at: datetime | None, region: str = "") -> str:
    """Return a date as ISO 8601: what was left out is left out there, too.

    "March 2025" is "2025-03", "12 May" is "--05-12", "2024" itself; "yesterday" is
    counted from the message. An order of day and month that is not plain has no form,
    unless the region has one.
    """
    words = " ".join(value.replace(",", " ").split())
    if match := _ISO.fullmatch(words):
        return _written(*map(int, match.groups()))
    if match := _NUMERIC.fullmatch(words):
        return _numeric(match, region)
    if _YEAR.fullmatch(words) or _ONLY_A_DAY.fullmatch(words):
        return words if _YEAR.fullmatch(words) else ""
    if said_at is None and _RELATIVE.search(words):
        return ""
    found = _parser((said_at or _ANY_DAY).replace(tzinfo=None)).get_date_data(
        _DISTANT.sub(_distance, re.sub(r"(?<=\d) (?=(?:st|nd|rd|th)\b)", "", words))
    )
    if found.date_obj is None:
        return ""
    period = "week" if _WEEK.search(words) else found.period
    return _as_far_as_said(words, found.date_obj.date(), period)


def clock(value: str) -> str:
    """Return a time of day as "15:30"."""
    times = list(_CLOCK.finditer(value))
    if len(times) != 1:
        return ""
    hour, minute = int(times[0][1]), int(times[0][2] or 0)
    half = (times[0][3] or "").lower().replace(".", "")
    if not half and not times[0][2]:
        return ""
    if half in ("am", "pm"):
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{minute:02}" if hour <= _LAST_HOUR else ""


def _as_far_as_said(words: str, found: date, period: str) -> str:
    if period == "year":
        return f"{found.year:04}"
    if period == "week":
        return "{}-W{:02}".format(*found.isocalendar())
    with_year = _YEAR.search(words) or _RELATIVE.search(words)
    if period == "month":
        return (
            f"{found.year:04}-{found.month:02}" if with_year else f"--{found.month:02}"
        )
    return found.isoformat() if with_year else f"--{found.month:02}-{found.day:02}"


def _numeric(match: re.Match[str], region: str) -> str:
    first, second, year = map(int, match.groups())
    year += _CENTURY if len(match[3]) < len("2026") else 0
    if first > _MONTHS >= second or first == second:
        return _written(year, second, first)
    if second > _MONTHS >= first:
        return _written(year, first, second)
    if not region:
        return ""
    # Source: CLDR; the United States and the Philippines put the month first.
    month_first = region in ("US", "PH")
    return _written(year, *((first, second) if month_first else (second, first)))


def _written(year: int, month: int, in_month: int) -> str:
    try:
        return date(year, month, in_month).isoformat()
    except ValueError:
        return ""


def _distance(match: re.Match[str]) -> str:
    which, unit = match[1].lower(), match[2].lower()
    if which == "this":
        return f"0 {unit}s ago"
    return f"1 {unit} ago" if which == "last" else f"in 1 {unit}"


def _parser(base: datetime) -> DateDataParser:
    return DateDataParser(
        languages=_LANGUAGES,
        settings={
            "RELATIVE_BASE": base,
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
            "PREFER_MONTH_OF_YEAR": "first",
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
