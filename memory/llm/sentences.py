"""A conversation as labelled sentences, and what each of them does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memory.llm.words import content_words, split_sentences, straight
from memory.refusals import has_mark, masked, without_marks

LabelledTurns = Sequence[tuple[str, str]]
"""(author label, text) in order; a customer's label begins with "Customer"."""

_FILLER = re.compile(
    r"^\W*(?:(?:hi|hello|hey|thank(?:s| you)(?: so much| very much| a lot| again)?"
    r"|ok(?:ay)?|sure|great|perfect|yes|yeah|yep|no|nope"
    r"|good (?:morning|afternoon|evening|day)"
    r"|you(?:'re| are) welcome|no problem|of course|bye|goodbye|one moment|please wait"
    r"|have a (?:nice|good|great|wonderful) (?:day|one|evening|weekend)|alright|cool"
    r"|got it|i see|wow|awesome|how are you|(?:just )?a (?:moment|second)|please"
    r"|how (?:can|may) i (?:help|assist)(?: you)?(?: today)?|welcome to [\w ]+"
    r"|(?:is there )?anything else(?: i can (?:help|do)[\w ]*)?|what can i do for you"
    r"|(?:i(?:'m| am) )?(?:happy|glad) to help|sounds good|that(?:'s| is) all|too|there"
    r"|oh|(?:i(?:'m| am) |we(?:'re| are) )?(?:so |very |really )?sorry(?: to hear"
    r"(?: that| this)?| about (?:that|this)| for (?:the|any) \w+(?: \w+)?)?"
    r"|for (?:contacting|reaching out|your patience|waiting|your help|the help)[\w ]*)"
    r"\b[\W_]*)+$",
    re.IGNORECASE,
)
_NAMED_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|thanks|thank you|bye|good (?:morning|afternoon|evening))"
    r"\W+\w+\W*$",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:your|the) ((?:[\w-]+(?:,? (?:and|or) |, | )?){1,8})", re.IGNORECASE
)
_PROMISE = re.compile(
    r"\b(?:i|we)(?:'ll| will| am going to| are going to|'m going to)\b"
    r"|\byou(?:'ll| will) (?:get|receive|have|hear|be)\b"
    r"|\bwill (?:be )?(?:sent|shipped|refunded|credited|delivered|replaced|call\w*"
    r"|email|contact|arrive|processed|reach)\b|\bpromis\w*\b"
    r"|\bwithin \w+ (?:business |working )?(?:hours?|days?|weeks?)\b",
    re.IGNORECASE,
)
_FOR_NOW = re.compile(
    r"\bwill (?:now |just |gladly |be happy to |be glad to )?"
    r"(?:answer|check|look|see|help|assist|verify|try|indicate|explain|tell|ask|transfer|connect)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:i|we)(?:'ve| have| just)+ \w+(?:ed|ent|one|ade|ut)\b"
    r"|\b(?:has|have) (?:now )?been \w+(?:ed|ent|one|ade)\b"
    r"|\bis (?:now )?(?:resolved|fixed|done|sent|refunded"
    r"|cancelled|updated|closed)\b|\b(?:resolved|fixed|refunded|cancelled|replaced)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:i(?:'d| would) like|i (?:want|need)|please|can (?:you|i|we)|could (?:you|i)"
    r"|would you)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[#€$£]\s?\d|\d{2,}|\b\w+@\w+\.\w+|\b[A-Z]{1,5}-\d{2,}")
_SHORT_ANSWER_WORDS = 5
_STILL_SAYS = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a turn, ready to be quoted.

    `turn` is the index of its turn; -1 stands for the prior summary.
    """

    label: str
    text: str
    turn: int

    @property
    def by_customer(self) -> bool:
        """Whether the customer said it."""
        return self.label.lower().startswith("customer")

    @property
    def is_question(self) -> bool:
        """Whether it asks."""
        return self.text.endswith("?")

    @property
    def is_promise(self) -> bool:
        """Whether our side commits itself to something still to come."""
        return not self.by_customer and bool(_PROMISE.search(straight(self.text)))

    @property
    def is_for_now(self) -> bool:
        """Whether a promise is about this very conversation: "let me check"."""
        return bool(_FOR_NOW.search(straight(self.text)))

    @property
    def is_done(self) -> bool:
        """Whether our side says that something has been carried out."""
        return not self.by_customer and bool(_DONE.search(straight(self.text)))

    @property
    def is_request(self) -> bool:
        """Whether the customer asks for something to be done."""
        return self.by_customer and bool(_REQUEST.search(straight(self.text)))

    @property
    def has_number(self) -> bool:
        """Whether it names an amount, a number, a date or an e-mail address."""
        return bool(_NUMBERED.search(self.text))


def labelled_sentences(turns: LabelledTurns) -> list[Sentence]:
    """Split turns into sentences without greetings, filler and secrets.

    A short answer keeps what it was asked for, "1182" becomes "(order number) 1182":
    alone it would mean nothing later.
    """
    found: list[Sentence] = []
    asked = ""
    for number, (label, text) in enumerate(turns):
        parts = split_sentences(masked(text))
        kept = [part for part in parts if not (is_filler(part) or _held_secret(part))]
        customer = label.lower().startswith("customer")
        if customer and asked and len(kept) == 1 and _is_short(kept[0]):
            kept = [f"({asked}) {kept[0]}"]
            asked = ""
        found += [Sentence(label, part, number) for part in kept]
        if not customer:
            asked = _asked_for(parts)
    return found


def is_filler(text: str) -> bool:
    """Say whether a sentence carries nothing: a greeting, thanks, an "ok"."""
    if _NUMBERED.search(text):
        return False
    text = straight(text)
    polite = _FILLER.match(text) or _NAMED_GREETING.match(text)
    return bool(polite) or not content_words(text)


def _held_secret(text: str) -> bool:
    """Say whether a secret was taken out, and with it what the sentence was about."""
    return has_mark(text) and len(content_words(without_marks(text))) < _STILL_SAYS


def _is_short(text: str) -> bool:
    return len(text.split()) <= _SHORT_ANSWER_WORDS


def _asked_for(parts: list[str]) -> str:
    """Return what the last question asks for: "order number", or ""."""
    questions = [part for part in parts if part.endswith("?")]
    match = _ASKED_FOR.search(questions[-1]) if questions else None
    if not match:
        return ""
    words = re.sub(r"\b(?:please|first|today|for me|so i)\b.*$", "", match[1])
    return words.strip(" ,")
