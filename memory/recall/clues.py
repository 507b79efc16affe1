"""What a question names letter by letter: numbers, codes, addresses and names.

Each becomes a regular expression that PostgreSQL and Python read alike, for texts as
`plain` writes them.
"""

import re
from dataclasses import dataclass
from typing import Final

from memory.recall.names import names

# Of a long question the first ones: each is looked for in every text.
_MOST: Final = 6
# How people part the groups of a number, each in a way of her own.
SEPARATORS: Final = "-./#"
_CODE: Final = re.compile(r"#?[A-Za-z0-9](?:[\w@+./#-]*[A-Za-z0-9])?")
_SHORTEST_CODE: Final = 4
# What is longer was pasted, and is no number that anybody reads out.
_LONGEST_CODE: Final = 60
# "3-seater" is a word like any other.
_LEAST_DIGITS: Final = 3
# A shorter one has too many that differ in one character.
_SHORTEST_NEAR: Final = 5
# The patterns of a longer one with a slip are more than PostgreSQL takes.
_LONGEST_NEAR: Final = 40
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_LETTERED: Final = re.compile(r"([a-z]{1,4})(\d{4,})")
_ANY: Final = "[a-z0-9]"
_LEFT, _RIGHT = f"(?<!{_ANY})", f"(?!{_ANY})"
_PLAIN: Final = str.maketrans("", "", SEPARATORS)
# A number is nobody else's; a name stands in much that is about something else.
_CODE_WEIGHT: Final = 5.0
_OF_CALENDAR: Final = frozenset(
    "january february march april may june july august september october november"  # noqa: SIM905 - a word list reads better as words
    " december monday tuesday wednesday thursday friday saturday sunday".split()
)


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that a question names.

    Attributes:
        words: How the question writes it.
        exact: What finds it.
        near: What finds it with one character wrong, missing, too many, or two of them
            swapped; it finds what `exact` does, too. The same as `exact` where nothing
            else comes near.
        weight: How much it tells beside the others.
    """

    words: str
    exact: str
    near: str
    weight: float


def plain(text: str) -> str:
    """Return a text as clues are looked for in it."""
    return text.lower().translate(_PLAIN)


def clues(question: str) -> tuple[Clue, ...]:
    """Return what a question names, the most telling first."""
    found: dict[str, Clue] = {}
    for match in _CODE.finditer(question):
        code = plain(match.group())
        if _is_code(code):
            found.setdefault(code, _code(match.group(), code))
    for name in names(question):
        if name.lower() not in _OF_CALENDAR:
            pattern = f"{_LEFT}{re.escape(name.lower())}{_RIGHT}"
            found.setdefault(name.lower(), Clue(name, pattern, pattern, 1.0))
    return tuple(found.values())[:_MOST]


def _is_code(code: str) -> bool:
    if len(code) > _LONGEST_CODE:
        return False
    if "@" in code:
        return True
    if len(code) < _SHORTEST_CODE or _YEAR.fullmatch(code):
        return False
    return sum(char.isdigit() for char in code) >= _LEAST_DIGITS


def _code(words: str, code: str) -> Clue:
    core = re.escape(code)
    if lettered := _LETTERED.fullmatch(code):
        # "Order 20418" is LF-20418.
        core = f"(?:{lettered[1]})?{lettered[2]}"
    # Before a mere number may stand the letters of its kind.
    left = "(?<![0-9])" if code[0].isdigit() else _LEFT
    exact = f"{left}{core}{_RIGHT}"
    near = exact
    if _SHORTEST_NEAR <= len(code) <= _LONGEST_NEAR:
        near = f"{exact}|{_LEFT}(?:{'|'.join(_misspelt(code))}){_RIGHT}"
    return Clue(words, exact, near, _CODE_WEIGHT)


def _misspelt(code: str) -> list[str]:
    """Return patterns for a code with one slip of the hand."""
    at = range(len(code))
    cut = [(re.escape(code[:i]), re.escape(code[i:])) for i in (*at, len(code))]
    wrong = [
        f"{before}{_ANY}?{re.escape(code[i + 1 :])}"
        for i, (before, _) in enumerate(cut[:-1])
    ]
    more = [f"{before}{_ANY}{after}" for before, after in cut]
    swapped = [
        re.escape(code[:i] + code[i + 1] + code[i] + code[i + 2 :])
        for i in at[:-1]
        if code[i] != code[i + 1]
    ]
    return [*wrong, *more, *swapped]
