"""What the page "Tokens" shows: where they go, by day and by tier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.models import Tenant
from chat.models import Conversation
from chat.tokens.advice import Advice, advice
from chat.tokens.counting import (
    DAYS,
    TIERS,
    Numbers,
    first_day,
    numbers,
    together,
)
from memory.models import MemorySettings

HEIGHT_PX = 140
_GAP_SHARE = 0.25
_DATE_EVERY = 7
# A tier's class in the design and its name, in the order of the prompt.
LOOKS: Final = {
    "instructions": ("sys", "Instructions"),
    "facts": ("facts", "Facts"),
    "summary": ("episodes", "Summary"),
    "recalled": ("vector", "Recalled"),
    "buffer": ("working", "Messages"),
}
_TYPICAL, _MOST = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Tier:
    """The tokens of one tier, in an answer's prompt; `share` is of all of them."""

    look: str
    label: str
    mean: float
    median: int
    p95: int
    share: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A tier's piece of a bar: pixels from above."""

    look: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: lengths across are percentages.

    Attributes:
        numbers: For the table: answers, mean tokens by tier, and of the whole.
    """

    x: str
    width: str
    pieces: tuple[Piece, ...]
    day: str
    numbers: tuple[str, ...]

    @property
    def label(self) -> str:
        """The day in words."""
        answers, *_, tokens = self.numbers
        return f"{self.day}: {tokens} tokens, {answers} answers"


@dataclass(frozen=True, slots=True)
class Report:
    """Where the tokens of the last days went.

    Attributes:
        answers: How many there were.
        budget: What the plan allows.
        total: Of a whole prompt.
        used: The share of the budget that a prompt takes: mean, and p95.
        left_out: The share of answers for which some memory found no room.
        overflow: The share of answers for which messages found none.
        of_history: Prompts compared with all that was ever said; None when unknown.
        an_answer_usd: What an answer cost.
        a_customer_usd: What a customer cost in these days; None without customers.
        most: The tokens at the top of the chart.
    """

    answers: int
    budget: int
    tiers: tuple[Tier, ...]
    total: Tier
    used: float
    used_p95: float
    left_out: float
    overflow: float
    of_history: float | None
    history: float
    cost_usd: float
    an_answer_usd: float
    customers: int
    a_customer_usd: float | None
    bars: Sequence[Bar]
    ticks: Sequence[tuple[str, str]]
    most: int
    advice: Sequence[Advice]
    height: int = HEIGHT_PX


def report(tenant: Tenant, desk: MemorySettings) -> Report:
    """Return where the tokens of the desk in scope went.

    Args:
        tenant: The desk.
        desk: How it remembers.
    """
    now = timezone.now()
    days = numbers(now=now)
    found = together(days.values())
    answers = int(found.sums["answers"])
    customers = _customers(now)
    cost = found.sums["cost_usd"]
    history = found.sums["history"]
    most = _round_up(max((day.mean("total") for day in days.values()), default=0))
    return Report(
        answers=answers,
        budget=tenant.context_tokens,
        tiers=tuple(_tier(found, name, *LOOKS[name]) for name in TIERS),
        total=_tier(found, "total", "sys", "Whole prompt"),
        used=found.sums["total"] / (found.sums["budget"] or 1),
        used_p95=found.percentile("share", _MOST) / 1000,
        left_out=found.mean("left_out"),
        overflow=found.mean("overflow"),
        of_history=found.sums["beside_history"] / history if history else None,
        history=history / (answers or 1),
        cost_usd=cost,
        an_answer_usd=found.mean("cost_usd"),
        customers=customers,
        a_customer_usd=cost / customers if customers else None,
        bars=_bars(days, first_day(now), most),
        ticks=[
            (_percent((place + 0.5) / DAYS), _named(first_day(now), place))
            for place in range(0, DAYS, _DATE_EVERY)
        ],
        most=most,
        advice=advice(tenant, desk, found),
    )


def _customers(now: datetime) -> int:
    """Count the customers who were answered in these days."""
    return (
        Conversation.objects.filter(
            last_message_at__gte=now - timedelta(days=DAYS), answered_seq__gt=0
        )
        .values("customer_id")
        .distinct()
        .count()
    )


def _tier(found: Numbers, name: str, look: str, label: str) -> Tier:
    return Tier(
        look=look,
        label=label,
        mean=found.mean(name),
        median=found.percentile(name, _TYPICAL),
        p95=found.percentile(name, _MOST),
        share=found.sums[name] / (found.sums["total"] or 1),
    )


def _bars(days: Mapping[date, Numbers], first: date, most: int) -> list[Bar]:
    return [_bar(days[day], (day - first).days, first, most) for day in sorted(days)]


def _bar(day: Numbers, place: int, first: date, most: int) -> Bar:
    pieces, under = [], 0.0
    for name in TIERS:
        tokens = day.mean(name)
        top, bottom = _y(under + tokens, most), _y(under, most)
        pieces.append(Piece(LOOKS[name][0], top, bottom - top))
        under += tokens
    return Bar(
        x=_percent((place + _GAP_SHARE / 2) / DAYS),
        width=_percent((1 - _GAP_SHARE) / DAYS),
        pieces=tuple(pieces),
        day=_named(first, place),
        numbers=(
            f"{day.sums['answers']:,.0f}",
            *(f"{day.mean(name):,.0f}" for name in (*TIERS, "total")),
        ),
    )


def _y(tokens: float, most: int) -> int:
    return round(HEIGHT_PX * (1 - tokens / most))


def _round_up(tokens: float) -> int:
    """Return the top of the chart: the next two figures."""
    step: int = 10 ** max(len(str(int(tokens))) - 2, 0)
    return max(-int(-tokens // step) * step, 1)


def _named(first: date, place: int) -> str:
    day = first + timedelta(days=place)
    return f"{day.day} {day:%b}"


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"
