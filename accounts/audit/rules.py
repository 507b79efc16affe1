"""What an event may hold: ids, numbers and short tokens, never a name or a text."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

# Above it PostgreSQL and Python write a float differently, which would break the hash.
_MAX_FLOAT = 1e15
_MAX_ITEMS = 500
_MAX_DEPTH = 3
# So many digits in a row of characters may be a telephone or a card number.
_MAX_DIGITS = 7

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_ACTION = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
_ACTOR = re.compile(
    # A model is called whatever its provider calls it.
    rf"user:{_UUID}|assistant(?::.{{1,90}})?|(?!user:)[a-z]+(?::[a-z0-9_.-]{{1,60}})?",
    re.ASCII,
)
_ID = re.compile(_UUID, re.ASCII)
# Lower case, and no blank: a person's name or words are neither.
_TOKEN = re.compile(r"[a-z0-9][a-z0-9_.:/-]{0,79}", re.ASCII)
# Up to four words, and the id of what they are about.
_PURPOSE = re.compile(rf"[a-z]+(?:[ _-][a-z]+){{0,3}}(?: {_UUID})?", re.ASCII)


def check(actor: str, action: str, subject_type: str, subject_id: str) -> None:
    """Refuse an event whose fixed fields hold anything but names and ids.

    Raises:
        ValueError: One of them does.
    """
    for name, value, rule in (
        ("actor", actor, _ACTOR),
        ("action", action, _ACTION),
        ("subject_type", subject_type, _NAME),
    ):
        if not rule.fullmatch(value):
            raise ValueError(f"The {name} of an audit event has the wrong form.")
    if not _is_token(subject_id):
        raise ValueError("The subject_id of an audit event must be an id.")


def checked(detail: Mapping[str, Any], depth: int = 1) -> dict[str, Any]:
    """Return the details as they are stored.

    Raises:
        ValueError: A value may be personal text: it is neither id, number, date nor a
            short token. The message names its key and never the value.
    """
    if depth > _MAX_DEPTH:
        raise ValueError("The details of an audit event are nested too deeply.")
    for key in detail:
        if not _NAME.fullmatch(str(key)):
            raise ValueError("A key in the details of an audit event is not a name.")
    return {str(key): _plain(key, value, depth) for key, value in detail.items()}


def _plain(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return checked(value, depth + 1)
    if isinstance(value, (list, tuple, set, frozenset)):
        if len(value) > _MAX_ITEMS:
            raise ValueError(f"{key!r} in an audit event lists too much.")
        return [_plain(key, item, depth) for item in value]
    return _scalar(key, value)


def _scalar(key: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value) and abs(value) < _MAX_FLOAT:
        return value or 0.0
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (str, UUID)) and _is_token(str(value)):
        return str(value)
    if key == "purpose" and isinstance(value, str) and _PURPOSE.fullmatch(value):
        return value
    raise ValueError(
        f"{key!r} in an audit event may be personal: give ids, numbers, dates or short"
        " words in lower case; what a person writes goes into the reason."
    )


def _is_token(text: str) -> bool:
    if _ID.fullmatch(text.removeprefix("user:")) or _is_date(text):
        return True
    digits = sum(character.isdigit() for character in _without_ids(text))
    return bool(_TOKEN.fullmatch(text)) and digits < _MAX_DIGITS


def _without_ids(text: str) -> str:
    return _ID.sub("", text)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
