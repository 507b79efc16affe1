"""Tier 2, facts: the only writes to `Fact`.

A contradiction is settled here, on write. A single-valued key holds one current value:
a newer one closes the old one and keeps it as history, in whatever order they arrive.
Every function runs in a scope that the caller opened; whoever remembers holds the
customer's lock, so that two conversations of hers do not both write a first value.
"""

from memory.facts.addresses import close_overtaken_address, close_stale_address
from memory.facts.corrections import correct, delete, retract, set_pinned
from memory.facts.remembering import (
    MAX_VALUE_CHARS,
    MIN_CONFIDENCE,
    Outcome,
    Remembered,
    remember,
)
from memory.facts.rows import (
    close,
    content_hash,
    current_facts,
    entry,
    lock_customer,
)

__all__ = [
    "MAX_VALUE_CHARS",
    "MIN_CONFIDENCE",
    "Outcome",
    "Remembered",
    "close",
    "close_overtaken_address",
    "close_stale_address",
    "content_hash",
    "correct",
    "current_facts",
    "delete",
    "entry",
    "lock_customer",
    "remember",
    "retract",
    "set_pinned",
]
