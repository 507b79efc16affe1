"""The read path: a query becomes a few ranked memories of one customer, with reasons.

One statement reads the customer's own rows once, with both scores and the text: exact
search among them is complete and fast, where a filtered approximate index returns too
little. The two best lists are fused by reciprocal rank and weighed by freshness and
importance.
"""

from memory.recall.finding import find
from memory.recall.query import prepare
from memory.recall.search import recall
from memory.recall.types import Intent, Period, Query, Reasons, Recalled

__all__ = [
    "Intent",
    "Period",
    "Query",
    "Reasons",
    "Recalled",
    "find",
    "prepare",
    "recall",
]
