"""What can be looked up in a text: names, numbers, dates, in one form each.

Two texts say the same detail when they have its form in common: "14 March" is
"14/03" and "March 14th", "two" is "2", "3 pm" is "15:00".
"""

import calendar
import re
from collections.abc import Callable, Iterable

_MONTHS = {
    form.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, form in enumerate(names)
    if form
} | {"sept": 9}
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
_COUNTS = {
    word: number
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905 - a word list reads better as words
        start=2,
    )
}
_NOON = 12
_THOUSANDS = 3
# With more capitals than this inside its sentences a text is in a language or a style
# in which they do not mark names.
_CAPITALS_MARK_NAMES = 0.25
# What is counted: the word after a number, where it is a thing and not "to" or "by".
_COUNTED = (
    r"(?: (?!(?:to|by|of|on|in|at|for|and|or|is|are|was|were|the|a|an|from|with|but"
    r"|that|this|so|as|if|it|i|we|you|not|please|has|have|will|can|came)\b)[a-z]+)?"
)
_NAME_WORD = r"[^\W\d_a-z][^\W\d_A-Z]+(?:[-'][^\W\d_]+)*"
_NAME = re.compile(rf"(?<=[^\W\dA-Z_,;:] ){_NAME_WORD}(?: {_NAME_WORD})*")
_INNER_WORD = re.compile(r"(?<=[^\W_,;] )[^\W\d_]{2,}")
_NO_NAMES = frozenset(
    """
    i i'm i'll i've i'd hi hello hey thanks thank yes no ok okay please sir madam mr
    mrs ms dr customer agent assistant desk
    """.split()  # noqa: SIM905 - a word list reads better as words
) | {*_MONTHS, *_WEEKDAYS}


def details(text: str, *, names: bool = True) -> dict[str, str]:
    """Return the details of a text: the form to compare by, and how it is written.

    Args:
        text: Any text; the patterns for months and counting words are English.
        names: Whether capitals inside sentences mark names (`capitals_mark_names`).
    """
    found: dict[str, str] = {}
    rest = text.replace("\u2019", "'").replace("\u00a0", " ")
    for pattern, form in _FINDERS:

        def take(match: re.Match[str], form: _Form = form) -> str:
            key = form(match)
            if key:
                found.setdefault(key, match.group().strip())
            # What one pattern has read is not read again by the next; the words
            # around it stay apart.
            return " , " if key else match.group()

        rest = pattern.sub(take, rest)
    if names:
        found |= _names(rest)
    return found


def says(text: str, forms: Iterable[str], *, own: Iterable[str]) -> set[str]:
    """Return which details a text says.

    Args:
        text: The text that is searched.
        forms: The forms of the details that are looked for.
        own: The forms of its own details.
    """
    have = set(own)
    words = set(re.findall(r"\w+", text.casefold()))
    return {
        form
        for form in forms
        if form in have
        or (form.startswith("#") and form[1:] in words)
        or (form.startswith("name:") and set(form[5:].split()) <= words)
    }


def capitals_mark_names(texts: Iterable[str]) -> bool:
    """Say whether few enough words inside the sentences begin with a capital."""
    words = [word for text in texts for word in _INNER_WORD.findall(text)]
    capitals = sum(word[0].isupper() for word in words)
    return bool(capitals <= _CAPITALS_MARK_NAMES * len(words))


_Form = Callable[[re.Match[str]], str]


def _as_written(match: re.Match[str]) -> str:
    return "=" + match.group().lower().rstrip(".")


def _identifier(match: re.Match[str]) -> str:
    code = re.sub(r"\W", "", match.group()).upper()
    # A bare number is the same with and without its "#".
    return f"#{code}" if code.isdigit() else f"={code}"


def _iso_date(match: re.Match[str]) -> str:
    return _date(match["month"], match["day"])


def _spelt_date(match: re.Match[str]) -> str:
    return _date(str(_MONTHS[match["month"].lower().rstrip(".")]), match["day"])


