"""Tier 3, summaries: rolling (of a running conversation) and episodes (of a whole).

`writing` makes them without a language model, `scoring` and `judging` say how good one
is, `improving` writes a bad one once more, `rows` keeps them.
"""

from memory.summaries.improving import Written, improved, written_again
from memory.summaries.judging import REWRITE_VERSION
from memory.summaries.rows import (
    current_episodes,
    draft_of,
    entry,
    erase,
    is_newest,
    latest_rolling,
    store,
)
from memory.summaries.writing import (
    EPISODE_TOKENS,
    ROLLING_TOKENS,
    draft_embedded,
    labelled,
)

__all__ = [
    "EPISODE_TOKENS",
    "REWRITE_VERSION",
    "ROLLING_TOKENS",
    "Written",
    "current_episodes",
    "draft_embedded",
    "draft_of",
    "entry",
    "erase",
    "improved",
    "is_newest",
    "labelled",
    "latest_rolling",
    "store",
    "written_again",
]
