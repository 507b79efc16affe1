"""Sums of money, and how many of something."""

import re
from decimal import Decimal
from typing import Final

from price_parser import Price

from memory.extraction.vocabulary import words
from memory.values.text import NUMBER_WORDS

# The word or sign for a currency that is not its code. A dollar's country is not known.
_CURRENCIES: Final = {
    "$": "$",
    "dollar": "$",
    "buck": "$",
    "us$": "USD",
    "c$": "CAD",
    "ca$": "CAD",
    "a$": "AUD",
    "€": "EUR",
    "euro": "EUR",
    "£": "GBP",
    "pound": "GBP",
    "quid": "GBP",
    "₹": "INR",
    "rs": "INR",
    "rupee": "INR",
    "¥": "¥",
    "yen": "JPY",
    "franc": "CHF",
}
# Source: ISO 4217, the currencies that people name by their code.
_CODES: Final = words(
    "usd eur gbp cad aud nzd inr jpy cny chf sek nok dkk pln czk huf brl mxn zar "
    "sgd hkd aed try ils krw thb"
)
_THOUSANDS: Final = re.compile(r"(?<=\d)\s?k\b", re.IGNORECASE)


def amount(value: str) -> str:
    """Return a sum as number and currency ("49.90 EUR"), as far as both are said."""
    numbers = re.findall(r"\d[\d.,']*", value)
    price = Price.fromstring(value)
    if len(numbers) != 1 or price.amount is None:
        return ""
    number: Decimal = price.amount * (1000 if _THOUSANDS.search(value) else 1)
    return f"{_plainly(number)} {_currency(value)}".strip()


def count(value: str) -> str:
    """Return the one number of a value in digits."""
    said = re.findall(r"\d+(?:[.,]\d+)*|[a-z]+", value.casefold())
    numbers = {NUMBER_WORDS[w] for w in said if w in NUMBER_WORDS}
    numbers |= {w.replace(",", "") for w in said if w[0].isdigit()}
    return numbers.pop() if len(numbers) == 1 else ""


def _currency(value: str) -> str:
    for token in re.findall(r"[a-z]{0,2}\$|[€£₹¥]|[a-z]+", value.casefold()):
        if token in _CODES:
            return str(token).upper()
        if token in _CURRENCIES:
            return _CURRENCIES[token]
        if token.removesuffix("s") in _CURRENCIES:
            return _CURRENCIES[token.removesuffix("s")]
    return ""


def _plainly(number: Decimal) -> str:
    whole = number == number.to_integral_value()
    return f"{number:.0f}" if whole else f"{number:.2f}"
