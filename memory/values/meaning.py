"""Whether two statements may say the same: what must agree before vectors count.

Vectors put opposites side by side: "called before noon" and "called after noon" are as
near as two spellings. So numbers, negations, directions and every word of substance
have to agree; what may differ is the form of the words, and those that carry nothing.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import snowballstemmer

from memory.extraction.vocabulary import words
from memory.values.text import NUMBER_WORDS, folded

_NEGATIONS: Final = words(
    "not no never cannot cant wont dont doesnt didnt isnt wasnt arent werent hasnt "
    "havent hadnt couldnt wouldnt without unable nothing none"
)
# They carry nothing by themselves.
_FILLERS: Final = words(
    "a an the my our your his her their its i we you they me us them it this that "
    "these those is are am was were be been being has have had having do does did "
    "will would can could should get gets got getting receive received also just "
    "really very quite so much well still again please all time times at keeps keep "
    "of some any there which to into in on up by with and while as like likes "
    "prefer prefers want wants pair good arrival unable come came through ever yet "
    "now currently always often for give"
)
# These turn a statement round, together with the word that follows: before noon, over
# the phone, turn off.
_HINGES: Final = words(
    "from over off out down before after under than instead since until"
)
# Words that one desk's customers use for one thing.
_ONE_THING: Final = (
    "parcel package shipment delivery",
    "arrive deliver",
    "sign log login",
    "speak talk",
    "email mail e-mail",
    "restart reset reboot",
    "swap exchange",
    "update change",
    "machine maker",
    "meal food",
    "slow slowly",
    "photograph photography photo picture",
    "mobile cellphone smartphone",
    "colour color",
    "refund reimburse reimbursement",
    "repair fix",
    "film movie",
    "holiday vacation",
    "invoice bill",
    "quick quickly fast",
    "short brief",
    "break broke broken",
)
_NUMBERS: Final = {"once": "1", "twice": "2", "both": "2", **NUMBER_WORDS}
_SILENT: Final = _NEGATIONS | _FILLERS


@dataclass(frozen=True, slots=True)
class Reading:
    """What a statement says apart from its form.

    Attributes:
        numbers: Every number and every code with a digit in it.
        negated: Whether it denies, two denials making none.
        hinges: The words of direction with what follows them, in their order.
        substance: The stems of all words that carry meaning.
    """

    numbers: frozenset[str]
    negated: bool
    hinges: tuple[tuple[str, str], ...]
    substance: frozenset[str]


def read(text: str) -> Reading:
    """Return what a statement says."""
    said = [_NUMBERS.get(w, w) for w in re.findall(r"[\w@+#&.]+", folded(text))]
    numbers = frozenset(w for w in said if any(c.isdigit() for c in w))
    denials = sum(word in _NEGATIONS for word in said)
    stems = [_stem(w) for w in said if not w[0].isdigit() and w not in _SILENT]
    hinges = [pair for pair in pairwise([*stems, ""]) if pair[0] in _HINGES]
    return Reading(numbers, denials % 2 == 1, tuple(hinges), frozenset(stems) - _HINGES)


def may_be_same(left: str, right: str) -> bool:
    """Return whether nothing of substance sets two statements apart."""
    return read(left) == read(right)


@cache
def _stemmer() -> Any:
    return snowballstemmer.stemmer("english")


def _stem(word: str) -> str:
    if word in _HINGES:
        return word
    stem = str(_stemmer().stemWord(word))
    return _one_thing().get(stem, stem)


@cache
def _one_thing() -> dict[str, str]:
    return {
        str(_stemmer().stemWord(word)): group.split()[0]
        for group in _ONE_THING
        for word in group.split()
    }
