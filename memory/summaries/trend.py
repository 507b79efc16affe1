"""How good summaries were, day by day, and which are the worst now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import TruncDate

from memory.models import Summary
from memory.summaries.scoring import GOOD_ENOUGH

DAYS = 30
WORST = 10
HEIGHT_PX = 120
_TOP_PX = 8
_GAP_SHARE = 0.25
_DATE_EVERY = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: lengths across are percentages, lengths down pixels."""

    x: str
    width: str
    y: int
    height: int
    label: str
    low: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A date below the bars."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Trend:
    """What the desk's summaries scored in the last days.

    Attributes:
        judged: How many there are.
        mean: Their mean, 0 to 1; None where none was judged.
        before: The mean of as many days before these.
        low: The share of those that are not good enough.
        again: The share of those that were written twice.
        judges: Who judged, the most often first.
        limit_y: Where the line of what is good enough lies, in pixels.
    """

    judged: int
    mean: float | None
    before: float | None
    low: float
    again: float
    judges: Sequence[str]
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    limit_y: int
    height: int = HEIGHT_PX

    @property
    def change(self) -> float | None:
        """By how much the mean rose."""
        if self.mean is None or self.before is None:
            return None
        return self.mean - self.before


def trend(rows: QuerySet[Summary], *, now: datetime) -> Trend:
    """Return how good summaries were in the last days, all versions of them.

    Args:
        rows: The summaries to look at.
        now: Where the trend ends.
    """
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    judged = rows.filter(quality__isnull=False).order_by()
    recent = judged.filter(created_at__gte=_midnight(first))
    earlier = judged.filter(
        created_at__gte=_midnight(first - timedelta(days=DAYS)),
        created_at__lt=_midnight(first),
    )
    totals = recent.aggregate(judged=Count("id"), mean=Avg("quality"), **_counts())
    by_judge = recent.values("judged_by").annotate(times=Count("id"))
    return Trend(
        judged=totals["judged"],
        mean=totals["mean"],
        before=earlier.aggregate(mean=Avg("quality"))["mean"],
        low=totals["low"] / max(totals["judged"], 1),
        again=totals["again"] / max(totals["judged"], 1),
        judges=[row["judged_by"] for row in by_judge.order_by("-times", "judged_by")],
        bars=_bars(recent, first),
        ticks=[
            Tick(_percent((day + 0.5) / DAYS), _named(first + timedelta(days=day)))
            for day in range(0, DAYS, _DATE_EVERY)
        ],
        limit_y=_y(GOOD_ENOUGH),
    )


def worst(rows: QuerySet[Summary]) -> QuerySet[Summary]:
    """Return the worst of the newest versions, the worst one first."""
    newest = (
        rows.order_by("conversation_id", "kind", "-version")
        .distinct("conversation_id", "kind")
        .values("id")
    )
    low: QuerySet[Summary] = rows.filter(id__in=newest, quality__lt=GOOD_ENOUGH)
    return low.select_related("customer").order_by("quality", "-created_at", "id")


def _counts() -> dict[str, Count]:
    return {
        "low": Count("id", filter=Q(quality__lt=GOOD_ENOUGH)),
        "again": Count("id", filter=Q(tries__gt=1)),
    }


def _bars(recent: QuerySet[Summary], first: date) -> list[Bar]:
    by_day = (
        recent.annotate(day=TruncDate(F("created_at"), tzinfo=UTC))
        .values("day")
        .annotate(judged=Count("id"), mean=Avg("quality"), **_counts())
        .order_by("day")
    )
    return [_bar(row, (row["day"] - first).days) for row in by_day]


def _bar(row: Mapping[str, Any], place: int) -> Bar:
    mean, y = row["mean"], _y(row["mean"])
    judged, low = row["judged"], row["low"]
    return Bar(
        x=_percent((place + _GAP_SHARE / 2) / DAYS),
        width=_percent((1 - _GAP_SHARE) / DAYS),
        y=y,
        # A day that scored nothing is seen, too.
        height=max(HEIGHT_PX - y, 2),
        label=f"{_named(row['day'])}: {mean:.0%} of {judged}, {low} too low",
        low=mean < GOOD_ENOUGH,
    )


def _y(quality: float) -> int:
    return round(HEIGHT_PX - quality * (HEIGHT_PX - _TOP_PX))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _named(day: date) -> str:
    return f"{day.day} {day:%b}"


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"
