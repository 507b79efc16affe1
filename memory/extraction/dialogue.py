"""The customer's messages with what surrounds them: questions asked, topics."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memory.extraction.findings import plain
from memory.extraction.questions import asked_keys, is_question
from memory.types import Turn

MAX_CHARS = 4_000
"""How much of one message is read; what is pasted beyond it is no statement."""

PATIENCE = 4
"""Customer messages after which an open question counts as forgotten."""

_TOPIC_WORDS: tuple[tuple[str, str], ...] = (
    (
        "expenses",
        r"\bexpen[sc]es?|expensing|expanse|reimburs|\bhotel\b|"
        r"\btravel (?:bill|amount|cost|allowance|claim)|\battached .{0,15}receipt",
    ),
    ("passwords", r"\bpass ?words?\b|\bpasscode"),
    (
        "travel",
        r"\bflights?\b|\btickets?\b|boarding pass|\bseats?\b|\bairlines?\b|"
        r"\bpassengers?\b|\bbooking\b|\bfly\b|\bflying\b|\bhotel room",
    ),
    ("insurance", r"\binsur|\bclaims?\b|\bpolicy\b|my car\b|screen|cracked"),
    (
        "telecoms",
        r"\bcable\b|\binternet\b|\b\d+ ?gb\b|data plan|broadband|new service|"
        r"new connection|months? bill|wi-?fi",
    ),
    (
        "food",
        r"\bpizzas?\b|\bburgers?\b|cheeseburger|\bsalads?\b|\bcoke\b|\bsodas?\b|"
        r"\bfries\b|sandwich|\bnuggets?\b|food items|\bmilkshake|\bmeal\b|\bmeat\b|"
        r"\bcrust\b|\blemonade|\bsauce\b|\bcookies?\b|\bcheese\b|veg out",
    ),
    (
        "banking",
        r"account balance|ac balance|my balance|credit card|debit card|\bssn\b|"
        r"transfer|statement|routing|my card\b|change (?:my|of|the) address|lower "
        r"rates|"
        r"close (?:my|an|this|the) (?:account|ac)\b",
    ),
    (
        "software",
        r"\bsoftware|\bskype\b|\boutlook\b|\bapplications?\b|periodic|\bapps?\b|"
        r"not opening|\binstall",
    ),
    (
        "shop",
        r"key ?boards?\b|\bkryboard|musical|instrument|guitar|\bpurchase\b|\bmodels?\b|"
        r"\bpsr|cancel .{0,20}\bitems?\b|order .{0,20}\bitems?\b",
    ),
)
_SIGNS = re.compile(r"[A-Z]|[.,?!@](?:\s|$)|\w@\w")
_TOPICS = tuple(
    (name, re.compile(words, re.IGNORECASE)) for name, words in _TOPIC_WORDS
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One customer message in its place.

    ``text`` is the message with straight quotes, offsets unchanged; ``asked`` holds
    the keys the desk asked for and has had no answer to; ``prompt`` is the desk's
    last run of messages; ``guided`` tells whether the desk speaks in
    this conversation at all; ``topics`` describe the whole conversation, strongest
    first; ``tokenised`` that the customer's turns carry neither capitals nor signs.
    """

    turn: Turn
    text: str
    position: int
    asked: tuple[str, ...]
    prompt: str
    guided: bool
    tokenised: bool
    topics: tuple[str, ...]

    @property
    def topic(self) -> str:
        """The strongest topic of the conversation, or an empty string."""
        return self.topics[0] if self.topics else ""


def listen(turns: Sequence[Turn]) -> Iterator[Utterance]:
    """Walk a conversation and yield the customer's messages with their context."""
    guided = any(turn.author in ("agent", "assistant") for turn in turns)
    own = [turn.text for turn in turns if turn.author == "customer"]
    topics, tokenised = _topics(own), not any(_SIGNS.search(text) for text in own)
    asked: tuple[str, ...] = ()
    prompt, waited, position, desk_spoke = "", 0, 0, False
    for turn in turns:
        if turn.author in ("agent", "assistant"):
            prompt = f"{prompt}\n{turn.text}" if desk_spoke else turn.text
            desk_spoke = True
        elif turn.author == "customer":
            if desk_spoke:
                asked, waited = _open_questions(prompt, asked, waited)
            yield Utterance(
                turn,
                plain(turn.text[:MAX_CHARS]),
                position,
                asked,
                prompt,
                guided,
                tokenised,
                topics,
            )
            position, waited, desk_spoke = position + 1, waited + 1, False
            asked = asked if waited < PATIENCE else ()


def _open_questions(
    prompt: str, before: tuple[str, ...], waited: int
) -> tuple[tuple[str, ...], int]:
    """A new question replaces the old ones; a mere remark leaves them open."""
    keys = asked_keys(prompt)
    if keys or is_question(prompt):
        return keys, 0
    return before, waited


def _topics(texts: Sequence[str]) -> tuple[str, ...]:
    """The topics that occur, by how often, then in the order of the table."""
    whole = "\n".join(texts)
    counts = {name: len(pattern.findall(whole)) for name, pattern in _TOPICS}
    return tuple(sorted((n for n in counts if counts[n]), key=lambda n: -counts[n]))
