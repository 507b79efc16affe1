"""Dishes, drinks, delivery address and payment in terse food orders."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group, trimmed
from memory.extraction.vocabulary import NOT_A_NAME

_COUNT = r"(?:\d{1,2}|an?|one|two|three|four|five|six|some|the)"
NOUNS = re.compile(
    r"\b(?:pizz+as?|(?:cheese|ham)?burgers?|sandwich(?:es)?|salads?|fries|nuggets?|"
    r"wraps?|"
    r"chicken|bacon|meal|breakfast|hotcakes?|pancakes?|tacos?|burritos?|pasta|soups?|"
    r"sodas?|cokes?|cola|cocacola|coke o cola|pepsi|sprite|fanta|lemonades?|tea|coffee|"
    r"latte|beers?|wine|water|juice|milkshakes?|shakes?|smoothies?|hot chocolate|"
    r"cookies?|brownies?|pies?|ice cream|cakes?|desserts?|caesar|mozz?arella|cheese|"
    r"sauce|peppers?|onions?|mushrooms?|pepperoni|sausage|garlic|feta|arugula|"
    r"big ?mac|mcmuffins?|burgars?|sald|egg|fruit|toast|rice|noodles|steak|donuts?|"
    r"cappuccino|espresso|sandwhich|hot ?dogs?|wings|bread|[a-z]*burgers?|"
    r"[a-z]*salads?|"
    r"meat eater|veg out|red vine|white top|art lover|quarter pounder|mcflurry|"
    r"soft drinks?)\b",
    re.IGNORECASE,
)
"""Words for food and drink."""
_ORDERED = re.compile(
    r"(?:^|\b(?:want|need|like|order|have|get|add|prefer|take|me|and|with|also|bring|"
    r"get|place|build|plus|make|go)\b)"
    r" ?(?:(?:to|have|order|get|an?|the|some|please|me|in|go|with|add|my|own|for|i|"
    r"extra|of|your|try)\b ?)*"
    r"(?:(?:\d{1,2}|one|two|three|four|five|six) )?"
    r"(?P<value>[a-z][\w'•-]*(?: [a-z•][\w'-]*){0,5}?)"
    r"(?: \d{1,2})?"
    r"(?=$| (?:and|with|please|on|for|to|in|also|at|of|that|is|instead|from|pizza with|"
    r"\d)\b)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?<!\w)(?P<value>\d{1,2}|one|two|three|four|five|six)"
    r"(?: (?!and\b|to\b|with\b|of\b|or\b|more\b|pc\b)[a-z'-]{3,}){1,4}"
    r"|[a-z]{3,} (?P<after>\d{1,2})$",
    re.IGNORECASE,
)
_STREET_LIKE = re.compile(
    r"(?:\baddress(?: is)? |^|\band )(?P<value>(?:no )?\d{1,5} (?!nos\b|pc\b|gb\b|of\b)"
    r"[a-z][a-z'.]+(?: (?!ph\b|phone\b|contact\b|phnoe\b|mobile\b)[\w'.]+){1,8})",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\baddress(?: is)? (?P<value>(?!and\b|is\b|please\b|on\b)[\w'.]+"
    r"(?: (?!ph\b|phone\b|contact\b|phnoe\b|mobile\b)[\w'.]+){1,9})",
    re.IGNORECASE,
)
_TRAILING_PHONE = re.compile(r" (?:and )?\+?\d(?:[ -]?\d){7,11}$")
_TYPICAL = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|nagar|way|"
    r"court|"
    r"city|town|suite|apt|expressway|highway|square|place|circle|canal|block)\b|"
    r"\d{4,6}$|\b[a-z]{2} \d{4,6}\b",
    re.IGNORECASE,
)
_WORDY = re.compile(r"(?!\b(?:and|no)\b)\b[a-z]{2,}", re.IGNORECASE)
_PAYMENT = re.compile(
    r"\b(?P<value>cash on delivery|cash|cod|online|credit card|debit card|card)\b"
    r"(?= payment|$| on| at| please| only)",
    re.IGNORECASE,
)
_LONGEST = 5


def dishes(said: Utterance) -> Iterator[Finding]:
    """What is ordered, and how many."""
    if not NOUNS.search(said.text):
        return
    yield from _counts(said)
    for match in _ORDERED.finditer(said.text):
        start, end = _dish(said.text, *match.span("value"))
        value = said.text[start:end]
        if not NOUNS.search(value) or len(value.split()) > _LONGEST:
            continue
        yield Finding("product", value, start, end, 0.65, sentence=f"Ordered {value}.")


def _counts(said: Utterance) -> Iterator[Finding]:
    """The numbers before or behind what is ordered."""
    for match in _COUNTED.finditer(said.text):
        count = group(match, "quantity", match.lastgroup or 0)
        sentence = f"Ordered {match.group().strip()}."
        yield Finding(
            "quantity", count.value, count.start, count.end, 0.6, sentence=sentence
        )


def addresses(said: Utterance) -> Iterator[Finding]:
    """Where to deliver: a house number and words, or what is called the address."""
    for pattern in (_LABELLED, _STREET_LIKE):
        match = pattern.search(said.text)
        if not match:
            continue
        start, end = match.span("value")
        end -= len(_found(_TRAILING_PHONE, said.text[start:end]))
        value = said.text[start:end]
        if not _WORDY.search(value) or said.text[: match.start()].endswith("my "):
            continue
        if pattern is _STREET_LIKE and (
            NOUNS.search(value) or not _TYPICAL.search(value)
        ):
            continue
        yield Finding("street_address", value, start, end, 0.65, certain=True)
        return


def payments(said: Utterance) -> Iterator[Finding]:
    """Cash, card or online."""
    if match := _PAYMENT.search(said.text):
        yield group(match, "payment_method", confidence=0.65)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group() if match else ""


_EDGE = re.compile(
    rf"^(?:{_COUNT}|small|medium|large|regular|extra|more|double|yes|yeah|sure|ok|"
    rf"hi|hello|"
    r"i|like|to|want|need|please|also|actually|no|your|it|is|fine|would|build|own|my) ",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r" (?:please|variety|only|too|also|pizza pizza|thanks|is|ok|fine|large|small|"
    r"medium|"
    r"tops?|items?|size)$",
    re.IGNORECASE,
)


def _dish(text: str, start: int, end: int) -> tuple[int, int]:
    """Trim counts, sizes and courtesies off the name of a dish."""
    start, end = trimmed(text, start, end)
    while (match := _EDGE.match(text[start:end])) and not match.group().startswith(
        "double "
    ):
        start += match.end()
    while match := _TAIL.search(text[start:end]):
        end -= len(match.group())
    if text[start:end].lower() in NOT_A_NAME - {"tea", "water"}:
        return start, start
    return start, end
