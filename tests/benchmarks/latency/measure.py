"""What is measured, in which order: whatever is compared takes turns."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.benchmarks.latency.fleet import (
    PROCESSES,
    THREADS,
    Figure,
    Fleet,
    figure,
    fleet,
)

Figures = dict[str, Figure]

MANY = PROCESSES * THREADS
# Source: ten times the 847,000 recalls a day of a published flash sale.
ARRIVALS_A_SECOND = 98
ROUNDS = 3
BOTH = ("sql", "limit")


@dataclass(slots=True)
class Results:
    """All that was measured.

    Attributes:
        memories: How many customers of 100 have together.
        one: By work, with one client.
        many: The same with many.
        arriving: End to end, with questions that arrive by chance.
        minutes: For how long they did.
        growth: By how many memories there are in all, at customers of 100.
        sizes: By how many memories the customer has.
    """

    memories: int
    minutes: float
    one: Figures = field(default_factory=dict)
    many: Figures = field(default_factory=dict)
    arriving: Figure | None = None
    growth: dict[int, Figures] = field(default_factory=dict)
    sizes: dict[int, Figures] = field(default_factory=dict)

    def loads(self) -> list[float]:
        """Return the load averages of all figures."""
        groups = [self.one, self.many, *self.growth.values(), *self.sizes.values()]
        return [it.load for group in groups for it in group.values()]


def measure(
    databases: list[int], customers: list[int], *, minutes: float, seconds: float
) -> Results:
    """Measure everything.

    Args:
        databases: The sizes of the databases, the one in question last.
        customers: The sizes of customers that it has.
        minutes: How long questions arrive by chance.
        seconds: How long each other figure is taken.
    """
    results = Results(memories=databases[-1], minutes=minutes)
    with fleet(databases[-1]) as clients:
        for works in (BOTH, ["end_to_end"], ["embedding"]):
            results.one |= clients.measure(works, clients=1, seconds=seconds)
            results.many |= clients.measure(works, clients=MANY, seconds=seconds)
        for size in customers:
            results.sizes[size] = clients.measure(
                BOTH, clients=1, seconds=seconds, size=size
            )
        results.arriving = _arriving(clients, minutes)
    with ExitStack() as stack:
        fleets = {size: stack.enter_context(fleet(size)) for size in databases}
        results.growth = _growth(fleets, seconds)
    return results


def _arriving(clients: Fleet, minutes: float) -> Figure:
    seconds = minutes * 60
    times = clients.phase(
        ["end_to_end"], clients=MANY, seconds=seconds, rate=ARRIVALS_A_SECOND
    )
    return figure(times["end_to_end"], seconds)


def _growth(fleets: dict[int, Fleet], seconds: float) -> dict[int, Figures]:
    """Measure databases of several sizes by turns."""
    times: dict[int, dict[str, list[float]]] = {
        size: {name: [] for name in BOTH} for size in fleets
    }
    for _ in range(ROUNDS):
        for size, clients in fleets.items():
            spell = clients.phase(BOTH, clients=1, seconds=seconds / ROUNDS)
            for name, each in spell.items():
                times[size][name] += each
    return {
        size: {name: figure(each, sum(each) / 1000) for name, each in works.items()}
        for size, works in times.items()
    }
