"""Words without what makes no difference: case, accents, signs, articles."""

import re
import unicodedata
from typing import Final

# A sign inside a number stays: 3.5 is not 35. So do those that name things: C++, R&D.
_SIGN: Final = re.compile(r"(?<!\w)\.|\.(?!\w)|(?<!\d),|,(?!\d)|[^\w\s.,@+#&]")
_ARTICLES: Final = re.compile(r"^(?:(?:an?|the|my|our|your)\s+)+(?=\S)")
NUMBER_WORDS: Final = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}


def folded(value: str) -> str:
    """Return a value as it is compared; what has no letters and digits stays."""
    apart = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    plain = re.sub("(?<=\\w)['\u2019](?=\\w)", "", plain)
    words = " ".join(_SIGN.sub(" ", plain).split())
    return _ARTICLES.sub("", words) or " ".join(value.casefold().split())
