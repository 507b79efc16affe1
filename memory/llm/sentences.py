"""A conversation as labelled sentences, and what each of them does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memory.llm import filler
from memory.llm.words import (
    QUESTION_MARKS,
    content_words,
    split_sentences,
    straight,
)
from memory.refusals import has_mark, masked, without_marks

LabelledTurns = Sequence[tuple[str, str]]
"""(author label, text) in order; a customer's label begins with "Customer"."""

_ASKED_FOR = re.compile(
    r"\b(?:your|the) ((?:[\w-]+(?:,? (?:and|or) |, | )?){1,8})", re.IGNORECASE
)
# Where what is asked for ends, and the sentence goes on.
_NOT_ASKED = re.compile(
    r",?\b(?:please|first|today|for me|so|as well|now|with us|in order|may|can|could"
    r"|to|it"
    r"|that|which|you|we|i|was|is|are|on|and (?:then|try)|logging|back)\b.*$",
    re.IGNORECASE,
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
    r"(?:\bwill|'ll|\bcan) (?:now |just |gladly |be happy to |be glad to |go and )?"
    r"(?:answer|check|look|see|help|assist|verify|try|indicate|explain|tell|ask"
    r"|transfer|connect)\b",
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
_SHORT_ANSWER_WORDS = 5
_STILL_SAYS = 4
# What the assistant says out of memory is known already: kept as news it would be
# remembered from its own recollection, over and over.
_RECOLLECTION = re.compile(
    r"\byou(?:'ve| have)? (?:told|said|mentioned|wrote|reported|asked (?:us|me))\b"
    r"|\b(?:i|we) (?:also |only |still )?(?:(?:have|'ve) (?:you|your|this|that|it"
    r"|noted)\b"
    r"|know (?:of|that|from)\b|remember\b|recall\b|wrote\b|see (?:here )?that you\b)"
    r"|\bi know of\b|\bi have noted\b|\bnoted:|\bon (?:file|record)\b"
    r"|\b(?:from|in|during|since) (?:our|your|the) (?:last|previous|earlier"
    r"|conversation)"
    r"|\blast time\b|\bas (?:you|we) (?:discussed|agreed)\b"
    r"|\byour (?:full |current |preferred |home )?(?:name|e-?mail(?: address)?|phone"
    r"(?: number)?|address|birthday|date of birth|membership(?: level)?) is\b"
    r"|\byou (?:usually |normally |generally )?(?:prefer|like|live|work)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile('“[^”]*”|"[^"]*"')


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
        """Whether it asks; of ours also without a question mark."""
        if self.by_customer:
            return self.text.endswith(QUESTION_MARKS)
        return filler.asks(self.text)

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
    def is_recollection(self) -> bool:
        """Whether the assistant says it out of memory."""
        return self.label == "Assistant" and bool(
            _RECOLLECTION.search(straight(self.text))
        )

    @property
    def has_number(self) -> bool:
        """Whether it names an amount, a number, a date or an e-mail address."""
        return bool(filler.NUMBERED.search(self.text))


def labelled_sentences(turns: LabelledTurns) -> list[Sentence]:
    """Split turns into sentences without greetings, filler, secrets and recollections.

    A short answer keeps what it was asked for, "1182" becomes "(order number) 1182":
    alone it would mean nothing later.
    """
    found: list[Sentence] = []
    asked = ""
    for number, (label, text) in enumerate(turns):
        parts = _said(label, text)
        customer = label.lower().startswith("customer")
        kept = [part for part in parts if _tells(part, customer=customer)]
        if customer and asked and len(kept) == 1 and _is_short(kept[0]):
            kept = [f"({asked}) {kept[0]}"]
            asked = ""
        sentences = [Sentence(label, part, number) for part in kept]
        found += [item for item in sentences if not item.is_recollection]
        if not customer:
            asked = _asked_for(parts)
    return found


def _said(label: str, text: str) -> list[str]:
    text = masked(text)
    if label == "Assistant" and _RECOLLECTION.search(straight(text)):
        # Of what it quotes from memory the second sentence would not show it.
        text = _QUOTED.sub("“…”", text)
    return split_sentences(text)


def _tells(part: str, *, customer: bool) -> bool:
    if filler.is_filler(part) or _held_secret(part):
        return False
    return customer or not filler.introduces(part)


def _held_secret(text: str) -> bool:
    """Say whether a secret was taken out, and with it what the sentence was about."""
    return has_mark(text) and len(content_words(without_marks(text))) < _STILL_SAYS


def _is_short(text: str) -> bool:
    return len(text.split()) <= _SHORT_ANSWER_WORDS


def _asked_for(parts: list[str]) -> str:
    """Return what the last question asks for: "order number", or ""."""
    questions = [part for part in parts if filler.asks(part)]
    match = _ASKED_FOR.search(questions[-1]) if questions else None
    words = _NOT_ASKED.sub("", match[1]) if match else ""
    return words.strip(" ,") if words.split()[:1] != ["system"] else ""
