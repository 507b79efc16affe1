"""A score taken apart: what each part of it is called, and how long its bar is."""

from collections.abc import Iterator
from dataclasses import dataclass

from memory.recall import Reasons
from memory.recall.wording import label


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
    parts = reasons.parts or {
        "similarity": reasons.similarity,
        "freshness": reasons.freshness,
    }
    longest = max((abs(part) for part in parts.values()), default=0) or 1
    for name, part in parts.items():
        value = f"{part:.2f}"
        yield ScorePart(label(name), value, abs(part) / longest, against=part < 0)
