"""Tries the rules in order and streams what the first fitting one says."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from memory.llm.assistant import intents
from memory.llm.assistant.about_customer import answer_about_customer
from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.knowledge import (
    answer_asked_memory,
    answer_money_back,
    answer_relevant_memory,
)
from memory.llm.assistant.orders import answer_order
from memory.llm.assistant.policy import NO_ANSWER, answer_policy
from memory.llm.assistant.small_talk import answer_small_talk
from memory.llm.assistant.statements import (
    answer_complaint,
    answer_new_address,
    answer_request,
    answer_statement,
    answer_value,
    secret_warning,
)
from memory.llm.prices import usage_since
from memory.llm.tokens import count_message_tokens, count_tokens
from memory.llm.types import (
    ChatMessage,
    Done,
    HandOver,
    ReplyRequest,
    StreamPart,
    TextDelta,
    ToolCalls,
)
from memory.refusals import is_wish, without_wishes

MODEL = "embedded"

_NOT_REMEMBERED = "All right: I do not keep that, and forget it where I had."

Rule = Callable[[Situation], Answer | None]


def reply(request: ReplyRequest) -> Iterator[StreamPart]:
    """Answer the last customer message, word by word; ends with `Done`.

    Yields text, then `ToolCalls` when an order is to be looked up, or `HandOver` when
    the customer wants a person. Needs no network.
    """
    started = time.perf_counter()
    # Memory comes to the rules in its structured form.
    said = tuple(message for message in request.messages if not message.is_data)
    answer = _acknowledged(Situation(replace(request, messages=said)))
    for piece in re.findall(r"\S+\s*", answer.text):
        yield TextDelta(piece)
    if answer.calls:
        yield ToolCalls(answer.calls)
    if answer.hand_over:
        yield HandOver(answer.hand_over)
    prompt = count_message_tokens(request.messages)
    yield Done(usage_since(started, MODEL, prompt, _written_tokens(answer)))


def _acknowledged(situation: Situation) -> Answer:
    """Answer, and say first that a wish not to be remembered is granted."""
    if not is_wish(situation.question):
        return _answer(situation)
    if not intents.is_question(without_wishes(situation.question)):
        return Answer(f"{_NOT_REMEMBERED} What can I help you with?")
    answer = _answer(situation)
    return replace(answer, text=f"{_NOT_REMEMBERED} {answer.text}".strip())


def _answer(situation: Situation) -> Answer:
    rules: tuple[Rule, ...] = (
        _answer_secret,
        _answer_wish_for_person,
        answer_small_talk,
        _answer_who,
        answer_new_address,
        answer_about_customer,
        answer_policy,
        answer_order,
        answer_money_back,
        answer_asked_memory,
        answer_complaint,
        answer_statement,
        answer_value,
        answer_request,
        answer_value,
        answer_relevant_memory,
    )
    for rule in rules:
        if answer := rule(situation):
            return answer
    return _nothing_fits(situation)


def _answer_secret(situation: Situation) -> Answer | None:
    if intents.holds_secret(situation.question):
        return Answer(f"{secret_warning()} What can I help you with?")
    return None


def _answer_wish_for_person(situation: Situation) -> Answer | None:
    if intents.wants_person(situation.question):
        return Answer(
            "Of course. I pass you to a colleague.",
            hand_over="customer asked for a person",
        )
    return None


def _answer_who(situation: Situation) -> Answer | None:
    if not intents.asks_who_we_are(situation.question):
        return None
    desk = situation.request.desk_name
    whose = f" of {desk}" if desk else ""
    return Answer(
        f"I am the automatic assistant{whose}. A colleague can take over at any time."
    )


def _nothing_fits(situation: Situation) -> Answer:
    if not intents.is_question(situation.question):
        return Answer(
            "I am not sure what you need. Could you tell me which order or product"
            " it is about, or shall I pass you to a colleague?"
        )
    return Answer(NO_ANSWER)


def _written_tokens(answer: Answer) -> int:
    """Count what was written: the text, and the calls with their arguments."""
    if not answer.calls:
        return count_tokens(answer.text)
    empty = ChatMessage("assistant", "")
    full = ChatMessage("assistant", answer.text, tool_calls=answer.calls)
    return count_message_tokens([full]) - count_message_tokens([empty])
