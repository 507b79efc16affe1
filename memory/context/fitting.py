"""What of memory fits: the most relevant whole, then in part, then a summary of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from memory.context.lines import Line, shortened


@dataclass(slots=True)
class Fitted:
    """What fits.

    Attributes:
        room: The tokens that are left.
        taken: What is there, by its place among all.
        left_out: How many of each tier are not there.
        replaced: How many messages a summary stands for that is there.
    """

    room: int
    taken: dict[int, Line] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    replaced: int = 0

    @property
    def lines(self) -> list[Line]:
        """What is there, by priority."""
        return [line for _, line in sorted(self.taken.items(), key=itemgetter(0))]


def fit(lines: Sequence[Line], room: int) -> Fitted:
    """Keep lines by priority while they fit.

    Nothing is shortened for the sake of what matters less: the first that is too long
    for the room that is left is the least relevant of those before it. A summary keeps
    its first sentences then. A message makes way for a summary that covers it, which
    takes its place in the order; without one it is left out.

    Args:
        lines: By priority.
        room: How many tokens there are.
    """
    fitted = Fitted(room)
    for place, line in enumerate(lines):
        if place in fitted.taken or _take(fitted, place, line):
            continue
        cover = _cover(line, lines)
        if cover is not None and (
            cover in fitted.taken or _take(fitted, cover, lines[cover])
        ):
            fitted.replaced += 1
        else:
            fitted.left_out[line.tier] = fitted.left_out.get(line.tier, 0) + 1
    return fitted


def _take(fitted: Fitted, place: int, line: Line) -> bool:
    room = fitted.room
    fitting = line if line.tokens <= room else shortened(line, room)
    if fitting is None:
        return False
    fitted.taken[place] = fitting
    fitted.room -= fitting.tokens
    return True


def _cover(line: Line, lines: Sequence[Line]) -> int | None:
    """Return the place of the first summary that covers a recalled message."""
    if line.covers or line.tier != "recalled":
        return None
    said = set(line.message_ids)
    places = (place for place, other in enumerate(lines) if said <= other.covers)
    return next(places, None) if said else None
