"""Payment cards: the number, also in two messages, the check code, the expiry date."""

import re
from collections.abc import Iterator

from memory.refusals.finding import Found

NUMBER, CODE = "card number", "card code"

_LONG_NUMBER = re.compile(r"(?<![\w.])\d(?:[ .-]?\d){12,23}(?!\w)")
_SPREADSHEET_NUMBER = re.compile(
    r"(?<!\w)\d(?:\.?\d){1,6} ?e ?\+?(?:1[1-9]|20)(?!\w)", re.IGNORECASE
)
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|62\d{14,17}"
)
"""Lengths and first digits of the card issuers. Source: ISO/IEC 7812-1 registry."""
_CARD_WORD = re.compile(
    r"\b(?:credit|debit|bank|visa|master ?card|amex|american express|card|cc|karte"
    r"|kreditkarte|carte|tarjeta|carta|kaart|cart[ãa]o)\b",
    re.IGNORECASE,
)
_OTHER_WORD = re.compile(
    r"\b(?:tracking|track|order|parcel|package|shipment|imei|serial|invoice|ticket"
    r"|reference|ref|booking|barcode|ean|isbn|waybill|sku|model|claim|policy)\b",
    re.IGNORECASE,
)
_CODE_AFTER = re.compile(
    r"[\s,;.|-]*(?:(?:exp\w*\.?|valid|until|thru|good)\s*)*"
    r"(?P<expiry>\d{1,2}\s?[/-]\s?\d{2,4})?"
    r"(?:[\s,;|/-]|and|code|cvv2?|cvc2?|security|is|:)*(?P<code>\d{3,4})?(?!\d)",
    re.IGNORECASE,
)
_CODE_ON_BACK = re.compile(
    r"\b(?:three|3|four|4)[ -](?:\w+ )?(?:digits?|numbers?)\b[^.?!\n\d]{0,30}"
    r"\b(?:back|front|reverse)\b[^.?!\n\d]{0,30}(?P<code>\d{3,4})(?!\d)"
    r"|\b(?:on|at) the (?:back|front) (?:it says|is|says|of (?:it|the card)(?: is)?):? "
    r"(?P<code2>\d{3,4})(?!\d)",
    re.IGNORECASE,
)
_LABEL_CHARS = 60
_PIECE = re.compile(r"(?<![\w.])\d(?:[ -]?\d){1,11}(?![\w])")
_PIECE_WORDS = 6
"""A message with a piece of a number says little else: "and then 1111 1111"."""
_MOST_PIECES = 5


def cards(text: str, *, asked: bool = False) -> Iterator[Found]:
    """Yield card numbers with the code and expiry date after them.

    Args:
        text: A message, made plain.
        asked: Whether the desk asked for a secret.
    """
    for match in _LONG_NUMBER.finditer(text):
        if end := _card_end(text, match, asked=asked):
            yield Found(match.start(), end, NUMBER)
            after = _CODE_AFTER.match(text, end)
            for group in ("expiry", "code"):
                if after and after[group]:
                    yield Found(*after.span(group), CODE)
    for match in _SPREADSHEET_NUMBER.finditer(text):
        yield Found(*match.span(), NUMBER)
    for match in _CODE_ON_BACK.finditer(text):
        yield Found(*match.span(match.lastgroup or 0), CODE)


def passes_luhn(number: str) -> bool:
    """Whether the digits of `number` pass the check of payment cards.

    Source: ISO/IEC 7812-1, annex B.
    """
    digits = [int(c) for c in number if c.isdigit()]
    doubled = (d * 2 - 9 * (d > 4) for d in digits[-2::-2])  # noqa: PLR2004 - Luhn
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def speaks_of_card(text: str) -> bool:
    """Whether the text names a payment card."""
    return bool(_CARD_WORD.search(text))


def piece(text: str) -> re.Match[str] | None:
    """Return the one number of a message that says little else; None for others."""
    found = list(_PIECE.finditer(text))
    if len(found) != 1:
        return None
    rest = text[: found[0].start()] + text[found[0].end() :]
    return found[0] if len(rest.split()) <= _PIECE_WORDS else None


def spread(pieces: list[str]) -> int:
    """Return how many of the last pieces make a card number together; 0 for none."""
    for count in range(2, min(_MOST_PIECES, len(pieces)) + 1):
        number = "".join(re.sub(r"\D", "", part) for part in pieces[-count:])
        if _is_issued(number):
            return count
    return 0


def _card_end(text: str, match: re.Match[str], *, asked: bool) -> int:
    """Return where the card number ends that a long number begins with; 0 for none."""
    whole = match.group()
    # An expiry date after it looks like more of it.
    ends = [at.start() for at in re.finditer(r"(?<=\d)(?:[ .-]|$)", whole)]
    issued = [end for end in ends if _is_issued(whole[:end])]
    before = text[max(0, match.start() - _LABEL_CHARS) : match.start()]
    card = _last(_CARD_WORD, before)
    other = _last(_OTHER_WORD, before)
    if card < 0 and other < 0:
        # Nothing before it says what it is; what comes later may.
        card = 0 if asked or speaks_of_card(text) else -1
    if card > other:
        # Beside that word a slip of the pen is no excuse.
        return match.start() + (issued[-1] if issued else ends[-1])
    if issued and (other < 0 or _grouped(whole[: issued[-1]])):
        return match.start() + issued[-1]
    return 0


def _is_issued(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return bool(_ISSUED.fullmatch(digits)) and passes_luhn(digits)


def _grouped(number: str) -> bool:
    """Whether a number is written as it is embossed on a card."""
    return bool(re.fullmatch(r"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}", number))


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in pattern.finditer(text)), default=-1)
