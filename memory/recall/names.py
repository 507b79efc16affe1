"""Names in a question: they are looked for as words, and left out of its vector.

A name pulls the vector of a question towards everything that names somebody, and away
from what is asked. As a word it finds exactly what it should.
"""

import re
from typing import Final

# A capital that no sentence begins with.
_NAME: Final = re.compile(r"(?<!^)(?<!\n)(?<![.?!] )\b[A-Z][a-z]{2,}\b(?:['\u2019]s)?")
_BLANKS: Final = re.compile(r"\s+")


def names(question: str) -> list[str]:
    """Return the names in a question, without the 's of whose something is."""
    return [re.sub(r"['\u2019]s$", "", found) for found in _NAME.findall(question)]


def without_names(question: str) -> str:
    """Return a question without its names; as it is where nothing else is left."""
    rest = _BLANKS.sub(" ", _NAME.sub("", question)).strip()
    return rest if re.search(r"\w{3}", rest) else question
