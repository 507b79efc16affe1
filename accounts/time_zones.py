"""Time zones by their IANA names: which there are, and whose clock counts."""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytz
from django.core.exceptions import ValidationError

UTC_NAME: Final = "UTC"
# The longest name has 32 characters; new ones may come.
MAX_CHARS: Final = 64


def names() -> list[str]:
    """Return the names that people choose from, in alphabetical order."""
    return list(pytz.common_timezones)


def is_zone(name: str) -> bool:
    """Return whether a name, also an old one such as "Asia/Calcutta", is a zone's."""
    if name not in pytz.all_timezones_set:
        return False
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        # The system's own tables are older than the list.
        return False
    return True


def validate(name: str) -> None:
    """Refuse what is no zone.

    Raises:
        ValidationError: There is none of this name.
    """
    if not is_zone(name):
        raise ValidationError("There is no time zone of this name.")


def zone(*told: str) -> ZoneInfo:
    """Return the first that is one: a customer's own, else her desk's, else UTC."""
    return ZoneInfo(next(filter(is_zone, told), UTC_NAME))
