"""A score taken apart: what each part of it is called, and how long its bar is."""

from collections.abc import Iterator
from dataclasses import dataclass

from memory.recall import Reasons
from memory.recall.wording import FACTORS, label


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One line of a breakdown.

    Attributes:
        value: The number as it is read.
        share: The length of its bar, as a share of the longest; None for what has none.
        against: Whether it took away from the score.
    """

    label: str
    value: str
    share: float | None = None
    against: bool = False


def breakdown(reasons: Reasons) -> tuple[ScorePart, ...]:
    """Return the lines of a breakdown: places in the channels, then the parts."""
    return (*_places(reasons), *_parts(reasons))


def _places(reasons: Reasons) -> Iterator[ScorePart]:
    channels = {"By meaning": reasons.vector_rank, "By words": reasons.keyword_rank}
    for name, place in channels.items():
        yield ScorePart(name, f"place {place}" if place else "not found")


def _parts(reasons: Reasons) -> Iterator[ScorePart]:
    longest = max(map(abs, reasons.parts.values()), default=0) or 1
    for name, part in reasons.parts.items():
        factor = name in FACTORS
        value = f"\u00d7 {part:.2f}" if factor else f"{part:.2f}"
        against = part < (1 if factor else 0)
        yield ScorePart(label(name), value, abs(part) / longest, against=against)
