"""The dry run of a strategy: what it would remember of conversations, stored nowhere.

It goes the way of everything that is remembered, up to the door: what reads as an order
or holds a secret does not get further here either. Only numbers are kept of it.
"""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from memory import quarantine
from memory.extraction.judgement import doubt_of
from memory.extraction.strategies.custom import Custom, Found, look_for
from memory.facts import MIN_CONFIDENCE
from memory.llm.errors import LLMError
from memory.types import FactCandidate, Turn

MOST_CONVERSATIONS = 20
_AT_ONCE = 4
# Somebody waits for the page.
_LIMIT_S = 45.0


@dataclass(frozen=True, slots=True)
class Row:
    """One statement that the strategy would have remembered, or not quite.

    Attributes:
        why_not: Why it would wait for people; empty where it would be remembered.
    """

    candidate: FactCandidate
    why_not: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a dry run found.

    Attributes:
        asked: How many conversations there were to read.
        found: What came of each that was read.
        rows: All statements that are believed.
    """

    asked: int
    found: tuple[Found, ...]
    rows: tuple[Row, ...]

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """Why statements were refused, and how often, the most frequent first."""
        counted = Counter(why for found in self.found for why in found.refusals)
        return counted.most_common()

    def numbers(self) -> dict[str, Any]:
        """Return what is kept of it."""
        refused = sum(count for _, count in self.refusals)
        claimed = refused + len(self.rows)
        return {
            "asked": self.asked,
            "read": len(self.found),
            "remembered": sum(not row.why_not for row in self.rows),
            "waiting": sum(bool(row.why_not) for row in self.rows),
            "refused": refused,
            "refused_percent": round(100 * refused / claimed) if claimed else 0,
            "schema_errors": sum(found.schema_errors for found in self.found),
            "prompt_tokens": sum(found.usage.prompt_tokens for found in self.found),
            "completion_tokens": sum(
                found.usage.completion_tokens for found in self.found
            ),
            "cost_usd": round(sum(found.usage.cost_usd for found in self.found), 6),
        }


def run(strategy: Custom, conversations: Sequence[Sequence[Turn]]) -> Trial:
    """Try a strategy on conversations. Touches no database; waits for the model.

    Args:
        strategy: What is tried.
        conversations: At most `MOST_CONVERSATIONS`, each oldest message first.
    """
    ends_s = time.monotonic() + _LIMIT_S

    def tried(turns: Sequence[Turn]) -> Found | None:
        if time.monotonic() > ends_s:
            return None
        safe, _ = quarantine.screened(turns)
        try:
            return look_for(strategy, safe, fresh_from=0)
        except LLMError:
            return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(tried, conversations))
    found = tuple(answer for answer in answers if answer is not None)
    rows = tuple(
        Row(candidate, _why_not(candidate))
        for answer in found
        for candidate in answer.candidates
    )
    return Trial(len(conversations), found, rows)


def _why_not(candidate: FactCandidate) -> str:
    if candidate.confidence < MIN_CONFIDENCE:
        return doubt_of("uncertain")
    return candidate.doubt or quarantine.reason_to_hold(candidate)
