"""The customer's current address, put together from the facts it is kept in."""

from datetime import datetime, timedelta

from memory.llm.assistant.answer import Situation
from memory.llm.types import MemoryItem

ADDRESS_KEYS = ("street_address", "address", "zip_code", "city", "state", "country")
_PLACES = ("street_address", "address", "city")
_TOLD_TOGETHER = timedelta(hours=1)
"""Parts of one address come within a conversation, often in answer to questions."""


def current_address(situation: Situation) -> str:
    """Return the address told last as one line, or "".

    A part told before the customer moved again is of another place: it is left out.
    """
    newest = {
        key: known[0]
        for key in ADDRESS_KEYS
        if (known := situation.memories_of(key)) and known[0].value
    }
    replaced = [
        item
        for key, item in newest.items()
        if key in _PLACES and _older_values(situation, item)
    ]
    if replaced:
        moved = max(replaced, key=lambda item: item.said_at)
        newest = {
            key: item
            for key, item in newest.items()
            if _belongs(situation, item, moved)
        }
    return _one_line({key: item.value for key, item in newest.items()})


def _older_values(situation: Situation, newest: MemoryItem) -> list[MemoryItem]:
    known = situation.memories_of(newest.key)
    return [item for item in known if item.value.lower() != newest.value.lower()]


def _belongs(situation: Situation, part: MemoryItem, moved: MemoryItem) -> bool:
    """Say whether a part of an address was told with a new street or city, or later."""
    if part.said_at >= moved.said_at:
        return True
    if any(part.said_at <= old.said_at for old in _older_values(situation, moved)):
        return False
    told, then = _moment(part.said_at), _moment(moved.said_at)
    return told is not None and then is not None and then - told <= _TOLD_TOGETHER


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _one_line(parts: dict[str, str]) -> str:
    """Write an address: the postcode before the city, or after where it has letters."""
    street = parts.get("street_address") or parts.get("address", "")
    city, code = parts.get("city", ""), parts.get("zip_code", "")
    state = parts.get("state", "")
    if state:
        place = [city, f"{state} {code}".strip()]
    elif code.isdigit():
        place = [f"{code} {city}".strip()]
    else:
        place = [f"{city} {code}".strip()]
    line: list[str] = []
    for part in (street, *place, parts.get("country", "")):
        if part and not any(part.lower() in said.lower() for said in line):
            line.append(part)
    return ", ".join(line)
