"""When a second look is worth it, and how what it finds joins what the first found.

The first pass reads the index, which keeps messages for days only. Where it finds
nothing that answers, whoever has the messages themselves may look there, once, for what
the question names: a `SecondPass`. Memory does not know where that is.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from memory.recall.repeats import without_repeats
from memory.recall.types import Query, Recalled

# So sure is the first pass of 1 in 27 questions that nobody ever answered, in our own
# development histories, and of 42 in 234 that somebody did. Among these it has 0.78 of
# the evidence in its first five, and 0.67 among those below.
WEAK: Final = 0.3

SecondPass = Callable[[Query, Sequence[Recalled]], list[Recalled]]
"""Returns what was found, joined by what another look finds; runs in the scope."""


def is_weak(found: Sequence[Recalled]) -> bool:
    """Say whether recall is so unsure of its best result that a second look is due."""
    return not found or found[0].score < WEAK


def joined(found: Sequence[Recalled], more: Iterable[Recalled]) -> list[Recalled]:
    """Return what both passes found, each thing once, the best first.

    Args:
        found: By the first pass, the best first; it goes before its equals.
        more: By the second.
    """
    seen = {memory.source_id for memory in found}
    news = [memory for memory in more if memory.source_id not in seen]
    if not news:
        return list(found)
    both = sorted([*found, *news], key=lambda memory: -memory.score)
    return without_repeats(both, len(both))
