"""What must never be kept: payment cards, passwords, codes, national ids, health.

Source: PCI DSS 4.0 requirement 3 (account data), GDPR articles 9 and 87 (special
categories, national identification numbers); Luhn's check as in ISO/IEC 7812-1.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from memory.extraction.findings import plain
from memory.extraction.questions import SECRET, asked_keys
from memory.types import Turn

MASK = "[removed]"
_SECRET_LENGTHS = (3, 4, 9)
"""Digits of a card's check code, a PIN or last four, and a national id."""
_SHORT_ANSWER = 3
"""Words an answer may have to be taken for the secret as a whole."""

_LONG_NUMBER = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)")
_SPREADSHEET_NUMBER = re.compile(
    r"(?<!\w)\d(?:\.?\d){1,6} ?e ?\+?(?:1[1-9]|20)(?!\w)", re.IGNORECASE
)
_NATIONAL_ID = re.compile(
    r"(?<![\w-])(?!000|666)[0-8]\d{2}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![\w-])"
    r"|(?<![\w-])[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![\w-])"
)
_NAMED = re.compile(
    r"\b(?:(?:my|the|our|and|with|is|temporary|new|old|current) )*"
    r"(?:pass ?words?|pass ?codes?|pass ?phrases?|pwd|pin(?: (?:code|number|no))?|"
    r"ssn|social security(?: (?:number|no))?|soc(?:ial)?(?= is)|cvv2?|cvc|"
    r"(?:one[- ]time|security|verification|login|access|auth\w*|2fa|otp) ?"
    r"(?:code|pin|answer|number|pass\w*)?|otp|secret (?:word|answer|question)|"
    r"mother'?s maiden name|(?:credit|debit|bank)? ?card (?:number|no|num)|"
    r"(?:last|final) (?:four|4) (?:\w+ )?(?:of (?:\w+ ){0,4})?|"
    r"passport(?: (?:number|no))?|driver'?s? licen[cs]e(?: (?:number|no))?|"
    r"national (?:id|insurance)(?: (?:number|no))?|tax (?:id|number)|"
    r"aadhaa?r(?: (?:number|no))?|bsn|iban)"
    r"(?: (?:number|num|no|code|of mine|digits?))*\.?"
    r"(?:\s*(?::|=|#|-)\s*|\s+(?:is|are|was|to|as)\s*:?\s*|\s+(?=\S*\d)"
    r"|(?<=word)\s+(?!(?:on|for|in|at|with|reset|and|or)\b)(?=\w+ \d))"
    r"(?P<value>(?:(?!(?:and|but|please|so|for|not|i)\b)[^\s,;]+)"
    r"(?: (?=\S*\d)\S+){0,4})",
    re.IGNORECASE,
)
_TRAILING_NAME = re.compile(
    r"(?P<value>(?<!\w)[\w-]*\d[\w -]{2,})\s+(?:is|are)\s+(?:my|the)\s+(?:last "
    r"(?:four|4)|"
    r"pass\w+|pin|ssn|social|code)\b|(?<!\w)(?P<digits>\d{3,9}) is (?:the |my )?ssn\b",
    re.IGNORECASE,
)
_SPECIAL = re.compile(
    r"\b(?:diabet\w*|cancer|tumou?r|hiv|depress(?:ed|ion)|anxiety|asthma\w*|"
    r"pregnan\w*|miscarriage|abortion|disabilit\w+|i(?:'| a)?m disabled|wheelchair|"
    r"epilep\w*|autis\w*|adhd|bipolar|schizo\w*|allerg\w*|coeliac|celiac|gluten|"
    r"medications?|medicines?|prescriptions?|illness|disease|diagnos\w*|surgery|"
    r"hospitali[sz]\w*|in (?:the )?hospital|my therap\w+|in therapy|rehab|addict\w*|"
    r"alcoholic|sober|covid|"
    r"muslim|islam\w*|christianity|a christian|catholic|protestant|jewish|judaism|"
    r"hindu\w*|buddhis\w*|sikh|atheist|mosque|synagogue|my church|to church|religio\w*|"
    r"halal|kosher|ramadan|vegan\w*|vegetarian\w*|(?:'| a)?m gay|lesbian|bisexual|"
    r"transgender|homosexual|sexual\w*|lgbt\w*|pride (?:parade|march)|republican|"
    r"democrats?|socialist|communist|"
    r"trade union|union member|vot(?:e|ed|ing) for|ethnic\w*|criminal record)\b",
    re.IGNORECASE,
)
_CODE_TOKEN = re.compile(r"(?<![\w@.])(?=[\w-]*\d)[\w-]{3,}(?![\w@])")
_CARD = re.compile(
    r"\b(?:credit|debit|bank|visa|master ?card|amex|card)\b", re.IGNORECASE
)


