"""The write path: a conversation becomes an episode, facts and index entries.

One window of a conversation (`span`) goes through small steps:

1. `extraction` finds fact candidates; a connected model drafts the episode with them,
   in one call.
2. `summary` writes the episode where no model drafted it.
3. `vectors` embeds all of it.
4. `reconciliation` settles the candidates with what is known: add, merge, supersede.
5. `applying` writes all tiers.

Steps 1 to 3 are `planning`: they call models and touch no database, outside of any
transaction and scope. Steps 4 and 5 run in the one transaction of the caller, under the
customer's lock, because what candidates are compared with must still be so when they
are written: it is all or nothing. `runs` records what became of each try, and `rolling`
summarises a conversation that goes on.
"""

from memory.consolidation.applying import apply
from memory.consolidation.planning import Plan, plan
from memory.consolidation.rolling import roll_up
from memory.consolidation.runs import (
    MemoryChangedError,
    Run,
    reason_for,
    record_cut_off,
    record_done,
    record_failed,
    record_overtaken,
)
from memory.consolidation.span import Span, window

__all__ = [
    "MemoryChangedError",
    "Plan",
    "Run",
    "Span",
    "apply",
    "plan",
    "reason_for",
    "record_cut_off",
    "record_done",
    "record_failed",
    "record_overtaken",
    "roll_up",
    "window",
]
