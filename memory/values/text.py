"""Words without what makes no difference: case, accents, signs, articles."""

import re
import unicodedata
from typing import Final

# A sign inside a number stays: 3.5 is not 35. So do those that name things: C++, R&D.
_SIGN: Final = re.compile(r"(?<!\w)\.|\.(?!\w)|(?<!\d),|,(?!\d)|[^\w\s.,@+#&]")
_ARTICLES: Final = re.compile(r"^(?:(?:an?|the|my|our|your)\s+)+(?=\S)")


def folded(value: str) -> str:
    """Return a value as it is compared; what has no letters and digits stays."""
    apart = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    plain = re.sub(r"(?<=\w)['’](?=\w)", "", plain)
    words = " ".join(_SIGN.sub(" ", plain).split())
    return _ARTICLES.sub("", words) or " ".join(value.casefold().split())
