"""Whose word a memory is, and how much it counts: said with every memory.

It tells people and the model what a statement rests on. What it does to contradictions
is said in `memory.facts.reconciling`.
"""

from typing import Final

# The most trusted first; what was not recorded counts least.
_ORDER: Final = ("system", "agent", "approved", "assistant", "customer", "")
_WORDS: Final = {
    "system": "system of record",
    "agent": "staff",
    "approved": "customer, approved by staff",
    "assistant": "assistant",
    "tool": "system of record",
}


def outranks(source: str, other: str) -> bool:
    """Return whether one source's word counts more than another's."""
    return _rank(source) < _rank(other)


def whose_word(source: str, *, verified: bool) -> str:
    """Say whose word a memory is.

    Args:
        source: A `Fact.Source`, or the author of a message.
        verified: Whether the tenant vouches for the customer's identity.
    """
    if source == "customer":
        return "customer, signed in" if verified else "customer, not signed in"
    return _WORDS.get(source, "not recorded")


def _rank(source: str) -> int:
    return _ORDER.index(source) if source in _ORDER else len(_ORDER)
