"""The customer's wish not to be remembered: "don't save that", "off the record".

A wish points at something: at what stands beside it, at what she said just before, or
at something that it names ("my phone number"). What it points at is left out before
anything is extracted, summarised or indexed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from memory.refusals.finding import plain
from memory.types import Turn

About = Literal["this", "before", "named"]

_NAMED_KEYS: dict[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone",),
    "address": (
        "street_address",
        "delivery_address",
        "billing_address",
        "city",
        "zip_code",
        "state",
        "country",
    ),
    "name": ("customer_name",),
    "birthday": ("birthday", "age"),
    "work": ("occupation", "employer", "job_title"),
}
"""What a customer calls it → the keys of the facts that say it."""
_KEYS = (
    (re.compile(r"e-?mail", re.IGNORECASE), "email"),
    (re.compile(r"phone|mobile|number", re.IGNORECASE), "phone"),
    (re.compile(r"address|where i live", re.IGNORECASE), "address"),
    (re.compile(r"name", re.IGNORECASE), "name"),
    (re.compile(r"birth|age", re.IGNORECASE), "birthday"),
    (re.compile(r"job|employer|work|company", re.IGNORECASE), "work"),
)
_SAYS = {
    "email": re.compile(r"\S+@\S+|\be-?mail\b", re.IGNORECASE),
    "phone": re.compile(r"(?<![\w-])\+?\d(?:[ ()./-]{0,2}\d){6,}|\bphone\b"),
    "address": re.compile(
        r"\b\d{1,5}[a-z]? [\w' ]{2,30}\b(?:street|st|road|rd|avenue|ave|lane|row|drive|"
        r"way|square|court|place)\b|\bi (?:now )?live (?:in|at|on)\b|\bmy address\b"
        r"|\b(?:moved|move) to\b|straat\b|stra(?:ß|ss)e\b",
        re.IGNORECASE,
    ),
    "name": re.compile(r"\bmy name\b|\bi(?:'m| am) [A-Z]\w+|\bcall me\b"),
    "birthday": re.compile(r"birthday|\bborn\b|years old", re.IGNORECASE),
    "work": re.compile(
        r"\bi work\b|\bmy (?:job|employer|company|work)\b", re.IGNORECASE
    ),
}
"""What a sentence that says such a thing looks like."""

_START = (
    r"(?:^|(?<=[.!?,;:\n(])\s*|\b(?:please|pls|plz|and|but|so|or|just|oh|ok|okay|kindly"
    r"|actually|also|(?:can|could|would|will) you|you (?:must|should|may)"
    r"|(?:want|like|ask|need|prefer|beg) you to|(?:better|instead),?) +(?:please +)?)"
)
"""Where an order to us begins: "I don't remember my order" is none."""
_NOT = r"(?:do not|don'?t|never|not(?: to)?)"
_SAVE = (
    r"(?:(?:save|saved|remember|store|stored|keep|kept|record|recorded|note(?: down)?|"
    r"write down|log|memori[sz]e|retain|file)\b(?: (?:down|away))?)"
)
_THIS = (
    r"(?:any(?:thing)? of (?:this|that|it)|this(?: (?:message|part|bit|one))?|"
    r"that(?: (?:message|part|bit|one))?(?! (?:i|my|we|our|it|the)\b)|it|these|those)"
)
_BEFORE = (
    r"(?:(?:what|everything|all|anything|the things?) (?:that )?i(?:'ve| have)? "
    r"(?:just |only )?(?:said|told|wrote|mentioned|sent)|(?:my|the) (?:last|previous) "
    r"(?:message|sentence|line|thing)|the last (?:message|thing) i \w+)"
)
_NAMED = (
    r"(?:(?:my|our) (?:(?:new|old|home|private|work|mobile|cell|date of|e-?mail|phone|"
    r"telephone|full|last|first|contact|street|postal|delivery) ){0,2}(?:phone(?: number)?|"
    r"number|mobile|cell|e-?mail(?: address)?|address|name|birthday|birth|age|job|"
    r"employer|company)|where i (?:live|work))"
)
_CLAIM = (
    r"(?:that (?:i|my|we|our)\b|about (?:my|our|me)\b|my (?!(?:parcel|order|package)))"
)
_OBJECT = (
    rf"(?:(?P<before>{_BEFORE})|(?P<named>{_NAMED})\b|(?P<claim>{_CLAIM})"
    rf"|(?P<this>{_THIS})\b)"
)
_ELSEWHERE = re.compile(
    r"\b(?:newsletter|mailing|order|cart|basket|subscription|listing|invoice|label|"
    r"fridge|dry|cool|stock|depot|warehouse|waiting|list)\b",
    re.IGNORECASE,
)
"""Not our memory: "remove my e-mail from the newsletter"."""
_PATTERNS = (
    re.compile(rf"{_START}{_NOT} {_SAVE} {_OBJECT}", re.IGNORECASE),
    re.compile(
        rf"\bi (?:do not|don'?t|wouldn'?t) (?:want|like|wish|need)(?: for)? (?:you )?to "
        rf"{_SAVE} {_OBJECT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bi(?:'d| would)? (?:prefer|rather|like|want|wish)(?: that| for)? (?:you )?"
        rf"(?:not to |to not |not |did not |didn'?t |don'?t ){_SAVE} {_OBJECT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bi (?:do not|don'?t) want {_OBJECT}(?: to be)? {_SAVE}", re.IGNORECASE
    ),
    re.compile(rf"\bno need to {_SAVE} {_OBJECT}", re.IGNORECASE),
    re.compile(
        rf"{_START}(?:forget|disregard|unlearn)(?: about)? (?!it\b){_OBJECT}",
        re.IGNORECASE,
    ),
    re.compile(r"\bplease forget (?:about )?(?P<this>it)\b", re.IGNORECASE),
    re.compile(
        rf"{_START}(?:delete|erase|remove|wipe|scrub) "
        rf"(?:(?P<before>{_BEFORE})|(?P<named>{_NAMED})\b|(?P<this>{_THIS}) from "
        r"(?:your|my|the) (?:memory|records?|notes?|files?|profile|system))",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<this>\boff the record\b|\bnot for the record\b|\bbetween (?:you and me|us)\b"
        r"|\bkeep (?:this|that|it) (?:off|out of) (?:my|the|your) "
        r"(?:file|records?|memory|notes?|profile|system)\b"
        r"|\b(?:do not|don'?t) put (?:this|that|it) (?:in|on|into) (?:my|the|your) "
        r"(?:file|records?|memory|notes?|profile|system)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<this>\b(?:das |dies |es )?(?:bitte )?nicht (?:ab)?(?:speichern|merken|"
        r"notieren|aufschreiben)\b|\bmerken sie sich (?:das|dies) (?:bitte )?nicht\b"
        r"|\bn(?:e |')(?:notez|retenez|gardez|enregistrez|m[ée]morisez) pas\b"
        r"|\bno (?:lo )?(?:guardes?|recuerdes?|anotes?|registres?|memorices?)\b"
        r"(?= (?:esto|eso|mi)|\W*$)"
        r"|\b(?:dit|dat|het)\b[^.?!\n]{0,20}\bniet (?:op ?slaan|onthouden|bewaren|"
        r"noteren)\b|\bnon (?:salvare|salvi|ricordare|registrare|memorizzare)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<before>\bvergessen sie,? was ich\b|\bvergiss,? was ich\b|\boubliez ce que"
        r"(?: je)?\b|\bolvid[ea] lo que\b|\bvergeet wat ik\b|\bdimentic(?:a|hi) "
        r"(?:quello|ci[òo]) che\b)",
        re.IGNORECASE,
    ),
)
_QUOTED = re.compile(r"\"[^\"\n]*\"|«[^»]*»")
_SENTENCE = re.compile(r"[^.?!\n]+(?:[.](?=\w)[^.?!\n]*)*[.?!]*\s*")
_FILLER = frozenset(
    [
        "please",
        "thanks",
        "thank",
        "you",
        "and",
        "but",
        "also",
        "okay",
        "hello",
        "hey",
        "just",
        "actually",
        "about",
        "that",
        "this",
        "the",
        "for",
        "what",
        "have",
        "not",
        "don't",
        "dont",
        "sorry",
        "said",
        "with",
        "from",
        "your",
        "our",
        "was",
        "are",
        "know",
        "let",
        "yes",
        "can",
        "could",
        "would",
        "like",
        "want",
        "need",
        "his",
        "her",
        "its",
        "i'm",
        "i've",
    ]
)
_LEAST_WORDS = 2
"""So many words of meaning are something that was said."""
_SHARED = 0.6
_DISTINCT = re.compile(r"\d{3,}|\S+@\S+")
_LONG_WORD_CHARS = 5


class Wish(NamedTuple):
    """A wish in a message.

    Attributes:
        start: Where the sentence begins that says it.
        end: Where that ends.
        about: What it points at: what stands beside it, what was said before, or
            something that it names.
        keys: The keys of the facts that say what it names, where there are such.
        words: What it names, in her words.
    """

    start: int
    end: int
    about: About
    keys: tuple[str, ...] = ()
    words: str = ""


def wishes(text: str) -> list[Wish]:
    """Return the wishes in a customer's message, one a sentence at most."""
    text = plain(text)
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found: dict[int, Wish] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = _bounds(text, match.start(match.lastgroup or 0))
            if any(left <= match.start() < right for left, right in quoted):
                continue
            if _ELSEWHERE.search(text[match.end() : end]):
                continue
            found.setdefault(start, _wish(match, start, end))
    return sorted(found.values())


