"""Whole conversations: what answers a question, and numbers given piece by piece."""

from collections.abc import Sequence
from dataclasses import replace

from memory.refusals import cards
from memory.refusals.asked import Asked, asked_for
from memory.refusals.finding import Found, plain, replaced
from memory.refusals.reading import secrets, special
from memory.types import Turn

# A customer answers what was asked so many messages ago.
_PATIENCE = 4


def masked_turns(turns: Sequence[Turn], *, only_secrets: bool = False) -> list[Turn]:
    """Return the turns with a mark in the place of all that memory refuses.

    Args:
        turns: A conversation, oldest first.
        only_secrets: Leave what states health, belief and the like: for whoever
            answers the customer now, not for memory.
    """
    texts = masked_texts(
        [(turn.author == "customer", turn.text) for turn in turns],
        only_secrets=only_secrets,
    )
    return [
        turn if turn.text == text else replace(turn, text=text)
        for turn, text in zip(turns, texts, strict=True)
    ]


def masked_texts(
    said: Sequence[tuple[bool, str]], *, only_secrets: bool = False
) -> list[str]:
    """Return the texts of a conversation without what memory refuses.

    Args:
        said: Whether the customer wrote it, and what; oldest first.
        only_secrets: As in `masked_turns`.
    """
    found: list[list[Found]] = []
    asked, waited = Asked(), 0
    pieces: list[tuple[int, Found, str]] = []
    for place, (by_customer, text) in enumerate(said):
        if by_customer:
            found.append(secrets(text, asked))
            pieces = _with_piece(pieces, place, text)
            for at, piece in _joined_numbers(pieces):
                found[at].append(piece)
            waited += 1
            asked = asked if waited < _PATIENCE else Asked()
        else:
            # The desk may repeat a secret; its questions decide what the next one is.
            found.append(secrets(text))
            new = asked_for(text)
            if any(new) or "?" in text:
                asked, waited = new, 0
        if not only_secrets:
            found[-1] += special(text)
    return [
        replaced(text, here) if here else text
        for (_, text), here in zip(said, found, strict=True)
    ]


def _with_piece(
    pieces: list[tuple[int, Found, str]], place: int, text: str
) -> list[tuple[int, Found, str]]:
    match = cards.piece(plain(text))
    if match is None:
        return []
    piece = Found(*match.span(), cards.NUMBER)
    return [*pieces, (place, piece, match.group())]


def _joined_numbers(
    pieces: list[tuple[int, Found, str]],
) -> list[tuple[int, Found]]:
    """Return the pieces that make a card number with the last one."""
    count = cards.spread([number for _, _, number in pieces])
    return [(place, piece) for place, piece, _ in pieces[-count:]] if count else []
