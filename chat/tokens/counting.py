"""Adds up, day by day, what the stored ledgers of answers say.

A task adds what is new to each day's row; what came after the last time is added up
when somebody looks. So the numbers are always of now, whether or not the task ran.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Final

from django.db import connection, transaction
from django.db.models import Max

from accounts.scope import require_tenant
from chat.models import TokenDay

DAYS: Final = 30
TIERS: Final = ("instructions", "facts", "summary", "recalled", "buffer")
# An answer is stored in a short transaction: what is older than this is committed.
_SETTLED: Final = timedelta(minutes=2)
# Sizes are counted in classes, of which eight make a doubling: a median is right to
# within a twentieth.
_CLASSES: Final = 8

_MEASURED: Final = """
with answers as materialized (
    select (m.sent_at at time zone 'UTC')::date as day, l.*, c.*
      from chat_message m
     cross join lateral jsonb_to_record(m.context -> 'ledger') as l(
           instructions int, facts int, summary int, recalled int, buffer int,
           total int, budget int, shortened int, over int, history int,
           left_out jsonb)
     cross join lateral jsonb_to_record(m.context) as c(
           prompt_tokens int, completion_tokens int, cost_usd float8)
     where m.tenant_id = %(tenant)s and m.context is not null
       and jsonb_typeof(m.context -> 'ledger') = 'object'
       and m.sent_at > %(since)s and m.sent_at <= %(until)s
)
select day, name, greatest(0, 1 + floor(%(classes)s * ln(size) / ln(2)))::int,
       count(*)::float8
  from answers cross join lateral (values
       ('instructions', instructions), ('facts', facts), ('summary', summary),
       ('recalled', recalled), ('buffer', buffer), ('total', total),
       ('share', 1000 * total / greatest(budget, 1))) as v(name, tokens)
 cross join lateral (select greatest(tokens, 0.5)::float8 as size) s
 group by 1, 2, 3
union all
select day, name, null, sum(amount)
  from answers cross join lateral (values
       ('answers', 1.0), ('budget', budget), ('instructions', instructions),
       ('facts', facts), ('summary', summary), ('recalled', recalled),
       ('buffer', buffer), ('total', total),
       ('left_out', (left_out - 'buffer' <> '{}')::int),
       ('overflow', (left_out ? 'buffer')::int),
       ('shortened', (shortened > 0)::int), ('over', (over > 0)::int),
       ('history', history), ('beside_history', case when history > 0 then total end),
       ('prompt_tokens', prompt_tokens), ('completion_tokens', completion_tokens),
       ('cost_usd', cost_usd)) as v(name, amount)
 where amount is not null
 group by 1, 2
"""


@dataclass(slots=True)
class Numbers:
    """What a number of answers add up to.

    Attributes:
        sums: Totals by name.
        spread: How many answers had a size of each class, by name.
    """

    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    spread: dict[str, dict[int, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def add(self, name: str, size_class: int | None, amount: float) -> None:
        """Add one sum, or the answers of one class."""
        if size_class is None:
            self.sums[name] += amount
        else:
            self.spread[name][size_class] += amount

    def add_row(self, row: TokenDay) -> None:
        """Add what a day's row says."""
        for name, amount in row.sums.items():
            self.add(name, None, amount)
        for name, classes in row.spread.items():
            for size_class, answers in classes.items():
                self.add(name, int(size_class), answers)

    def mean(self, name: str) -> float:
        """Return the mean of an answer; 0 when there is none."""
        return self.sums.get(name, 0.0) / (self.sums.get("answers") or 1)

    def percentile(self, name: str, share: float) -> int:
        """Return the size that this share of the answers does not pass."""
        classes = sorted(self.spread.get(name, {}).items())
        wanted = ceil(share * sum(answers for _, answers in classes))
        for size_class, answers in classes:
            wanted -= int(answers)
            if wanted <= 0:
                return _size(size_class)
        return 0


def numbers(*, now: datetime) -> dict[date, Numbers]:
    """Return what the answers of the last days add up to, at the desk in scope."""
    first = first_day(now)
    days: dict[date, Numbers] = defaultdict(Numbers)
    for row in TokenDay.objects.filter(day__gte=first):
        days[row.day].add_row(row)
    _measure(days, since=max(_counted_until(first), _midnight(first)), until=now)
    return dict(days)


@transaction.atomic
def roll_up(*, now: datetime) -> int:
    """Add what is new to the rows of its days, at the desk in scope.

    Returns:
        How many days there was something new of.
    """
    with connection.cursor() as cursor:
        # Two at once would count the same answers twice.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"tokens:{require_tenant()}"],
        )
    until = now - _SETTLED
    days: dict[date, Numbers] = defaultdict(Numbers)
    _measure(days, since=_counted_until(first_day(now)), until=until)
    for day, found in days.items():
        row = TokenDay.objects.filter(day=day).first() or TokenDay(
            tenant_id=require_tenant(), day=day
        )
        found.add_row(row)
        row.sums, row.spread, row.until = found.sums, found.spread, until
        row.save()
    return len(days)


def first_day(now: datetime) -> date:
    """Return the first of the days that are looked at."""
    return now.astimezone(UTC).date() - timedelta(days=DAYS - 1)


def together(parts: Iterable[Numbers]) -> Numbers:
    """Return what several days add up to."""
    total = Numbers()
    for part in parts:
        for name, amount in part.sums.items():
            total.add(name, None, amount)
        for name, classes in part.spread.items():
            for size_class, answers in classes.items():
                total.add(name, size_class, answers)
    return total


def _counted_until(first: date) -> datetime:
    last = TokenDay.objects.aggregate(last=Max("until"))["last"]
    return last or _midnight(first)


def _measure(days: dict[date, Numbers], *, since: datetime, until: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _MEASURED,
            {
                "tenant": require_tenant(),
                "since": since,
                "until": until,
                "classes": _CLASSES,
            },
        )
        for day, name, size_class, amount in cursor.fetchall():
            days[day].add(name, size_class, amount)


def _size(size_class: int) -> int:
    """Return the middle of a class."""
    return round(2 ** ((size_class - 0.5) / _CLASSES)) if size_class else 0


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
