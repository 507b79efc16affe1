"""Questions about what we know: answered from the memory that fits best."""

import re

import numpy as np

from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.intents import is_question
from memory.llm.assistant.phrasing import (
    from_third_person,
    on_date,
    said_in_month,
    sentence,
)
from memory.llm.embedding import embedder
from memory.llm.types import MemoryItem
from memory.llm.words import content_words, split_sentences

RELEVANT = 0.55
RELEVANT_WHEN_ASKED = 0.32
"""Least cosine plus keyword bonus for a memory to be worth saying; lower when the
customer asks what we remember. Source: read off `tests/memory/llm/test_assistant.py`'s
dialogues: fitting memories score 0.56 to 0.9, unrelated ones 0.1 to 0.35, and
opening hours against a wished delivery time 0.52.
"""
_KEYWORD_BONUS = 0.25
_DATE_BONUS = 0.4
_KIND_BONUS = {"fact": 0.08, "preference": 0.08, "issue": 0.2, "event": 0.04}
_STATED_BONUS = 0.4
_MOST_SAID = 2
_CLOSE = 0.12


_ASKS_MEMORY = re.compile(
    r"\b(?:do|did|can|could) you (?:still )?(?:know|remember|recall)\b"
    r".*\b(?:my|me|i|we)\b"
    r"|\bdid you (?:\w+ )?(?:promise|say|tell|agree|offer)\b"
    r"|\bwhat did \w+ (?:promise|say|tell|agree|offer|write)\b"
    r"|\bdo you (?:still )?(?:have|see) (?:my|me)\b"
    r"|\bremember (?:me|my|what|when|that|i|the)\b|\bremind me\b"
    r"|\b(?:did|have|had|do|what|when|that|which) (?:i|we)\b.{0,20}"
    r"\b(?:say|said|tell|told|mention\w*|ask\w*|order\w*|buy|bought|report\w*|prefer"
    r"|like|complain\w*|promis\w*|want\w*)\b"
    r"|\bwhat(?:'?s| is| are| was| were) (?:my|our)\b"
    r"|\bwhat (?:do|did|have) (?:you|we) (?:know|promis\w*|agree\w*|discuss\w*"
    r"|sa(?:y|id)|tell|told|talk\w*)\b|\blast time\b",
    re.IGNORECASE,
)
_TELLS_TO_REMEMBER = re.compile(r"^\W*(?:please )?remember\b[^?]*$", re.IGNORECASE)
_MONEY_BACK = re.compile(
    r"\b(?:my|the) (?:refund|money|credit|reimbursement)\b|\bmoney back\b",
    re.IGNORECASE,
)
_ABOUT_MONEY = ("refund", "money", "credit", "€", "transfer", "payment")
_MY_WHAT = re.compile(r"\b(?:my|our) ([\w ]+?)\W*$", re.IGNORECASE)
_LABEL = re.compile(r"\b(Customer|Agent|Assistant): ")


def answer_asked_memory(situation: Situation) -> Answer | None:
    """Answer "what is my …" and "what did I say about …", or return None."""
    text = situation.question
    if not _ASKS_MEMORY.search(text) or _TELLS_TO_REMEMBER.search(text):
        return None
    # A question that was once asked answers none, unless one wants to hear what it was.
    answers = tuple(
        item
        for item in situation.request.memories
        if "ask" in text or not (item.kind == "message" and item.text.endswith("?"))
    )
    said = _said_about(situation, RELEVANT_WHEN_ASKED, among=answers)
    if said:
        return Answer(said)
    return Answer(
        "I have nothing noted about that. Tell me, and I can take it from there."
    )


def answer_money_back(situation: Situation) -> Answer | None:
    """Say what is on file about a refund; nobody here can see or make payments."""
    text = situation.question
    if not (is_question(text) and _MONEY_BACK.search(text)):
        return None
    about_money = tuple(
        item
        for item in situation.request.memories
        if item.kind == "issue"
        and any(word in item.text.lower() for word in _ABOUT_MONEY)
    )
    said = _said_about(situation, 0.0, most=1, among=about_money)
    said = said or "I have nothing on file about a payment to you."
    return Answer(f"{said} I cannot see payments. Shall I pass this to a colleague?")


