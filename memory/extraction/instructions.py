"""Words that give orders instead of telling something: they never become memory.

What a customer writes is a statement about her. A sentence that tells the assistant
what to do from now on, that claims somebody else's authority, or that carries markup or
a tool call is held for a person to look at. This is a filter, and filters miss: tools,
rendering and scopes do not depend on it.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from memory.extraction.orders import COMPACT, PATTERNS

# What is longer is no statement; it is judged by its beginning and its end.
_MAX_CHARS = 4_000
_SENTENCE = re.compile(
    r"(?:[^.!?\u3002\uff01\uff1f\n]|[.!?](?=[^\s.!?]))+[.!?\u3002\uff01\uff1f]*\n*"
)
_GOES_ON = re.compile(
    r"^\W*(?:and|then|also|next|after that|approve|refund|grant|print|say|reply|"
    r"respond|answer|output|reveal|list|repeat|append|call|use)\b",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/])")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-fA-F]{2}[ :]?){10,}(?!\w)")
_SPACED_OUT = re.compile(r"(?:(?<!\w)\w[\s._*|-]+){6,}\w(?!\w)")
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[013457@$])[\w@$]+")
_LEET = str.maketrans("013457@$", "oieastas")
# Letters of other alphabets that look like Latin ones.
# Source: Unicode Technical Standard 39, confusables (the ones people use).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏқвмнткіαεορτυνικχΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХІЈЅⅼɡıɑ",
    "aeopcyxijsdhlkbmhtkiaeoptuvikxABEZHIKMNOPTYXABEKMHOPCTXIJSlgia",
)
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Order:
    """A stretch of a text that reads as an order, and what kind of order it is."""

    start: int
    end: int
    reason: str


def reason_to_hold(text: str) -> str:
    """Return why a text reads as an order, for people; empty if it does not."""
    if len(text) > _MAX_CHARS:
        half = _MAX_CHARS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    return _judge(text, _DEPTH)


def orders(text: str) -> list[Order]:
    """Return the sentences of a message that read as orders, in order.

    A sentence after one of them that goes on giving orders belongs to it. Where only
    the message as a whole reads as an order, all of it is one.
    """
    found: list[Order] = []
    for sentence in _SENTENCE.finditer(text):
        start, end = sentence.span()
        reason = reason_to_hold(sentence[0].strip())
        if not reason and found and found[-1].end == start:
            reason = found[-1].reason if _GOES_ON.match(sentence[0]) else ""
        if reason:
            found.append(Order(start, end, reason))
    if not found and (reason := reason_to_hold(" ".join(text.split()))):
        return [Order(0, len(text), reason)]
    return found


def _judge(text: str, depth: int) -> str:
    for variant in _variants(text):
        for reason, patterns in PATTERNS:
            if any(pattern.search(variant) for pattern in patterns):
                return reason
    if _is_disguised(text):
        return "Hides what it says"
    if depth and any(_judge(decoded, depth - 1) for decoded in _decoded(text)):
        return "Hides what it says"
    return ""


def _is_disguised(text: str) -> bool:
    """Say whether letters are spaced out, rotated or in reverse to hide an order."""
    plain = _plain(text)
    read = [codecs.encode(plain, "rot13"), plain[::-1]]
    if _SPACED_OUT.search(text):
        read.append(plain)
    return any(COMPACT.search(re.sub(r"[\W_]", "", reading)) for reading in read)


def _variants(text: str) -> Iterator[str]:
    """Yield the text as a reader sees it, whatever it is made of."""
    plain = _plain(text)
    yield plain
    folded = plain.translate(_LOOKALIKES)
    if folded != plain:
        yield folded
    read = _MIXED.sub(lambda word: word[0].translate(_LEET), folded)
    if read != folded:
        yield read


def _plain(text: str) -> str:
    text = html.unescape(text)
    # Tag characters spell plain letters that nobody sees.
    text = text.translate(_TAGS)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(
        c for c in text if unicodedata.category(c) not in {"Cf", "Mn", "Me", "Co"}
    )
    text = unicodedata.normalize("NFC", text).replace("\u2019", "'").lower()
    return re.sub(r"[^\S\n]+", " ", text)


def _decoded(text: str) -> Iterator[str]:
    """Yield what the text holds in an encoding."""
    for match in _BASE64.finditer(text):
        yield from _readable(_unbase64(match[0]))
    for match in _HEX.finditer(text):
        yield from _readable(bytes.fromhex(re.sub(r"[ :]", "", match[0])))
    if "%" in text and (unquoted := unquote(text)) != text:
        yield unquoted


def _unbase64(word: str) -> bytes:
    word = word.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4))
    except (binascii.Error, ValueError):
        return b""


def _readable(raw: bytes) -> Iterator[str]:
    for coding in ("utf-8", "utf-16-le"):
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError:
            continue
        if text and sum(c.isprintable() or c.isspace() for c in text) == len(text):
            yield text
