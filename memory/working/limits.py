"""How much working memory a desk wants to have."""

from dataclasses import dataclass
from typing import Self

from memory.models import MemorySettings


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept live.

    Attributes:
        messages: The most messages in a buffer.
        tokens: The most tokens in it.
        sessions: The most live sessions of the desk.
        session_s: How long a session lives after its last message; 0 for as long as it
            is among the most recently used.
    """

    messages: int
    tokens: int
    sessions: int
    session_s: int

    @classmethod
    def of(cls, desk: MemorySettings) -> Self:
        """Return what a desk's settings say."""
        return cls(
            messages=desk.buffer_messages,
            tokens=desk.buffer_tokens,
            sessions=desk.live_sessions,
            session_s=(desk.session_hours or 0) * 3600,
        )
