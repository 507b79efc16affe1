"""Parts of an address."""

import re
from functools import cache
from typing import Final

import pytz

from memory.extraction.address import US_STATES
from memory.values.text import folded

# What people call a country besides its name in the zone database.
_ALSO: Final = {
    "uk": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "us": "US",
    "usa": "US",
    "america": "US",
    "united states of america": "US",
    "holland": "NL",
    "korea": "KR",
    "uae": "AE",
    "deutschland": "DE",
    "osterreich": "AT",
    "schweiz": "CH",
    "espana": "ES",
    "italia": "IT",
}
# Source: USPS Publication 28, appendix C1, the common suffixes.
_SUFFIXES: Final = {
    "st": "street",
    "str": "street",
    "ave": "avenue",
    "av": "avenue",
    "rd": "road",
    "blvd": "boulevard",
    "ln": "lane",
    "dr": "drive",
    "ct": "court",
    "pl": "place",
    "sq": "square",
    "ter": "terrace",
    "pkwy": "parkway",
    "hwy": "highway",
    "cir": "circle",
    "apt": "apartment",
}
_NAMES: Final = {
    folded(name.replace("_", " ")): code for code, name in US_STATES.items()
}


def street(value: str) -> str:
    """Return a street with its number, abbreviations written out, in lower case."""
    first, *rest = folded(value).split() or [""]
    words = [first, *(_SUFFIXES.get(word, word) for word in rest)]
    return re.sub(r"(?<=\w)strasse\b|(?<=\w)str\b", "straße", " ".join(words))


def state(value: str) -> str:
    """Return a state of the United States as two letters."""
    code = value.strip(" .").upper()
    return code if code in US_STATES else _NAMES.get(folded(value), "")


def country(value: str) -> str:
    """Return a country as two letters. Source: ISO 3166-1, from the zone database."""
    code = value.strip()
    if len(code) == len("DE") and code.isupper() and code in pytz.country_names:
        return code
    return _ALSO.get(folded(value)) or _countries().get(folded(value), "")


@cache
def _countries() -> dict[str, str]:
    return {folded(name): code for code, name in pytz.country_names.items()}
