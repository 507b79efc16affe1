"""Small tools for reading English support conversations."""

import re

_STOP_WORDS = frozenset(
    """
    a about above again all also am an and any are as at be been before being but by can
    could did do does doing done for from get got had has have having he her here him
    his how i if in into is it its just know let like me more most my need no not now of
    off on once one only or other our out over own please remember said say she should
    so some such tell than that the their them then there these they this those to told
    too under until up us use very want was we were what when where which while who whom
    why will with would yes you your yours hello hi hey thanks thank ok okay order
    orders number
    """.split()  # noqa: SIM905 - a word list reads better as words
)
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "no",
        "nr",
        "e.g",
        "i.e",
        "vs",
        "etc",
        "approx",
        "tel",
    ]
)
QUESTION_MARKS = ("?", "\uff1f", "\u061f")
# Of Latin, Greek and Cyrillic, Arabic, Devanagari, Urdu; then those without a space.
_SPACED_STOPS = (".", "!", "?", "…", "\u061f", "\u0964", "\u06d4")
_UNSPACED_STOPS = ("\u3002", "\uff01", "\uff1f")
STOPS = (*_SPACED_STOPS, *_UNSPACED_STOPS)
# After a stop a new sentence begins with anything but a small letter, and in scripts
# that put no space there, right away.
_END = re.compile(
    rf"(?<=[{''.join(_SPACED_STOPS)}])[\"')\]]*\s+(?=[\"'(\[«„“¿¡]?[^\W_a-z]|[€$£#¿¡])"
    rf"|(?<=[{''.join(_UNSPACED_STOPS)}])|\n+"
)


def straight(text: str) -> str:
    """Return the text with plain apostrophes, as the patterns here expect them."""
    return text.replace("\u2019", "'")


def content_words(text: str) -> set[str]:
    """Return the words that carry meaning, lower case and without a plural s."""
    words = re.findall(r"[^\W_][\w'-]+", straight(text.lower()))
    return {_stem(word.removesuffix("'s").rstrip("'")) for word in words} - _STOP_WORDS


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):  # noqa: PLR2004 - "gas" stays
        return word[:-1]
    return word


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences, leaving abbreviations and numbers whole."""
    sentences: list[str] = []
    for piece in _END.split(text):
        part = " ".join(piece.split())
        if not part:
            continue
        last = sentences[-1].rstrip(".").rsplit(" ", 1)[-1] if sentences else ""
        if last.lower() in _ABBREVIATIONS or last.lower().endswith("str"):
            sentences[-1] = f"{sentences[-1]} {part}"
        else:
            sentences.append(part)
    return sentences