def _date(month: str, day: str) -> str:
    # Whether 03/04 is in March or in April nobody can tell: both orders are one form.
    low, high = sorted((int(month), int(day)))
    last_month, last_day = 12, 31
    return f"date:{low}-{high}" if 0 < low <= last_month and high <= last_day else ""


def _weekday(match: re.Match[str]) -> str:
    start = match.group().lower()[:3]
    return "day:" + next(day for day in _WEEKDAYS if day.startswith(start))


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), match["minute"] or "00"
    half = (match["half"] or "").lower().replace(".", "")
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    return f"time:{hour}:{minute}"


def _phone(match: re.Match[str]) -> str:
    return "#" + re.sub(r"\D", "", match.group())


def _number(match: re.Match[str]) -> str:
    return "#" + _plain_number(match["number"])


def _plain_number(written: str) -> str:
    """Return "1,234.50" and "1.234,5" as "1234.5", "84.00" as "84"."""
    whole, fraction = re.sub(r"\s", "", written), ""
    last = max(whole.rfind("."), whole.rfind(","))
    if last >= 0 and len(whole) - last - 1 != _THOUSANDS:
        whole, fraction = whole[:last], whole[last + 1 :].rstrip("0")
    whole = re.sub(r"[.,]", "", whole).lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _count(match: re.Match[str]) -> str:
    return f"#{_COUNTS[match['count'].lower()]}"


def _names(text: str) -> dict[str, str]:
    found = {}
    for match in _NAME.finditer(text):
        words = [word.removesuffix("'s") for word in match.group().split()]
        kept = [word for word in words if word.casefold() not in _NO_NAMES]
        if kept:
            found[f"name:{' '.join(kept).casefold()}"] = " ".join(kept)
    return found


_FINDERS: tuple[tuple[re.Pattern[str], _Form], ...] = (
    (
        re.compile(r"https?://\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"),
        _as_written,
    ),
    (
        re.compile(r"\b\d{4}-(?P<month>\d{2})-(?P<day>\d{2})\b"),
        _iso_date,
    ),
    (
        re.compile(
            rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?(?P<month>{_MONTH})\b"
            r"(?:,? \d{4}\b)?",
            re.IGNORECASE,
        ),
        _spelt_date,
    ),
    (
        re.compile(
            rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"
            r"(?:,? \d{4}\b)?",
            re.IGNORECASE,
        ),
        _spelt_date,
    ),
    (
        re.compile(
            r"\b(?P<day>\d{1,2})[/.](?P<month>\d{1,2})(?:[/.](?:\d{4}|\d{2})\b"
            r"|(?<=/\d)(?!\d)|(?<=/\d\d)\b|\.(?= [a-z]|$))"
        ),
        _iso_date,
    ),
    (
        re.compile(
            r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
            r"|(?-i:Mon|Tue|Wed|Thu|Fri|Sat|Sun))\b",
            re.IGNORECASE,
        ),
        _weekday,
    ),
    (
        re.compile(
            r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s?(?P<half>[ap]\.?m\b\.?)",
            re.IGNORECASE,
        ),
        _time,
    ),
    (re.compile(r"\b(?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<half>)\b"), _time),
    (
        re.compile(
            r"\b[A-Za-z]{1,6}-?\d[\w-]*\d\b|\b\d+[A-Z]+[\dA-Z]*\d\b|#\s?\d+\b"
            r"|\b\d{2,}(?:-\d{2,})+\b"
        ),
        _identifier,
    ),
    (re.compile(r"(?<!\w)\+?\d(?:[ ()/-]{0,2}\d){7,}\b"), _phone),
    (
        re.compile(
            r"(?:[€$£] ?)?(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*)"
            rf"(?:[A-Za-z]{{1,3}}\b| ?[€%]|\b{_COUNTED})"
        ),
        _number,
    ),
    (
        re.compile(rf"\b(?P<count>{'|'.join(_COUNTS)})\b{_COUNTED}", re.IGNORECASE),
        _count,
    ),
)
"""What is read first is not read again: a date is no number. In this order."""
