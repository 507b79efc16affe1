"""Puts a newer word before the older one, unless the past is asked about.

An extracted fact that was replaced is marked so. What no key holds only her words tell:
a later statement that shares most words with an earlier one says the same thing anew,
and with a word of change ("any more", "instead", "moved") fewer words in common will
do. An aged preference gives way to the newer one that fits best.
The newer one goes to the place before the older one: nothing is taken away, so that a
pair that is none costs one place.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from memory.llm.words import content_words, split_sentences
from memory.recall import answers
from memory.recall.types import Recalled

_CHANGE: Final = re.compile(
    r"\b(?:now|nowadays|these days|any ?more|no longer|no more|instead|actually|as of|"
    r"from \w+ on|by now|lately|again|new|changed?|moved|moving|relocated|"
    r"switch(?:ed)?|replac(?:ed|ement)|swap(?:ped)?|updated?|upgraded|downgraded|"
    r"renamed|retired|married|divorced?|sold|died|quit|gave up|gone off|"
    r"outgr(?:own|ew)|grown|cut down|turn(?:ed|s) out|stop(?:ped)?|after all|rather|"
    r"used to|finished|cancel(?:led)?|no need|ended|since (?:last|\w+day)|"
    r"from now on)\b",
    re.IGNORECASE,
)
# Older ones are looked for among the first that were found, newer ones among more:
# each costs a twentieth of a millisecond.
_OLDER: Final = 10
NEWER: Final = 20
# Of the words of the older sentence, so many are in the newer one, too.
_SHARE: Final = 0.6
_SHARE_WITH_CHANGE: Final = 0.4
_FEWEST: Final = 3
_FEWEST_WITH_CHANGE: Final = 2
# So short a sentence has one word of its thing, and one of its value.
_SHORT: Final = 2
# Of a longer word, so many letters say which it is.
_STEM: Final = 6
# Past its half-life a preference gives way.
_AGED: Final = 0.5
# A preference that scores less of an aged one's score is about something else.
_AS_WELL: Final = 0.25
_JUST_ABOVE: Final = 1.0001

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Statement:
    """A memory as its sentences' words.

    Attributes:
        changes: Those of the sentences that speak of a change.
    """

    sentences: tuple[Words, ...]
    changes: tuple[bool, ...]


def newer_first(
    ranked: list[Recalled], *, question: str, preferences: Collection[UUID] = ()
) -> list[Recalled]:
    """Return memories, best first, each after what says the same thing anew.

    Args:
        ranked: What was found, the best first.
        question: What was asked.
        preferences: The ids of those that are facts of what she prefers.
    """
    pairs = _Pairs(ranked, _words(question), preferences)
    scores = {memory.id: memory.score for memory in ranked}
    older = ranked[:_OLDER]
    # In the order of time, so that of three words the last one comes first.
    for newer in sorted(ranked[:NEWER], key=lambda memory: memory.occurred_at):
        before = [
            scores[old.id]
            for old in older
            if old.occurred_at < newer.occurred_at
            and scores[old.id] > scores[newer.id] > 0
            and pairs.renews(newer, old)
        ]
        if before:
            scores[newer.id] = min(1.0, max(before) * _JUST_ABOVE)
    return sorted(
        (_lifted(memory, scores[memory.id]) for memory in ranked),
        key=lambda memory: (-memory.score, str(memory.id)),
    )


class _Pairs:
    """Tells which memories say anew what others said before."""

    def __init__(
        self, ranked: list[Recalled], asked: Words, preferences: Collection[UUID]
    ) -> None:
        self._asked = asked
        self._preferences = preferences
        self._wishes = [memory for memory in ranked if memory.id in preferences]
        self._said: dict[UUID, _Statement] = {}
        self._messages = {
            memory.source_id: memory for memory in ranked if memory.kind == "message"
        }

    def renews(self, newer: Recalled, old: Recalled) -> bool:
        """Say whether one memory says anew what an older one said."""
        if newer.id in self._preferences:
            return old.id in self._preferences and self._outlives(newer, old)
        if not _is_her_statement(newer) or old.kind == "summary":
            return False
        said = self._statement(newer)
        return any(
            _same_thing(new, was, self._asked, changes=changes)
            for new, changes in zip(said.sentences, said.changes, strict=True)
            for was in self._all_of(old)
        )

    def _outlives(self, newer: Recalled, old: Recalled) -> bool:
        """Say whether a preference takes the place of an aged one: one does, no more.

        What else she wishes by now is mostly about other things.
        """
        if old.reasons.freshness >= _AGED:
            return False
        best = max(
            (it for it in self._wishes if it.occurred_at > old.occurred_at),
            key=lambda memory: memory.score,
        )
        return best is newer and newer.score >= _AS_WELL * old.score

    def _all_of(self, old: Recalled) -> tuple[Words, ...]:
        """Return the sentences of a memory; of a fact, those that it rests on, too."""
        sentences = self._statement(old).sentences
        if old.kind == "fact":
            for message_id in old.message_ids:
                if message_id in self._messages:
                    sentences += self._statement(self._messages[message_id]).sentences
        return sentences

    def _statement(self, memory: Recalled) -> _Statement:
        if memory.id not in self._said:
            self._said[memory.id] = _statement(memory.text)
        return self._said[memory.id]


def _is_her_statement(memory: Recalled) -> bool:
    # Of what staff say much is a guess, an offer, or of another desk's making.
    return (
        memory.kind == "message"
        and memory.source == "customer"
        and not answers.asks(memory.text)
    )


def _lifted(memory: Recalled, score: float) -> Recalled:
    if score == memory.score:
        return memory
    parts = {**memory.reasons.parts, "newer": score / memory.score}
    return replace(memory, score=score, reasons=replace(memory.reasons, parts=parts))


def _same_thing(new: Words, old: Words, asked: Words, *, changes: bool) -> bool:
    common = len(new & old)
    if not common or new == old:
        return False
    # What is asked for by name or number, and is in the old one alone, tells that the
    # new one is about something else: the red bicycle, and not the blue one.
    missed = (asked & old) - new
    if not changes:
        return not missed and common >= _FEWEST and common >= _SHARE * len(old)
    if any(not word.isalpha() for word in missed):
        return False
    fewest = 1 if len(old) <= _SHORT else _FEWEST_WITH_CHANGE
    return common >= fewest and common >= _SHARE_WITH_CHANGE * len(old)


def _statement(text: str) -> _Statement:
    sentences = split_sentences(text)
    return _Statement(
        tuple(map(_words, sentences)),
        tuple(_CHANGE.search(sentence) is not None for sentence in sentences),
    )


def _words(sentence: str) -> Words:
    # Cut off, "deliver" and "deliveries" are one word; numbers are never cut.
    return frozenset(
        word[:_STEM] if word.isalpha() else word for word in content_words(sentence)
    )