def answer_relevant_memory(situation: Situation) -> Answer | None:
    """Say what is known when a memory clearly fits what is told, and ask on.

    A question that is not about the past wants an answer, not a quotation.
    """
    if is_question(situation.question):
        return None
    text = situation.question.lower()
    others = tuple(
        item
        for item in situation.request.memories
        # What she has just said is not news to her.
        if not (item.value and item.value.lower() in text)
        and not item.text.endswith("?")
    )
    said = _said_about(situation, RELEVANT, most=1, among=others)
    return Answer(f"{said} Is that what you mean?") if said else None


def _said_about(
    situation: Situation,
    threshold: float,
    most: int = _MOST_SAID,
    among: tuple[MemoryItem, ...] | None = None,
) -> str:
    """Say the memories that fit the question, best first, or ""."""
    memories = situation.request.memories if among is None else among
    if not memories:
        return ""
    scores = _scores(situation.question, memories)
    order = np.argsort(-scores, kind="stable")
    best = scores[order[0]]
    chosen = [
        memories[row]
        for row in order[:most]
        if scores[row] >= threshold and best - scores[row] <= _CLOSE
    ]
    sayings = [_told(item, situation.question) for item in chosen]
    return " ".join(dict.fromkeys(sayings))


def _scores(question: str, memories: tuple[MemoryItem, ...]) -> np.ndarray:
    """Score memories: cosine + share of the question's words + a bonus by kind."""
    vectors = embedder().encode_cached([question, *(item.text for item in memories)])
    words = content_words(question)
    scores: np.ndarray = vectors[1:] @ vectors[0]
    for row, item in enumerate(memories):
        shared = len(words & content_words(item.text)) / len(words) if words else 0.0
        scores[row] += _KEYWORD_BONUS * shared + _KIND_BONUS.get(item.kind, 0.0)
        scores[row] += _DATE_BONUS * said_in_month(item.said_at, question)
        scores[row] += _STATED_BONUS * _states(item.text, question)
    return scores


def _states(text: str, question: str) -> bool:
    """Say whether a text says "our X is …" to the question "what is our X"."""
    asked = _MY_WHAT.search(question)
    return asked is not None and f"{asked[1]} is ".lower() in text.lower()


def _told(item: MemoryItem, question: str) -> str:
    """Say one memory to the customer."""
    when = on_date(item.said_at)
    if item.kind == "message":
        return _quoted(item.text, when)
    if item.kind in ("episode", "summary"):
        return _told_episode(item.text, when, question)
    if item.key == "order_id" and item.value:
        return f"You told us{when} about order {item.value}."
    spoken = from_third_person(item.text)
    if not spoken:
        return sentence(f"I have this noted{when}: {item.text}")
    if item.kind == "issue" and spoken.startswith("you reported"):
        return sentence(spoken.replace("you reported", f"you reported{when}", 1))
    return sentence(f"You told us{when} that {spoken}")


def _quoted(text: str, when: str) -> str:
    label = _LABEL.match(text)
    words = text[label.end() :].strip() if label else text.strip()
    if label is None:
        # Whose words they are is not known.
        return f"From our conversation{when}: “{words}”"
    who = "You" if label[1] == "Customer" else "We"
    return f"{who} wrote{when}: “{words}”"


def _told_episode(text: str, when: str, question: str) -> str:
    """Say the one or two sentences of an episode that fit the question."""
    sentences: list[tuple[str, str]] = []
    pieces = _LABEL.split(text)
    for label, said in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        sentences += [(label, part) for part in split_sentences(said)]
    if not sentences:
        return ""
    vectors = embedder().encode_cached([question, *(part for _, part in sentences)])
    order = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")[:2]
    speakers = {"Customer": "you wrote", "Agent": "we wrote", "Assistant": "we wrote"}
    sayings = [
        f"{speakers.get(label, label)} “{part.rstrip('.')}”"
        if label
        else part.rstrip(".")
        for label, part in (sentences[row] for row in sorted(order))
    ]
    return sentence(f"In our conversation{when}: {', '.join(sayings)}")
