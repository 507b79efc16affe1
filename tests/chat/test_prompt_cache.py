"""How much of a prompt a provider has seen before, over a long dialogue."""

import sys
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest

from accounts.models import Customer
from chat import remembering
from memory.llm import gateway
from memory.llm.tokens import count_message_tokens
from memory.llm.types import (
    ChatMessage,
    Done,
    ReplyRequest,
    StreamPart,
    TextDelta,
    Usage,
)
from tests.chat.test_assistant import answer_now, ask
from tests.conftest import make_conversation
from tests.memory.remembered import remember, say

pytestmark = pytest.mark.usefixtures("live_db")

TURNS = 20
QUESTIONS = (
    "Where is my order LF-20418, it should have come on Tuesday?",
    "The printer Quillon 9 jams whenever I print on both sides. What can I do?",
    "I tried that and it still jams. Do I have to send it back?",
    "How long does a refund take once you have the parcel?",
    "Could you send the invoice to my other address this time?",
)
REPLY = (
    "I had a look for you. It left our warehouse on Monday and the carrier scanned it"
    " last night, so it should be with you tomorrow. Should it not be there by the"
    " evening, write to me again and I will open a search with the carrier for you."
)
USAGE = Usage("scripted", 10, 5, 0.0, 1.0)


def same_prefix(before: Sequence[ChatMessage], now: Sequence[ChatMessage]) -> int:
    """Count the tokens of the messages that are the same from the first one on."""
    same = 0
    while same < min(len(before), len(now)) and before[same] == now[same]:
        same += 1
    return count_message_tokens(now[:same]) - count_message_tokens([])


def fresh_tokens(messages: Sequence[ChatMessage]) -> int:
    """Count the tokens of what was recalled for the newest message."""
    fresh = [messages[-2]] if messages[-2].is_data else []
    return count_message_tokens(fresh) - count_message_tokens([])


def test_most_of_a_long_dialogues_prompts_was_sent_before(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[ChatMessage, ...]] = []

    async def stream(request: ReplyRequest) -> AsyncIterator[StreamPart]:
        sent.append(request.messages)
        yield TextDelta(REPLY)
        yield Done(USAGE)

    monkeypatch.setattr(gateway, "stream_reply", stream)
    for key, value in (("city", "Ghent"), ("company", "Aalto"), ("pet", "a dog")):
        remember(elena, key, value, f"Has the {key} {value}.")
    say(elena, *(f"{question} ({n})" for n in range(4) for question in QUESTIONS))
    conversation = make_conversation(elena)
    for number in range(TURNS):
        ask(conversation, f"{QUESTIONS[number % len(QUESTIONS)]} Part {number}.")
        answer_now(conversation)
        # What the worker does when the buffer is full.
        remembering.roll_up(elena.tenant_id, elena.id, conversation.id)
    assert len({messages[0] for messages in sent}) == 1
    # What is recalled for one question is sent once: it is never there before.
    prompts = sum(count_message_tokens(messages) for messages in sent[1:])
    recalled = sum(fresh_tokens(messages) for messages in sent[1:])
    seen = [same_prefix(*pair) for pair in pairwise(sent)]
    share, of_the_rest = sum(seen) / prompts, sum(seen) / (prompts - recalled)
    # The figures of docs/recall.md.
    sys.stderr.write(
        f"\n{share:.2f} of {prompts / len(seen):.0f} tokens a prompt was sent before,"
        f" {of_the_rest:.2f} of what was not recalled anew"
        f" ({recalled / len(seen):.0f}).\n"
    )
    assert share >= 0.4
    assert of_the_rest >= 0.65
    # Whatever changes, the instructions stay.
    assert min(seen) > 150
