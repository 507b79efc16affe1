"""Whose word a memory is, and how much it counts: said with every memory.

It tells people and the model what a statement rests on. What it does to contradictions
is said in `memory.facts.reconciling`.
"""

from typing import Final

# A system of record counts most, then staff, then everybody; what staff wrote and what
# they approved count alike.
_RANKS: Final = {"system": 2, "agent": 1, "approved": 1}
SUMMARY_OF: Final = "summary of what was said"
_WORDS: Final = {
    "system": "system of record",
    "agent": "staff",
    "approved": "customer, approved by staff",
    "assistant": "assistant",
    "tool": "system of record",
}


def rank(source: str) -> int:
    """Return how much a source's word counts; 0 for the customer's own."""
    return _RANKS.get(source, 0)


def outranks(source: str, other: str) -> bool:
    """Return whether one source's word counts more than another's."""
    return rank(source) > rank(other)


def whose_word(source: str, *, verified: bool) -> str:
    """Say whose word a memory is.

    Args:
        source: A `Fact.Source`, or the author of a message.
        verified: Whether the tenant vouches for the customer's identity.
    """
    if source == "customer":
        return "customer, signed in" if verified else "customer, not signed in"
    return _WORDS.get(source, "not recorded")
