"""What a question is about, told by the nearest labelled examples.

The catalogue holds the intents with examples of each; a desk adds its own, which count
more. The vectors of the embedded model are compared, since what is near enough was
measured with it: nothing is sent anywhere. Where a desk wants it so and a model is
connected, the model decides instead.
"""

from memory.recall.intents.catalogue import (
    INTENTS,
    OTHER,
    SMALL_TALK,
    IntentKind,
    Route,
    built_in,
    route_of,
)
from memory.recall.intents.nearest import Example
from memory.recall.intents.reading import Reading, classify, read, warm_up
from memory.recall.intents.skipping import skips_recall

__all__ = [
    "INTENTS",
    "OTHER",
    "SMALL_TALK",
    "Example",
    "IntentKind",
    "Reading",
    "Route",
    "built_in",
    "classify",
    "read",
    "route_of",
    "skips_recall",
    "warm_up",
]
