"""Turns stored sentences into sentences said to the customer."""

import re
from calendar import month_name
from datetime import UTC, date, datetime

from memory.llm.words import straight

_ISO_DAY = re.compile(r"^(\d{4})-(\d{2})-(\d{2})")

_MONTHS = 12

_FIRST_PERSON = (
    (r"\bI'm\b|\bI am\b|\bIm\b", "you are"),
    (r"\bI've\b", "you have"),
    (r"\bI'll\b", "you will"),
    (r"\bI'd\b", "you would"),
    (r"\bI was\b", "you were"),
    (r"\bwe've\b", "you have"),
    (r"\bwe're\b", "you are"),
    (r"\bmyself\b", "yourself"),
    (r"\bmine\b|\bours\b", "yours"),
    (r"\bmy\b|\bour\b", "your"),
    (r"\bme\b|\bus\b|\bwe\b|\bI\b", "you"),
)

_THIRD_PERSON = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "can": "can",
    "will": "will",
    "moved": "moved",
    "asked": "asked",
    "bought": "bought",
    "ordered": "ordered",
    "returned": "returned",
    "reported": "reported",
    "said": "said",
    "told": "told",
    "needed": "needed",
    "wanted": "wanted",
    "received": "received",
    "paid": "paid",
}
_PRESENT_VERBS = frozenset(
    """
    lives holds pays uses drives travels starts ends names prefers likes dislikes wants
    works claims comes spends needs plans owns speaks expects hopes loves enjoys hates
    keeps runs studies gets takes collects
    """.split()  # noqa: SIM905 - a word list reads better as words
)
_NOUN_SENTENCE = re.compile(r"^([A-Z][\w-]*(?: [\w-]+){0,3}) (is|are|was|were) ")
_PRONOUNS = (
    (r"\b(?:their|his|her)\b", "your"),
    (r"\b(?:they|he|she) (?:are|is)\b", "you are"),
    (r"\b(?:they|he|she)\b", "you"),
    (r"\b(?:them|him)\b", "you"),
)


def spoken_date(text: str) -> str:
    """Say an ISO date as "3 March", with the year unless it is this year's.

    Anything that is no ISO date comes back as it is.
    """
    match = _ISO_DAY.match(text)
    if not match:
        return text
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return text
    year = "" if day.year == datetime.now(UTC).year else f" {day.year}"
    return f"{day.day} {day:%B}{year}"


def said_in_month(said_at: str, question: str) -> bool:
    """Say whether a moment lies in a month that the question names."""
    match = _ISO_DAY.match(said_at)
    if not match or not 1 <= int(match[2]) <= _MONTHS:
        return False
    return bool(re.search(rf"\b{month_name[int(match[2])]}\b", question))


def on_date(text: str) -> str:
    """Say " on 3 March" for a moment, or "" when there is none."""
    return f" on {spoken_date(text)}" if _ISO_DAY.match(text) else ""


def from_first_person(text: str) -> str:
    """Turn "I moved to my flat" into "you moved to your flat"."""
    for pattern, replacement in _FIRST_PERSON:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    return lower_first(text)


def from_third_person(text: str) -> str:
    """Turn "Lives in Ghent." into "you live in Ghent", or return "" when unsure."""
    text = re.sub(
        r"^(?:The )?customer\b's ", "Their ", straight(text.strip().rstrip("."))
    )
    text = re.sub(r"^(?:The )?customer ", "", text, flags=re.IGNORECASE)
    first, _, rest = text.partition(" ")
    word = first.lower().rstrip(":")
    colon = ":" if first.endswith(":") else ""
    rest = _with_second_person_pronouns(rest)
    if word in _THIRD_PERSON:
        return f"you {_THIRD_PERSON[word]}{colon} {rest}"
    if word in _PRESENT_VERBS:
        return f"you {_without_s(word)}{colon} {rest}"
    if word in ("their", "his", "her"):
        return f"your {rest}"
    if _NOUN_SENTENCE.match(text):
        text = re.sub(r"^The ", "", text)
        return f"your {lower_first(_with_second_person_pronouns(text))}"
    return ""


def _without_s(verb: str) -> str:
    return verb[:-3] + "y" if verb.endswith("ies") else verb.removesuffix("s")


def _with_second_person_pronouns(text: str) -> str:
    for pattern, replacement in _PRONOUNS:
        text = re.sub(pattern, replacement, text)
    return text


def lower_first(text: str) -> str:
    """Lower the first letter, but not of a name in capitals or of "I"."""
    if len(text) > 1 and text[1].isupper():
        return text
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """Raise the first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Make it begin with a capital and end with a full stop."""
    text = upper_first(text.strip())
    return text if text.endswith((".", "?", "…")) else f"{text}."


def joined(words: list[str], last: str = "and") -> str:
    """Say a list: "a, b and c"."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
