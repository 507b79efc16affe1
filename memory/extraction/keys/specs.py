"""What is known of one key."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from memory.types import FactKind


class Value(StrEnum):
    """What sort of value a key takes; `memory.values` knows each one's own form."""

    TEXT = "text"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    DATE = "date"
    TIME = "time"
    MONEY = "money"
    COUNT = "count"
    CODE = "code"
    POSTAL_CODE = "postal_code"
    STREET = "street"
    STATE = "state"
    COUNTRY = "country"
    LANGUAGE = "language"


SUPPORT: Final = "support"
BILLING: Final = "billing"
MARKETING: Final = "marketing"
PURPOSES: Final = (SUPPORT, BILLING, MARKETING)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """How facts of one key behave and read.

    Attributes:
        sentence: Takes ``{value}``.
        topic: The area that the key belongs to.
        importance: From 0 to 1.
        single: Whether one value holds at a time, so that a newer one supersedes.
        value: What sort of value it takes.
        purpose: What the fact may be used for, one of `PURPOSES`.
        keep: How long it holds after it was said; None is until it is changed.
    """

    sentence: str
    topic: str
    importance: float = 0.5
    single: bool = False
    kind: FactKind = "fact"
    value: Value = Value.TEXT
    purpose: str = SUPPORT
    keep: timedelta | None = None
