"""Finds order numbers in texts, and the words that say what is in an order."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from memory.llm.assistant.order_result import same_number
from memory.llm.words import content_words, split_sentences

_NUMBER = re.compile(
    r"(?<![\w@.€$£+-])(?:#\s?)?((?:[A-Za-z]{1,5}-?)?\d{4,14}|[A-Za-z]{1,5}-\d{2,14})"
    r"(?![\w@]|[.,]\d|-\d)"
)
_ORDER_WORD = re.compile(
    r"\b(?:orders?|parcels?|packages?|shipments?|order (?:number|id|no))\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:tracking|account|invoice|phone|mobile|card|vat|claim|policy|licen[cs]e"
    r"|postcode|post code|zip(?: code)?|postal code)\b[^.,;]{0,12}$",
    re.IGNORECASE,
)
_MID_NUMBER = re.compile(r"\d[ -]$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BEFORE_CHARS = 20
_PLAIN_DIGITS = range(6, 9)
"""So many digits alone are an order; fewer may be a postcode, more a phone number."""
_SHORT_WORD = 4
_WORDS_AROUND = 6
_TYPO_LETTERS = 4
_TYPO_LIKENESS = 0.8
"""Least likeness of a mistyped word: "chiar" is 0.8 of "chair"."""

_TALK_OF_ORDERS = frozenset(
    content_words(
        """
        address arrival arrive arrived back bought call cancel cancelled carrier change
        changed check come coming cost courier customer date day deliver delivered
        delivery different driver exchange find found friday gone had hasn't here hold
        home info information invoice item look lost missing monday money month morning
        moved name nr packed package paid parcel parcels pay payment phone
        placed please price product received refund replacement return returned right
        same saturday second send sent ship shipment shipped shipping status still stock
        stuff sunday thing third thursday time today tomorrow tonight total track
        tracking transit tuesday update wait waiting wednesday week weekend where
        wrong yesterday yet
        """
    )
)
"""Words that are said of any order, so that they name none."""


def numbers_in(text: str, known: Collection[str] = ()) -> list[str]:
    """Return the order numbers that a text names, in order, each once.

    A number that stands for something else is left out: a postcode, a phone or tracking
    number. What the customer shortened comes back as it is known: "20412" for LF-20412.
    """
    found = [
        as_known(match[1], known)
        for match in _NUMBER.finditer(text)
        if as_known(match[1], known) in known or _is_order(match)
    ]
    return distinct(found)


def numbers_called_orders(text: str) -> list[str]:
    """Return the numbers that a text calls an order; in old texts others are many."""
    return distinct(
        [
            match[1]
            for match in _NUMBER.finditer(text)
            if _is_order(match) and _ORDER_WORD.search(_before(match))
        ]
    )


def any_number(text: str) -> str:
    """Return the first number in the answer to our question for one, or ""."""
    match = _NUMBER.search(text)
    return match[1] if match else ""


def distinct(numbers: Iterable[str]) -> list[str]:
    """Return the numbers in order, each once, however it is written."""
    found: list[str] = []
    for number in numbers:
        if number and not any(same_number(number, other) for other in found):
            found.append(number)
    return found


def as_known(written: str, known: Collection[str]) -> str:
    """Return the known number that is meant by a written one, or the written one."""
    for number in known:
        if same_number(number, written):
            return number
    digits = re.sub(r"\D", "", written)
    if digits == written:
        same = [number for number in known if re.sub(r"\D", "", number) == digits]
        if len(same) == 1:
            return same[0]
    return written


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - _BEFORE_CHARS) : match.start()]


def _is_order(match: re.Match[str]) -> bool:
    before = _before(match)
    if _OTHER_NUMBER.search(before) or _MID_NUMBER.search(before):
        return False
    digits = match[1].isdigit()
    if "#" in match[0] or _ORDER_WORD.search(before):
        return not (digits and _YEAR.fullmatch(match[1]))
    return not digits or len(match[1]) in _PLAIN_DIGITS


def naming_words(text: str) -> set[str]:
    """Return the words that may name a product."""
    return {
        word
        for word in content_words(text) - _TALK_OF_ORDERS
        if not (len(word) > _SHORT_WORD and word.endswith(("ed", "ing")))
    }


def words_by_number(text: str, known: Collection[str]) -> dict[str, set[str]]:
    """Say what is in each order that a text names, by the words beside its number.

    In "the desk is LF-1 and the lamp is LF-2" the words come first; in "LF-1 is the
    desk, LF-2 the lamp" they follow.
    """
    words: dict[str, set[str]] = {}
    for part in split_sentences(text):
        places = [
            match
            for match in _NUMBER.finditer(part)
            if as_known(match[1], known) in known
        ]
        if not places:
            continue
        leads = bool(naming_words(part[: places[0].start()]))
        for row, match in enumerate(places):
            if leads:
                start = places[row - 1].end() if row else 0
                beside = part[start : match.start()].split()[-_WORDS_AROUND:]
            else:
                end = places[row + 1].start() if row + 1 < len(places) else len(part)
                beside = part[match.end() : end].split()[:_WORDS_AROUND]
            number = as_known(match[1], known)
            words.setdefault(number, set()).update(naming_words(" ".join(beside)))
    return words


def shared(words: set[str], others: set[str]) -> int:
    """Count the words of one set that are, give or take a typing error, in another."""
    return sum(
        word in others
        or (
            len(word) >= _TYPO_LETTERS
            and bool(get_close_matches(word, others, 1, _TYPO_LIKENESS))
        )
        for word in words
    )
