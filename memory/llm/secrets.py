"""Takes card numbers and passwords out of texts that are kept."""

import re

CARD_MARK = "[card number removed]"
SECRET_MARK = "[secret removed]"  # noqa: S105 - what stands in a secret's place

_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_SPOKEN_SECRET = re.compile(
    r"(\b(?:password|passcode|pin(?: code)?|cvv2?|cvc2?|security code|ssn"
    r"|social security number)\b(?:\s+(?:is|was)\b|\s*[=:])\s*)(\S+)",
    re.IGNORECASE,
)
_CODE = re.compile(r"(\b(?:pin(?: code)?|cvv2?|cvc2?)\s+)(\d{3,8})\b", re.IGNORECASE)
_LUHN_LIMIT = 9


def redacted(text: str) -> str:
    """Return the text with card numbers and spoken passwords replaced by marks."""
    text = _CARD.sub(
        lambda found: CARD_MARK if _passes_luhn(found.group()) else found.group(), text
    )
    text = _SPOKEN_SECRET.sub(rf"\1{SECRET_MARK}", text)
    return _CODE.sub(rf"\1{SECRET_MARK}", text)


def _passes_luhn(number: str) -> bool:
    """Check the check digit of a card number. Source: ISO/IEC 7812-1, annex B."""
    total = 0
    for index, digit in enumerate(reversed(re.sub(r"\D", "", number))):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - _LUHN_LIMIT if value > _LUHN_LIMIT else value
    return total % 10 == 0
