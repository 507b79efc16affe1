"""Puts a newer word before the older one of the same thing, where now is asked about.

An extracted fact that was replaced is marked so. What no key holds only her words tell:
a later statement that shares most words with an earlier one says the same thing anew,
and with a word of change ("any more", "instead", "moved") fewer words in common will
do. The newer one goes to the place before the older one: nothing is taken away, so that
a pair that is none costs one place.
"""

import re
from collections.abc import Mapping
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
    r"renamed|retired|married|divorced?|sold|died|broke|left|quit|gave up|gone off|"
    r"outgr(?:own|ew)|grown|cut down|turn(?:ed|s) out|stop(?:ped)?|after all|rather|"
    r"used to|finished|cancel(?:led)?|no need|ended|since (?:last|\w+day)|"
    r"from now on)\b",
    re.IGNORECASE,
)
# Older ones are looked for among the first that were found, newer ones among all.
_OLDER: Final = 10
# Of the words of the older sentence, so many are in the newer one, too.
_SHARE: Final = 0.6
_SHARE_WITH_CHANGE: Final = 0.4
_FEWEST: Final = 3
_FEWEST_WITH_CHANGE: Final = 2
# So short a sentence has one word of its thing, and one of its value.
_SHORT: Final = 2
_STEM: Final = 6
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


def newer_first(ranked: list[Recalled]) -> list[Recalled]:
    """Return memories, best first, each after what says the same thing anew."""
    said = {
        memory.source_id: _statement(memory.text)
        for memory in ranked
        if memory.kind != "summary" and memory.score > 0
    }
    scores = {memory.id: memory.score for memory in ranked}
    older = [memory for memory in ranked[:_OLDER] if memory.source_id in said]
    for newer in sorted(ranked, key=lambda memory: memory.occurred_at):
        if newer.source_id not in said or not _is_her_statement(newer):
            continue
        before = [
            scores[old.id]
            for old in older
            if old.occurred_at < newer.occurred_at
            and scores[old.id] > scores[newer.id]
            and _renews(said[newer.source_id], _all_of(old, said))
        ]
        if before:
            scores[newer.id] = max(before) * _JUST_ABOVE
    return sorted(
        (_lifted(memory, scores[memory.id]) for memory in ranked),
        key=lambda memory: (-memory.score, str(memory.id)),
    )


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


def _all_of(old: Recalled, said: Mapping[UUID, _Statement]) -> tuple[Words, ...]:
    """Return the sentences of a memory; of a fact, those that it rests on, too."""
    sentences = said[old.source_id].sentences
    if old.kind == "fact":
        for message_id in old.message_ids:
            if message_id in said:
                sentences += said[message_id].sentences
    return sentences


def _renews(newer: _Statement, older: tuple[Words, ...]) -> bool:
    return any(
        _same_thing(new, old, changes=changes)
        for new, changes in zip(newer.sentences, newer.changes, strict=True)
        for old in older
    )


def _same_thing(new: Words, old: Words, *, changes: bool) -> bool:
    common = len(new & old)
    if not common or new == old:
        return False
    if not changes:
        return common >= _FEWEST and common >= _SHARE * len(old)
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
