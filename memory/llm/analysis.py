"""Topics, entities, sentiment and open ends of a conversation, by plain rules."""

import re
from typing import Literal

from memory.llm.embedding import embedder
from memory.llm.sentences import LabelledTurns, Sentence, labelled_sentences
from memory.llm.topics import topics_of
from memory.llm.types import Analysis
from memory.llm.words import straight
from memory.refusals import masked, without_marks

_ENTITIES = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"(?:[€$£]\s?\d[\d.,]*\d|[€$£]\s?\d|\b\d[\d.,]*\s?(?:€|EUR|USD|GBP)\b)"),
    re.compile(
        r"\b[A-Z]{1,5}-\d{2,}\b|#\d{3,}|(?<![\w.,@/-])\d{4,12}(?![\w/-]|[.,]\d)"
    ),
    re.compile(
        r"\b\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:January|February|March|April|May|June"
        r"|July|August|September|October|November|December)(?: \d{4})?\b"
        r"|\b(?:January|February|March|April|May|June|July|August|September|October"
        r"|November|December) \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b"
        r"|\b\d{4}-\d{2}-\d{2}\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    ),
    re.compile(
        r"(?<=[a-z,] )[A-Z][a-zà-ÿ]+(?: (?:& )?[A-Z0-9][\w'-]*)*"
        r"|\b[A-Z][a-zà-ÿ]+ [A-Z][a-zà-ÿ]+\b"
    ),
)
"""E-mails, amounts, order numbers, dates, and names inside a sentence."""

_NO_NAMES = frozenset({"I", "Hi", "Hello", "Thanks", "Ok", "Yes", "No", "Please"})
_MOST_ENTITIES = 12

_POSITIVE = frozenset(
    """
    great perfect excellent awesome wonderful happy glad love loved lovely
    helpful appreciate appreciated pleased amazing brilliant fantastic good nice kind
    resolved works solved
    """.split()  # noqa: SIM905 - a word list reads better as words
)
_NEGATIVE = frozenset(
    """
    angry annoyed annoying awful bad broken cancel complaint damaged disappointed
    disappointing fail failed failing faulty frustrated frustrating horrible late
    mistake never overcharged poor problem ridiculous rude terrible unacceptable unhappy
    unfortunately upset useless waited waiting worst wrong crash crashes error missing
    """.split()  # noqa: SIM905 - a word list reads better as words
)
_NEGATIONS = frozenset({"not", "no", "never", "don't", "isn't", "wasn't", "didn't"})
_ENDING_SHARE = 0.7
_ENDING_WEIGHT = 2.0
_CLEAR = 0.34
"""Least lean of the weighted words, -1 to 1, that counts as a sentiment."""

_LATE_TURNS = 12
_OPEN_REQUEST_TURNS = 4
_SAME_MATTER = 0.4
"""Cosine from which "it has been sent" settles "we will send it"."""
_MOST_ACTIONS = 5


def analyse(turns: LabelledTurns) -> Analysis:
    """Analyse a conversation given as (author label, text) in order.

    - topics: each customer sentence votes for its nearest labelled example.
    - entities: e-mails, amounts, numbers, dates and names, as written, first twelve.
    - sentiment: the customer's words from a small lexicon, with negation; the last
      third counts double, since how it ends is how it is remembered.
    - pending actions: our promises in the last turns that nobody reports as done
      later, and the customer's requests at the end that nobody has answered.
    """
    sentences = labelled_sentences(turns)
    said = [sentence.text for sentence in sentences if sentence.by_customer]
    return Analysis(
        topics=topics_of(said or [sentence.text for sentence in sentences]),
        entities=_entities(turns),
        sentiment=_sentiment(turns),
        pending_actions=_pending_actions(sentences, len(turns)),
    )


def _entities(turns: LabelledTurns) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for _, text in turns:
        kept = without_marks(masked(text))
        matches = [match for pattern in _ENTITIES for match in pattern.finditer(kept)]
        for match in sorted(matches, key=lambda match: match.start()):
            entity = match.group().strip()
            if entity not in _NO_NAMES:
                found.setdefault(entity)
    return tuple(found)[:_MOST_ENTITIES]


def _sentiment(
    turns: LabelledTurns,
) -> Literal["positive", "neutral", "negative"]:
    said = [text for label, text in turns if label.lower().startswith("customer")]
    good = bad = 0.0
    for number, text in enumerate(said):
        ending = number >= int(_ENDING_SHARE * len(said))
        weight = _ENDING_WEIGHT if ending else 1.0
        positive, negative = _word_counts(text)
        good += weight * positive
        bad += weight * negative
    lean = (good - bad) / (good + bad) if good + bad else 0.0
    if abs(lean) < _CLEAR:
        return "neutral"
    return "positive" if lean > 0 else "negative"


def _word_counts(text: str) -> tuple[int, int]:
    """Count positive and negative words; one negated within two words turns round."""
    words = re.findall(r"[a-z']+", straight(text.lower()))
    positive = negative = 0
    for index, word in enumerate(words):
        negated = bool(_NEGATIONS & set(words[max(0, index - 2) : index]))
        if word in _POSITIVE:
            positive += not negated
            negative += negated
        elif word in _NEGATIVE and not negated:
            negative += 1
    return positive, negative


def _pending_actions(sentences: list[Sentence], turn_count: int) -> tuple[str, ...]:
    open_ends = [
        sentence
        for row, sentence in enumerate(sentences)
        if (_is_late_promise(sentence, turn_count) and not _settled(sentences, row))
        or _is_unanswered(sentences, row, turn_count)
    ]
    return tuple(f"{item.label}: {item.text}" for item in open_ends[-_MOST_ACTIONS:])


def _is_late_promise(sentence: Sentence, turn_count: int) -> bool:
    late = sentence.turn >= turn_count - _LATE_TURNS
    return late and sentence.is_promise and not sentence.is_question


def _settled(sentences: list[Sentence], row: int) -> bool:
    """Say whether a later sentence of ours reports this promise as kept."""
    promise = sentences[row]
    if promise.is_for_now:
        return any(
            not later.by_customer and later.turn > promise.turn
            for later in sentences[row + 1 :]
        )
    reports = [
        later.text
        for later in sentences[row + 1 :]
        if later.turn > promise.turn and later.is_done
    ]
    if not reports:
        return False
    vectors = embedder().encode_cached([promise.text, *reports])
    return bool((vectors[1:] @ vectors[0]).max() >= _SAME_MATTER)


def _is_unanswered(sentences: list[Sentence], row: int, turn_count: int) -> bool:
    request = sentences[row]
    if not request.is_request or request.turn < turn_count - _OPEN_REQUEST_TURNS:
        return False
    return all(later.by_customer for later in sentences[row + 1 :])
