"""Tier 2, facts: the only writes to `Fact`.

A contradiction is settled here, on write. A single-valued key holds one current value:
a newer one closes the old one and keeps it as history, in whatever order they arrive
(`reconciling` has the rules, `settling` applies them).
Every function runs in a scope that the caller opened; whoever remembers holds the
customer's lock, so that two conversations of hers do not both write a first value.
"""

from memory.facts.corrections import (
    correct,
    delete,
    retract,
    set_pinned,
    take_out,
    withdraw,
)
from memory.facts.doubts import HOLD_SEVERAL, about
from memory.facts.remembering import MIN_CONFIDENCE, Remembered, remember
from memory.facts.rows import (
    close,
    content_hash,
    current_facts,
    entry,
    lock_customer,
)

__all__ = [
    "HOLD_SEVERAL",
    "MIN_CONFIDENCE",
    "Remembered",
    "about",
    "close",
    "content_hash",
    "correct",
    "current_facts",
    "delete",
    "entry",
    "lock_customer",
    "remember",
    "retract",
    "set_pinned",
    "take_out",
    "withdraw",
]
