"""Greetings, thanks, yes and no."""

import re
from collections.abc import Callable

from memory.llm.assistant import intents
from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.phrasing import from_third_person, lower_first
from memory.llm.types import MemoryItem

_ASKED_BACK = ("Is it about that?", "Is that what you mean?")
_OFFERED_PERSON = re.compile(
    r"\bpass\b[^.?]*\bcolleague[.?]$|\bperson\?$", re.IGNORECASE
)

_LAST_QUESTION = re.compile(r"(?:^|(?<=[.?:] ))((?:What|Which|Could) [^.?]*\?)$")


def answer_small_talk(situation: Situation) -> Answer | None:
    """Answer a message that only greets, thanks, agrees or declines."""
    text = situation.question
    if intents.is_yes(text) and _OFFERED_PERSON.search(situation.last_said):
        return Answer(
            "All right, I pass this to a colleague.",
            hand_over="customer accepted a person",
        )
    for fits, say in _REPLIES:
        if fits(text):
            return Answer(say(situation))
    return None


def _after_thanks(situation: Situation) -> str:
    return f"You are welcome{_named(', ', situation)}."


def _after_goodbye(situation: Situation) -> str:
    return f"Goodbye{_named(', ', situation)}."


def _named(joint: str, situation: Situation) -> str:
    return f"{joint}{situation.first_name}" if situation.first_name else ""


def _after_yes(situation: Situation) -> str:
    if situation.last_said.endswith(_ASKED_BACK):
        return "Thank you. Shall I pass it to a colleague?"
    if question := _LAST_QUESTION.search(situation.last_said):
        return question[1]
    if situation.last_said:
        return "All right. Is there anything else?"
    return "All right. What can I do for you?"


def _after_no(situation: Situation) -> str:
    if situation.last_said.endswith(_ASKED_BACK):
        return "All right. What is it about, then?"
    return "All right. Is there anything else?"


def _greeting(situation: Situation) -> str:
    name = _named(" ", situation)
    open_issues = [
        item
        for item in situation.request.memories
        if item.kind in ("issue", "pending") or item.key in ("issue", "pending")
    ]
    if open_issues and not situation.earlier_questions:
        return f"Hello{name}. {_recalled(open_issues[0])} Is it about that?"
    return f"Hello{name}. What can I do for you?"


def _recalled(item: MemoryItem) -> str:
    spoken = from_third_person(item.text)
    if spoken.startswith("you reported"):
        return f"Last time {spoken}."
    spoken = spoken or lower_first(item.text.rstrip("."))
    return f"From last time I have this open: {spoken}."


_REPLIES: tuple[tuple[Callable[[str], bool], Callable[[Situation], str]], ...] = (
    (intents.is_yes, _after_yes),
    (intents.is_no, _after_no),
    (intents.is_thanks, _after_thanks),
    (intents.is_goodbye, _after_goodbye),
    (intents.is_greeting, _greeting),
)
