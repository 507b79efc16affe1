"""How much each part of a score counts."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Weights:
    """What a memory's parts count; every part is a number between 0 and about 1.

    Parts are added, and none is normalised over the memories that were found: a score
    means the same for every question, so that one to which nothing fits can be told.

    Source: fitted by hand on long dialogues and on our own support histories, rounded;
    `make bench-recall` prints what each part earns.

    Attributes:
        meaning: Cosine of question and text.
        turn_before: Of that of the turn before, how much counts for a message.
        turn_after: Of that of the turn after.
        words: Share of what the question's words tell, by rarity, that is in it.
        words_before: How much a word counts that only the turn before has.
        session: The best score of the same conversation.
        period: It was said when the question says.
        afterwards: It was said within a week after that: people tell what happened.
        speaker: The question names who said it.
        own_word: The question is about the customer, and it is her word.
        answer: It holds what the question asks for: a time, a number, a name.
        question: It asks something itself, and so tells little.
        now: Being said last of all, where the question is about what holds now.
        present: The same where only its tense says so.
        before: Being said first of all, where it is about what held before.
        summary: What counts of a summary: it restates what messages say.
        freshness: How much age takes away at most.
        preference_freshness: The same of a preference: the newer word counts.
        importance: How much importance adds or takes away.
        outdated: What is left of a statement that was replaced by a newer one.
    """

    meaning: float = 1.5
    turn_before: float = 0.35
    turn_after: float = 0.1
    words: float = 1.1
    words_before: float = 0.7
    session: float = 0.5
    period: float = 1.3
    afterwards: float = 0.6
    speaker: float = 0.7
    own_word: float = 0.2
    answer: float = 0.4
    question: float = 0.3
    now: float = 0.6
    present: float = 0.05
    before: float = 0.8
    summary: float = 0.35
    freshness: float = 0.03
    preference_freshness: float = 0.5
    importance: float = 0.1
    outdated: float = 0.6


WEIGHTS: Final = Weights()