def is_wish(text: str) -> bool:
    """Return whether a customer's message wishes something not to be remembered."""
    return bool(wishes(text))


def without_wishes(text: str) -> str:
    """Return a message without the sentences that say such a wish."""
    for wish in reversed(wishes(text)):
        text = text[: wish.start] + text[wish.end :]
    return text.strip()


def named_keys(wish: Wish) -> frozenset[str]:
    """Return the keys of the facts that a wish names."""
    return frozenset(key for name in wish.keys for key in _NAMED_KEYS[name])


def honoured(turns: Sequence[Turn]) -> list[Turn]:
    """Return a conversation without what the customer wished not to be remembered.

    Only her own wishes count. What our side repeated of it goes, too.
    """
    left = [turn.text for turn in turns]
    for place, turn in enumerate(turns):
        if turn.author == "customer":
            for wish in reversed(wishes(turn.text)):
                _honour(wish, place, turns, left)
    return [
        turn if turn.text == text else replace(turn, text=text)
        for turn, text in zip(turns, left, strict=True)
    ]


def _wish(match: re.Match[str], start: int, end: int) -> Wish:
    groups = match.groupdict()
    if groups.get("before"):
        return Wish(start, end, "before")
    if groups.get("this"):
        return Wish(start, end, "this")
    named = groups.get("named") or ""
    keys = tuple(name for pattern, name in _KEYS if pattern.search(named))[:1]
    group = "named" if named else "claim"
    words = match.string[match.start(group) : end]
    return Wish(start, end, "named", keys, words)


