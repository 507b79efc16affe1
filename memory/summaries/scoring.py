"""How good a summary is: what of three of its messages it still says."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from memory.llm import details
from memory.llm.embedding import embedder
from memory.llm.sentences import Sentence, labelled_sentences
from memory.llm.tokens import clip_to_tokens
from memory.llm.words import content_words, split_sentences
from memory.refusals import masked_turns, mentions_special
from memory.summaries.writing import labelled
from memory.types import Score, Turn

SAMPLE = 3
"""Messages that are looked at. Source: mission, F4."""
GOOD_ENOUGH = 0.7
"""A summary that scores less is written once more. Source: issue, part 7."""
EMBEDDED = "embedded"
MOST_MISSING = 12
_MISSING_TOKENS = 50
_SAME_POINT = 0.58
"""Least cosine of a sentence to one that says the same in other words.

Source: of 20 pairs of sentences of support chats, 9 of 10 that say the same score more
and 8 of 10 that are only about the same score less.
"""
_SAME_WORDS = 0.75


@dataclass(frozen=True, slots=True)
class Sampled:
    """A message that is looked at, with what a summary has to say of it.

    Attributes:
        exact: Names, numbers, dates and identifiers: form to compare by, as written.
        points: Sentences that decide, promise, report or ask for something.
    """

    turn: Turn
    exact: dict[str, str]
    points: tuple[str, ...]


def sample(turns: Sequence[Turn]) -> list[Sampled]:
    """Return three messages with something to say, in order; fewer when there are few.

    The same messages always give the same sample, so that a job that is delivered
    again judges alike; a longer conversation gives another one.
    """
    found = telling(turns)
    if len(found) <= SAMPLE:
        return found
    seed = f"{turns[-1].id}{len(turns)}"
    drawn = random.Random(seed).sample(range(len(found)), SAMPLE)  # noqa: S311 - a sample, no secret
    return [found[place] for place in sorted(drawn)]


def score(text: str, sampled: Sequence[Sampled]) -> Score | None:
    """Judge a summary by rules; None when no message has anything to say.

    Args:
        text: The summary.
        sampled: The messages that are looked at.
    """
    said = details.details(text)
    sentences = split_sentences(text)
    words = content_words(text)
    missing: list[str] = []
    expected = 0
    for item in sampled:
        kept = details.says(text, item.exact, own=said)
        missing += [shown for form, shown in item.exact.items() if form not in kept]
        missing += [
            point for point in item.points if not _makes(point, sentences, words)
        ]
        expected += len(item.exact) + len(item.points)
    if not expected:
        return None
    return Score(
        quality=round(1 - len(missing) / expected, 3),
        missing=listed(missing),
        sampled=tuple(item.turn.id for item in sampled),
        judged_by=EMBEDDED,
    )


def listed(missing: Sequence[str]) -> tuple[str, ...]:
    """Return what is missing as it is kept: each once, not too long, not too much."""
    kept = dict.fromkeys(
        clip_to_tokens(item, _MISSING_TOKENS)[:300] for item in missing
    )
    kept.pop("", None)
    return tuple(kept)[:MOST_MISSING]


def telling(turns: Sequence[Turn]) -> list[Sampled]:
    """Return every message with something to say, with what that is."""
    safe = masked_turns(turns)
    sentences = labelled_sentences(labelled(safe))
    # A summary never has to say what must not be kept.
    sentences = [item for item in sentences if not mentions_special(item.text)]
    names = details.capitals_mark_names(item.text for item in sentences)
    found = []
    for place, turn in enumerate(safe):
        own = [item for item in sentences if item.turn == place]
        exact: dict[str, str] = {}
        for item in own:
            if item.by_customer or not item.is_question:
                exact |= details.details(item.text, names=names)
        points = [item.text for item in own if _is_point(item)]
        if not points and not exact:
            points = [item.text for item in own if item.by_customer][:1]
        if points or exact:
            found.append(Sampled(turn, exact, tuple(points)))
    return found


def _is_point(item: Sentence) -> bool:
    if item.is_for_now:
        return False
    if item.by_customer:
        return item.is_request
    return not item.is_question and (item.is_promise or item.is_done)


def _makes(point: str, sentences: Sequence[str], words: set[str]) -> bool:
    """Say whether a summary makes a point, in the same words or by its meaning."""
    if not sentences:
        return False
    own = content_words(point)
    if own and len(own & words) >= _SAME_WORDS * len(own):
        return True
    vectors = embedder().encode_cached([point, *sentences])
    return bool((vectors[1:] @ vectors[0]).max() >= _SAME_POINT)