def passes_luhn(number: str) -> bool:
    """Whether the digits of ``number`` pass the check of payment cards."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = (d * 2 - 9 * (d > 4) for d in digits[-2::-2])  # noqa: PLR2004 - Luhn
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def secret_spans(text: str, asked: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Where secrets stand in a customer's message.

    ``asked`` holds the keys the desk asked for: after "the last four of your SSN?"
    a bare number is a secret too.
    """
    text = plain(text)
    of_card = SECRET in asked or bool(_CARD.search(text))
    numbers = _LONG_NUMBER.finditer(text)
    spans = [m.span() for m in numbers if of_card or passes_luhn(m.group())]
    for pattern in (_SPREADSHEET_NUMBER, _NATIONAL_ID):
        spans += (m.span() for m in pattern.finditer(text))
    spans += (m.span("value") for m in _NAMED.finditer(text))
    spans += (m.span(m.lastgroup or 0) for m in _TRAILING_NAME.finditer(text))
    spans += _answers(text, asked)
    return _merged(spans)


def mask_secrets(text: str, previous_agent_text: str = "") -> str:
    """The text with every card number, password, code and national id removed.

    ``previous_agent_text`` is what the desk said before: what answers a question for
    a secret is one.
    """
    for start, end in reversed(secret_spans(text, asked_keys(previous_agent_text))):
        text = f"{text[:start]}{MASK}{text[end:]}"
    return text


def without_secrets(turns: Sequence[Turn]) -> list[Turn]:
    """The same turns with every secret removed from what the customer wrote."""
    kept = []
    said_before = ""
    for turn in turns:
        if turn.author == "customer":
            kept.append(replace(turn, text=mask_secrets(turn.text, said_before)))
        else:
            # The desk may repeat a secret; its questions decide what the next one is.
            kept.append(replace(turn, text=mask_secrets(turn.text)))
            said_before = turn.text
    return kept


def contains_secret(text: str, previous_agent_text: str = "") -> bool:
    """Whether a message holds a secret or special-category data.

    ``previous_agent_text`` is what the desk said before. Health, religion, sexual
    life, politics and the like count: no fact is made of them.
    """
    asked = asked_keys(previous_agent_text)
    return bool(secret_spans(text, asked)) or is_special(text)


def is_special(text: str) -> bool:
    """Whether the text speaks of a special category of personal data."""
    return bool(_SPECIAL.search(plain(text)))


def _answers(text: str, asked: Sequence[str]) -> Iterator[tuple[int, int]]:
    """What answers a question for a secret: every code that answers nothing else."""
    if SECRET not in asked:
        return
    others = len(asked) > 1
    for match in _CODE_TOKEN.finditer(text):
        code = match.group()
        if not others or (code.isdigit() and len(code) in _SECRET_LENGTHS):
            yield match.span()
    if not others and len(text.split()) <= _SHORT_ANSWER and "@" not in text:
        yield 0, len(text)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, with overlapping ranges joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
