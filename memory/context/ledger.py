"""Where the tokens of a context went."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the tokens of a context went.

    Attributes:
        budget: What the plan allows.
        instructions: Tokens of the fixed part, with the frames around memory.
        fixed: Of these, what a prompt without memory has, too.
        facts: Of the current facts.
        summary: Of the running conversation's summary.
        recalled: Of the recalled memories.
        buffer: Of the recent messages.
        left_out: What did not fit: how many, by tier.
        shortened: How many summaries are there in part.
        replaced: How many recalled messages a summary stands for that is there.
    """

    budget: int
    instructions: int = 0
    fixed: int = 0
    facts: int = 0
    summary: int = 0
    recalled: int = 0
    buffer: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    shortened: int = 0
    replaced: int = 0

    @property
    def total(self) -> int:
        """Tokens of the whole context."""
        return (
            self.instructions + self.facts + self.summary + self.recalled + self.buffer
        )

    @property
    def memory(self) -> int:
        """Tokens of what came out of memory."""
        return self.facts + self.summary + self.recalled

    @property
    def over(self) -> int:
        """How much more than the budget the newest message made it."""
        return max(0, self.total - self.budget)

    def as_json(self) -> dict[str, Any]:
        """Return it for storage."""
        return {**asdict(self), "total": self.total, "over": self.over}
