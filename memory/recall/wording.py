"""Says to a person why something was recalled."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from memory.recall.types import Reasons

# From here on two texts mean the same to the eye of a reader; between the two they
# are about the same thing. As all-MiniLM-L6-v2 has it on short messages.
SIMILAR: Final = 0.5
RELATED: Final = 0.3
# What has lost half of its weight by age is said to be old.
OLD: Final = 0.5
MOST_WORDS: Final = 4

# What a part of the score is called; one that is not here goes by its own name.
_LABELS: Final = {
    "meaning": "Meaning",
    "words": "Words",
    "period": "Time that was named",
    "speaker": "Who said it",
    "conversation": "Conversation that fits",
    "newest": "How new",
    "oldest": "How old",
    "answer": "Holds what is asked for",
    "question": "Only asks",
    "summary": "Only a summary",
    "intent": "Kind of question",
    "freshness": "Freshness",
    "importance": "Importance",
    "outdated": "Outdated",
    "newer": "Newer word",
    "rerank": "Reranker",
    "named": "Names and numbers",
    "nearly": "Nearly the same number",
}
# These multiply what the others add up to.
FACTORS: Final = frozenset(
    {"importance", "summary", "outdated", "freshness", "intent", "newer"}
)
# What is said of a part that speaks for a memory.
_FOR: Final = {
    "period": "from the time that the question names",
    "answer": "holds what is asked for",
    "nearly": "nearly the same number",
    "newer": "newer than what says otherwise",
}


def label(name: str) -> str:
    """Return what a part of a score is called."""
    return _LABELS.get(name) or name.replace("_", " ").strip().capitalize()


def sentence(reasons: "Reasons", words: Sequence[str] | None = None) -> str:
    """Say why something was recalled, in words of a support agent.

    Args:
        reasons: Why.
        words: What question and memory have in common, as it is written there; None
            where nobody looked, for the stems of the index.
    """
    said = " · ".join(_pieces(reasons, words))
    said = said or "close to the question"
    return said[0].upper() + said[1:]


def _pieces(reasons: "Reasons", words: Sequence[str] | None) -> Iterator[str]:
    if reasons.keyword_rank is not None:
        yield _same_words(reasons.terms if words is None else words, looked=words)
    if reasons.vector_rank is not None:
        if reasons.similarity >= SIMILAR:
            yield "similar meaning"
        elif reasons.similarity >= RELATED:
            yield "related meaning"
    for name, said in _FOR.items():
        if reasons.parts.get(name, 0) > 0:
            yield said
    if reasons.freshness < OLD:
        yield "said long ago, which counts against it"
    if reasons.parts.get("outdated", 1) < 1:
        yield "outdated since"
    if reasons.second_pass:
        yield "found at a second look"


def _same_words(words: Sequence[str], *, looked: Sequence[str] | None) -> str:
    if words:
        return f"same words: {', '.join(words[:MOST_WORDS])}"
    # The index also knows who spoke, what a fact is called, and the message before.
    return "same words" if looked is None else "next to the same words"
