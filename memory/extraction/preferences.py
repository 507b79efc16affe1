"""What the customer likes, and how she wants to be dealt with."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed

_CHANNEL = (
    r"(?:e-?mails?|text messages?|texts?|sms|whatsapp|phone(?: calls?)?|calls?|"
    r"telephone|letters?|post|live chat|chat|signal|telegram)"
)
_CHANNELS = {
    "mail": "email",
    "text": "text message",
    "sms": "text message",
    "phone": "phone",
    "call": "phone",
    "telephone": "phone",
    "letter": "letter",
    "post": "letter",
    "chat": "chat",
}
_WANTS_CHANNEL = re.compile(
    r"\b(?:i(?:'d| would)? (?:much |really |strongly |now |always )?(?:rather |prefer )"
    r"(?:to )?(?:be )?(?:contacted |reached |communicate |you )?(?:by |via |through "
    r"|over |"
    r"on |using )?(?:be )?(?:get )?(?:an? )?"
    r"|(?:please )?(?:only )?(?:contact|reach|notify|update) me (?:only )?(?:by|via|"
    r"through|"
    r"on|over)(?: my)? |the best way to reach me is (?:by |via )?|i'm best reached by "
    r"|(?:please )?switch me to )"
    rf"(?P<value>{_CHANNEL})\b",
    re.IGNORECASE,
)
_SEND = re.compile(
    r"\bplease (?:just |always )?(?P<value>email|text|call|phone|whatsapp) me\b"
    r"(?= (?:instead|from now|in (?:the )?future|rather)|[.!]?$)",
    re.IGNORECASE,
)
_NO_CONTACT = re.compile(
    r"\b(?:please )?(?:do not|don'?t|dont|never|stop) "
    r"(?:ever )?(?:(?P<verb>call|phone|ring|text|email|calling|phoning|texting|"
    r"emailing)"
    r"(?:ing)? me|(?:send(?:ing)? me|(?:want|wish)(?: to (?:get|receive))?) "
    r"(?:any |more |your |the )*(?P<thing>newsletters?|marketing(?: e?-?mails?)?|"
    r"promotions?|promotional e?-?mails?|texts?|emails?|sms|ads|advertising|letters?|"
    r"phone calls|calls))\b",
    re.IGNORECASE,
)
_VERBS = {
    "call": "phone calls",
    "phon": "phone calls",
    "ring": "phone calls",
    "text": "text messages",
    "emai": "emails",
}
_TIME = re.compile(
    r"\b(?:best (?:time )?to (?:call|reach) me (?:is )?|(?:please )?(?:only )?(?:call|"
    r"reach|contact) me (?:only )?)(?P<value>(?!at \+?[\d(][\d ()-]{6,})(?:after|"
    r"before|between|in the|on(?= (?:\w+days?|weekends?|working|business))|during|"
    r"at(?= (?:\d|noon|night|lunch|any|the|around|about))) [^.?!,;\n]{2,30})",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    r"\b(?:i(?:'d)? (?:would )?(?:prefer|rather)(?: to)? (?:speak |write |talk |chat )?"
    r"(?:in )?|please (?:write|reply|answer|speak)(?: to me)? in |my (?:native|first|"
    r"preferred) language is )(?P<value>English|Spanish|French|German|Dutch|Italian|"
    r"Portuguese|Polish|Turkish|Arabic|Hindi|Mandarin|Chinese|Japanese|Korean|Russian|"
    r"Ukrainian|Swedish|Danish|Norwegian|Finnish|Greek)\b",
    re.IGNORECASE,
)
_TASTE = re.compile(
    r"\b(?:i|we)(?: (?:really|absolutely|always|usually|also|just|simply|do|still|"
    r"both))* "
    r"(?P<verb>love|adore|enjoy|like|prefer|hate|dislike|can'?t stand|"
    r"(?:don'?t|do not|dont) (?:really )?(?:like|enjoy|care for)|"
    r"am a (?:big |huge )?fan of)"
    r" (?P<value>[^.?!,;:\n]{3,60})",
    re.IGNORECASE,
)
_FAN = re.compile(
    r"\bi'm (?:also )?(?:a (?:big|huge)? ?fan of|really into|into|fond of) "
    r"(?P<value>[^.?!,;:\n]{3,60})",
    re.IGNORECASE,
)
_PHRASE_END = re.compile(
    r" (?:because|but|and (?:i|we|it|that)|so|as|since|when|which|if|though|although|"
    r"please|right now|now|any ?more|at the moment|today)\b.*$",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"^(?:it|that|this|them|these|those|you|your|the (?:look|sound|idea)|how|what|to "
    r"(?:know|see|confirm|order|have|get|go|purchase|buy|book|check|report|change|"
    r"return|"
    r"cancel|speak|talk|ask|add|choose|make|be)|my order|one|some|any|an?y?more|seeing|"
    r"hearing|talking|your day|him|her|me|more|anything|when|where|if|working with|"
    r"\d)\b"
    r"|^(?:all |both )?(?-i:the (?![A-Z]))|\b(?:this|these|those|that|your|you|it)\b",
    re.IGNORECASE,
)
_MAX_TASTE_WORDS = 7


def channels(said: Utterance) -> Iterator[Finding]:
    """The channel she wants to be reached on, and those she does not."""
    for pattern in (_WANTS_CHANNEL, _SEND):
        for match in pattern.finditer(said.text):
            if not _negated(said.text, match.start()):
                start, end = match.span("value")
                yield Finding("contact_channel", _channel(match["value"]), start, end)
    if "contact_channel" in said.asked:
        for match in re.finditer(
            rf"\b(?P<value>{_CHANNEL})\b", said.text, re.IGNORECASE
        ):
            start, end = match.span("value")
            yield Finding("contact_channel", _channel(match["value"]), start, end, 0.8)
    for match in _NO_CONTACT.finditer(said.text):
        verb = match["verb"]
        what = _VERBS[verb[:4].lower()] if verb else match["thing"].lower()
        start, end = trimmed(said.text, *match.span())
        yield Finding("do_not_contact", what, start, end)


def manners(said: Utterance) -> Iterator[Finding]:
    """The hours and the language she prefers."""
    for key, pattern in (("contact_time", _TIME), ("language", _LANGUAGE)):
        for match in pattern.finditer(said.text):
            start, end = trimmed(said.text, *match.span("value"))
            yield Finding(key, said.text[start:end], start, end, 0.85)


def tastes(said: Utterance) -> Iterator[Finding]:
    """Likes and dislikes that outlast the conversation."""
    if said.tokenised and said.topics:  # "i like 10 gb plan" is an order, not a taste
        return
    for match in (*_TASTE.finditer(said.text), *_FAN.finditer(said.text)):
        start, end = match.span("value")
        phrase = _PHRASE_END.sub("", said.text[start:end])
        start, end = trimmed(said.text, start, start + len(phrase))
        value = said.text[start:end]
        if not value or _PASSING.match(value) or _too_long(value):
            continue
        yield Finding(
            _taste(match.groupdict().get("verb") or "like"), value, start, end, 0.7
        )


def _taste(verb: str) -> str:
    low = verb.lower()
    if low == "prefer":
        return "prefers"
    return "dislikes" if re.search(r"hate|dislike|stand|n'?t|not", low) else "likes"


def _too_long(value: str) -> bool:
    return len(value.split()) > _MAX_TASTE_WORDS or bool(
        re.search(rf"\b{_CHANNEL}\b", value)
    )


def _channel(word: str) -> str:
    low = word.lower()
    return next((name for part, name in _CHANNELS.items() if part in low), low)


def _negated(text: str, at: int) -> bool:
    return bool(
        re.search(
            r"(?:not|n't|never|dont|stop)\b[\w ]{0,10}$", text[:at], re.IGNORECASE
        )
    )
