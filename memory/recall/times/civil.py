"""Days, weeks, months and seasons, as the clock on somebody's wall shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import pytz

DAY: Final = timedelta(days=1)
MONTHS_OF_A_QUARTER: Final = 3
_PARTS: Final = 3
# Source: meteorological seasons (World Meteorological Organization): whole months.
_FIRST_MONTH: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
# Source: CLDR; these two write the month first. What Canadians mean is not plain.
_MONTH_FIRST: Final = {"US", "PH"}
_NOT_PLAIN: Final = {"", "CA"}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time on the wall's clock, half open; None is without an end.

    Attributes:
        start: Without a zone; with one, it is a moment of the whole world's.
        end: The first moment after it.
    """

    start: datetime | None
    end: datetime | None

    def contains(self, other: "Span") -> bool:
        """Whether another one, with both of its ends, lies within."""
        if None in {self.start, self.end, other.start, other.end}:
            return False
        mine, its = (self.start, self.end), (other.start, other.end)
        # A moment of the whole world's is on no wall's clock.
        if len({end.tzinfo is None for end in (*mine, *its) if end}) > 1:
            return False
        return mine[0] <= its[0] and its[1] <= mine[1]  # type: ignore[operator]  # none of them is None


@dataclass(frozen=True, slots=True)
class Asked:
    """When and where a question was asked.

    Attributes:
        now: The moment, on the clock of the place.
        zone: Of the place.
        future: Whether the sentence is about what is to come.
    """

    now: datetime
    zone: ZoneInfo
    future: bool = False

    @property
    def today(self) -> date:
        """The day on which it was asked."""
        return self.now.date()

    @property
    def moment(self) -> datetime:
        """The moment, in UTC."""
        return self.now.replace(tzinfo=self.zone).astimezone(UTC)


def days(first: date, last: date | None = None) -> Span:
    """Return the span from the first of these days to the end of the last."""
    return Span(_midnight(first), _midnight((last or first) + DAY))


def hours(on: date, first: int, last: int) -> Span:
    """Return some hours of a day; above 24 they are the next day's."""
    start = _midnight(on)
    return Span(start + timedelta(hours=first), start + timedelta(hours=last))


def week(of: date) -> Span:
    """Return the week of a day, from Monday on. Source: ISO 8601."""
    monday = of - timedelta(days=of.weekday())
    return days(monday, monday + timedelta(days=6))


def weekend(of: date) -> Span:
    """Return Saturday and Sunday of a day's week."""
    saturday = of + timedelta(days=5 - of.weekday())
    return days(saturday, saturday + DAY)


def month(year: int, number: int) -> Span:
    """Return a month; 13 is January of the next year, 0 December of the last."""
    return months(year, number, 1)


def months(year: int, first: int, count: int) -> Span:
    """Return some months, counted on from the first."""
    return Span(_first_of(year, first), _first_of(year, first + count))


def year(number: int) -> Span:
    """Return a year."""
    return months(number, 1, 12)


def quarter(of_year: int, number: int) -> Span:
    """Return a quarter; 0 is the last one of the year before."""
    first = (number - 1) * MONTHS_OF_A_QUARTER + 1
    return months(of_year, first, MONTHS_OF_A_QUARTER)


def season(of_year: int, name: str, zone: ZoneInfo) -> Span:
    """Return a season by the year in which it begins, on the zone's half of the globe.

    Without a place on the map ("UTC") the northern half is meant.
    """
    first = _FIRST_MONTH[name]
    if _place(zone.key)[1]:
        first = (first + 5) % 12 + 1
    return months(of_year, first, MONTHS_OF_A_QUARTER)


def part(span: Span, which: int) -> Span:
    """Return the first, second or last third of a span (0, 1, 2), in whole days."""
    if span.start is None or span.end is None:
        return span
    third = timedelta(days=max(1, round((span.end - span.start).days / _PARTS)))
    begins, ends = span.start + third, span.end - third
    return (
        Span(span.start, begins),
        Span(begins, max(ends, begins + DAY)),
        Span(ends, span.end),
    )[which]


def half(span: Span, which: int) -> Span:
    """Return the first or second half of a span (0, 1), in whole days."""
    if span.start is None or span.end is None:
        return span
    middle = span.start + timedelta(days=(span.end - span.start).days // 2)
    return (Span(span.start, middle), Span(middle, span.end))[which]


def in_utc(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return a moment of the wall's clock in UTC.

    A time that the clock skips becomes the moment of the change, one that it shows
    twice the first of the two: a day begins once.
    """
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def regions(zone: ZoneInfo) -> tuple[str, ...]:
    """Return by whose order of day and month a date may be written there.

    Two of them where the place does not tell.
    """
    country = _place(zone.key)[0]
    if country in _NOT_PLAIN:
        return ("GB", "US")
    return ("US",) if country in _MONTH_FIRST else ("GB",)


def _first_of(year: int, number: int) -> datetime:
    years, number = divmod(number - 1, 12)
    return datetime(year + years, number + 1, 1)  # noqa: DTZ001 - the wall's clock


def _midnight(of: date) -> datetime:
    return datetime.combine(of, time.min)


def _place(zone: str) -> tuple[str, bool]:
    """Return a zone's country, and whether it lies south of the equator."""
    return _places().get(zone, ("", False))


@cache
def _places() -> dict[str, tuple[str, bool]]:
    """Source: zone.tab of the time zone database: country, coordinates, zone."""
    return {row[2]: (row[0], row[1].startswith("-")) for row in _rows()}


def _rows() -> Iterator[list[str]]:
    with pytz.open_resource("zone.tab") as table:
        for line in table.read().decode().splitlines():
            if line and not line.startswith("#"):
                yield line.split("\t")