def _honour(wish: Wish, place: int, turns: Sequence[Turn], left: list[str]) -> None:
    text = turns[place].text
    before, after = text[: wish.start], text[wish.end :]
    if wish.about == "named":
        left[place] = _cut(left[place], text[wish.start : wish.end])
        for at in range(place + 1):
            left[at] = _kept(left[at], lambda part: _says_named(wish, part))
        return
    beside = before if wish.about == "before" else text[: wish.start] + after
    if wish.about == "this" and _alone(text[wish.start : wish.end]):
        beside = f"{beside} {text[wish.start : wish.end]}"
    if len(_meaning(beside)) >= _LEAST_WORDS:
        left[place] = after.strip() if wish.about == "before" else ""
        gone = text
    else:
        left[place] = _cut(left[place], text[wish.start : wish.end])
        said_before = _previous(turns, place)
        if said_before is None:
            return
        place = said_before
        gone, left[place] = turns[place].text, ""
    for later in range(place + 1, len(turns)):
        if turns[later].author != "customer":
            left[later] = _kept(left[later], lambda part: _echoes(part, gone))


def _says_named(wish: Wish, part: str) -> bool:
    if any(_SAYS[name].search(part) for name in wish.keys):
        return True
    if wish.keys:
        return False
    wanted = _meaning(wish.words)
    shared = wanted & _meaning(part)
    return bool(wanted) and len(shared) / len(wanted) >= _SHARED


def _echoes(part: str, gone: str) -> bool:
    """Whether our side repeats what is to be forgotten."""
    if set(_DISTINCT.findall(part)) & set(_DISTINCT.findall(gone)):
        return True
    long = {word for word in _meaning(gone) if len(word) >= _LONG_WORD_CHARS}
    return len(long & _meaning(part)) >= _LEAST_WORDS


def _alone(sentence: str) -> bool:
    """Whether the sentence of a wish says something itself: "off the record, I …"."""
    rest = sentence
    for pattern in _PATTERNS:
        rest = pattern.sub(" ", plain(rest))
    return len(_meaning(rest)) >= _LEAST_WORDS


def _previous(turns: Sequence[Turn], place: int) -> int | None:
    for at in range(place - 1, -1, -1):
        if turns[at].author == "customer" and _meaning(without_wishes(turns[at].text)):
            return at
    return None


def _kept(text: str, unwanted: Callable[[str], bool]) -> str:
    parts = [match.group() for match in _SENTENCE.finditer(text)]
    if not any(unwanted(part) for part in parts):
        return text
    return "".join(part for part in parts if not unwanted(part)).strip()


def _cut(text: str, part: str) -> str:
    return text.replace(part, "", 1).strip()


def _bounds(text: str, at: int) -> tuple[int, int]:
    for match in _SENTENCE.finditer(text):
        if match.start() <= at < match.end():
            return match.span()
    return 0, len(text)


def _meaning(text: str) -> set[str]:
    words = re.findall(r"[\w@.'-]*\w", plain(text).casefold())
    return {
        word
        for word in words
        if (len(word) > _LEAST_WORDS or word.isdigit()) and word not in _FILLER
    }
