"""Small dialogues for the tests: "C:" is the customer, "A:" an agent, "B:" the bot."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from memory.extraction.discrete import extract
from memory.types import Author, FactCandidate, Turn

STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AUTHORS: dict[str, Author] = {"C": "customer", "A": "agent", "B": "assistant"}


def turns(*lines: str) -> list[Turn]:
    return [
        Turn(
            id=UUID(int=number + 1),
            author=AUTHORS[line[0]],
            text=line[3:],
            sent_at=STARTED + timedelta(seconds=20 * number),
        )
        for number, line in enumerate(lines)
    ]


def facts(*lines: str) -> list[FactCandidate]:
    """What is extracted; every span is checked to stand in a message of its author."""
    said = turns(*lines)
    by_id = {turn.id: turn for turn in said}
    found = [fact for fact in extract(said) if not fact.doubt]
    for fact in found:
        assert by_id[fact.message_id].author == fact.source
        assert fact.span
        assert fact.span in by_id[fact.message_id].text
        assert 0 <= fact.confidence <= 1
        assert 0 <= fact.importance <= 1
        assert fact.text.endswith(".")
    return found


def values(*lines: str) -> list[tuple[str, str]]:
    return [(f.key, f.value) for f in facts(*lines) if f.polarity == "assert"]
