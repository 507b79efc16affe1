"""National ids, bank accounts and access keys, by their forms and check digits.

A number that only its check digit tells from an order number needs a word beside it
that names it; one whose form is its own does not.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from stdnum import iban
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.ie import pps
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_idnr

from memory.refusals.finding import Found

Check = Callable[[str], bool]

NATIONAL_ID, ACCOUNT, KEY = "national id", "bank account", "access key"

_OF_ITS_OWN_FORM: Final[tuple[tuple[re.Pattern[str], Check], ...]] = tuple(
    (re.compile(rf"(?<![\w.-]){pattern}(?![\w-])", re.IGNORECASE), check)
    for pattern, check in (
        (r"\d{2}\.\d{2}\.\d{2}[-. ]\d{3}[.-]\d{2}", nn.is_valid),
        (r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
        (r"756\.\d{4}\.\d{4}\.\d{2}", ahv.is_valid),
        (r"\d{6}[-+A]\d{3}[\dA-Y]", hetu.is_valid),
        (r"\d{6}-\d{7}", rrn.is_valid),
        (r"\d{8}-?[A-HJ-NP-TV-Z]", dni.is_valid),
        (r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
        (r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
        (r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", curp.is_valid),
        (r"\d{17}[\dX]", ric.is_valid),
        (r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
    )
)
_FORM_ALONE = re.compile(
    r"(?<![\w-])(?!000|666)[0-8]\d{2}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![\w-])"
    r"|(?<![\w-])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"(?![\w-])"
)
"""A US social security number with its signs, a British national insurance number."""

_NAMED_CHECKS: Final[tuple[Check, ...]] = (
    bsn.is_valid,
    nn.is_valid,
    idnr.is_valid,
    pesel.is_valid,
    fodselsnummer.is_valid,
    cpr.is_valid,
    personnummer.is_valid,
    aadhaar.is_valid,
    pan.is_valid,
    cpf.is_valid,
    ssn.is_valid,
    itin.is_valid,
    sin.is_valid,
    tfn.is_valid,
    pps.is_valid,
    za_idnr.is_valid,
)
_NAMES = re.compile(
    r"\b(?:ssn|itin|social (?:security|insurance)|national (?:id\w*|insurance)|"
    r"identity (?:card|number|document)|(?:personal|citizen) (?:id\b|identi\w+)|"
    r"tax(?:payer)?[ -]?(?:id|identification|file)\w*|bsn|burgerservice\w*|rijksregister\w*|"
    r"registre national|num[ée]ro national|steuer-?id\w*|steueridentifikations\w*|"
    r"(?-i:DNI|NIE|NIF|SIN|TFN|PPS\w*)|codice fiscale|personnummer|cpr\S*|f[øo]dselsnummer|"
    r"henkil[öo]tunnus|hetu|pesel|aadhaa?r|pan (?:card|number)|cpf|my id number is)\b",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(
    r"(?<![\w])(?=(?:[A-Z]{0,5}\W?\d){1})[A-Z\d](?:[ .\-/+]?[A-Z\d]){6,19}(?![\w])"
)
_NEAR_CHARS = 80
_IBAN = re.compile(
    r"(?<![\w])[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]){11,30}(?![\w])", re.IGNORECASE
)
_SHORTEST_IBAN = 15
_KEYS = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[\w-]{16,}"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\b(?:AKIA|ASIA)[A-Z\d]{16}\b|\bAIza[\w-]{30,}|\bxox[abprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bnpm_\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\bBearer [\w.~+/-]{16,}=*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)?"
)


def numbers(text: str) -> Iterator[Found]:
    """Yield national ids, bank accounts and access keys in a text made plain."""
    for match in _KEYS.finditer(text):
        yield Found(*match.span(), KEY)
    if not any(character.isdigit() for character in text):
        return
    for pattern, check in _OF_ITS_OWN_FORM:
        for match in pattern.finditer(text):
            if check(match.group()):
                yield Found(*match.span(), NATIONAL_ID)
    for match in _FORM_ALONE.finditer(text):
        yield Found(*match.span(), NATIONAL_ID)
    yield from _named(text)
    yield from _ibans(text)


def _named(text: str) -> Iterator[Found]:
    names = [match.end() for match in _NAMES.finditer(text)]
    if not names:
        return
    for match in _CANDIDATE.finditer(text):
        near = any(abs(match.start() - end) <= _NEAR_CHARS for end in names)
        if near and any(check(match.group()) for check in _NAMED_CHECKS):
            yield Found(*match.span(), NATIONAL_ID)


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        # The words after it may look like more of it.
        for end in range(match.end(), match.start() + _SHORTEST_IBAN - 1, -1):
            if iban.is_valid(text[match.start() : end], check_country=False):
                yield Found(match.start(), end, ACCOUNT)
                break
