"""Each sort of value in its own form."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from memory.extraction.keys import Value
from memory.values import codes, contact, dates, money, places


@dataclass(frozen=True, slots=True)
class Said:
    """Around a value: when it was said, and where.

    Attributes:
        at: The message's time: "yesterday" is the day before. Without it, days that
            are counted from the message have no form.
        region: The country the customer is in, as two letters; empty if unknown.
    """

    at: datetime | None = None
    region: str = ""


_FORMS: Final[dict[Value, Callable[[str, Said], str]]] = {
    Value.EMAIL: lambda value, _: contact.email(value),
    Value.PHONE: lambda value, said: contact.phone(value, said.region),
    Value.LANGUAGE: lambda value, _: contact.language(value),
    Value.DATE: lambda value, said: dates.day(value, said.at, said.region),
    Value.TIME: lambda value, _: dates.clock(value),
    Value.MONEY: lambda value, _: money.amount(value),
    Value.COUNT: lambda value, _: money.count(value),
    Value.CODE: lambda value, _: codes.code(value),
    Value.POSTAL_CODE: lambda value, _: codes.postal_code(value),
    Value.STREET: lambda value, _: places.street(value),
    Value.STATE: lambda value, _: places.state(value),
    Value.COUNTRY: lambda value, _: places.country(value),
}


_NOWHERE: Final = Said()


def normal(sort: Value, value: str, said: Said = _NOWHERE) -> str:
    """Return a value in its own form, or an empty string where it has none."""
    form = _FORMS.get(sort)
    return form(value, said) if form else ""
