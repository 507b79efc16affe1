"""One text: what is refused in it, and the text without that."""

import re

from memory.refusals import cards, codes, numbers
from memory.refusals.asked import Asked, asked_for
from memory.refusals.categories import mentions_special, statements
from memory.refusals.finding import Found, joined, plain, replaced


def secrets(text: str, asked: Asked = Asked()) -> list[Found]:  # noqa: B008 - immutable
    """Return card numbers, passwords, codes, ids, accounts and keys, in order.

    Args:
        text: What one person wrote.
        asked: What the desk asked for before: a bare number may answer it.
    """
    text = plain(text)
    return joined(
        [
            *cards.cards(text, asked=asked.secret),
            *numbers.numbers(text),
            *codes.codes(text, asked),
        ]
    )


def special(text: str) -> list[Found]:
    """Return what states health, belief and the like of a person, in order."""
    return joined(statements(plain(text)))


def spans(text: str, asked: Asked = Asked()) -> list[tuple[int, int]]:  # noqa: B008 - immutable
    """Return where secrets stand in a text."""
    return [(found.start, found.end) for found in secrets(text, asked)]


def refuses(text: str) -> bool:
    """Return whether a text by itself holds anything that memory refuses."""
    return bool(secrets(text)) or mentions_special(text)


def touches(text: str, part: str, prompt: str = "") -> bool:
    """Return whether a part of a text is, or is in the middle of, what is refused.

    It is judged where it stands: "bluebird" alone is no password.

    Args:
        text: What one person wrote.
        part: Words out of it, as they stand there.
        prompt: What the desk said before.
    """
    found = [*secrets(text, asked_for(prompt)), *special(text)]
    places = [match.span() for match in re.finditer(re.escape(part), text)]
    return bool(secrets(part)) or any(
        item.start < end and start < item.end for item in found for start, end in places
    )


def masked(text: str, prompt: str = "") -> str:
    """Return a text with a mark in the place of all that memory refuses.

    Args:
        text: What one person wrote.
        prompt: What the desk said before.
    """
    return replaced(text, [*secrets(text, asked_for(prompt)), *special(text)])
