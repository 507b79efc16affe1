"""The read path: a query becomes a few ranked memories of one customer, with reasons.

`query` understands the question; one `statement` reads the customer's own rows, which
`rows` unpacks. `scoring` adds up what speaks for each (`weights`) and looks into the
texts of the best; `repeats` keeps each thing once, and `newer` puts a newer word before
the older one. Exact search among one customer's rows is complete and fast, where a
filtered approximate index returns too little.
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
