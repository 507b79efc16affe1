"""Whether the desk asked for a secret: what answers such a question is one."""

import re
from typing import NamedTuple

QUESTIONS_REFUSED = (
    r"\bssn\b|social security|\bpass(?:word|code|phrase)|\bpin\b|\bcvv|\bcvc|"
    r"security (?:code|answer|question|number)|last (?:four|4)|\bcard (?:number|"
    r"no\b|#)|maiden(?: names?)?|one-?time|verification code|expir\w+ date|date of birth|"
    r"\bdob\b|national id|passport|driver'?s? licen[cs]e|card details|"
    r"\b(?:bsn|pesel|personnummer|codice fiscale|iban)\b|"
    r"first (?:pet|school|car)\b|mot de passe|passwort|kennwort|contrase(?:ñ|n)a|"
    r"wachtwoord|kreditkarten?nummer|num[ée]ro de carte|n[úu]mero de tarjeta"
)
"""What names a secret in a question of the desk."""

_SECRET = re.compile(QUESTIONS_REFUSED, re.IGNORECASE)
_OTHER = re.compile(
    r"e-?mail|\bphone\b|\bmobile\b|\bnames?\b|\border\b|account|\bzip\b|post ?code|"
    r"(?<!ip )\baddress\b|\bpolicy\b|\bclaim\b|\bbooking\b|\breservation\b|member",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\?|\b(?:may|can|could|would|will|please|need|provide|give|tell|have|get|verify|"
    r"confirm|share|what|which|enter|type|votre|ihre?|uw|su)\b",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"^\s*(?:your|the) [\w ]{3,25} (?:is|are|has|was) ", re.IGNORECASE
)
_BARE_WORDS = 6
"""A sentence so short is a question without its sign: "Full name and PIN:"."""


class Asked(NamedTuple):
    """What the desk asked for before.

    Attributes:
        secret: A secret.
        others: Something else as well.
    """

    secret: bool = False
    others: bool = False


def asked_for(prompt: str) -> Asked:
    """Return what a message of the desk asks for."""
    secret = others = False
    for match in re.finditer(r"[^.?!\n]+[.?!]?", prompt):
        words = match.group()
        if _STATEMENT.match(words) and "?" not in words:
            continue
        if len(words.split()) > _BARE_WORDS and not _REQUEST.search(words):
            continue
        named = _SECRET.sub("", words)
        secret = secret or named != words
        others = others or bool(_OTHER.search(named))
    return Asked(secret, others)
