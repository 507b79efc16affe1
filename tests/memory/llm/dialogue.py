"""A conversation with the embedded assistant, run as the product runs it.

Only texts stay between turns; look-ups are kept by number, and what the customer told
in this conversation stands before the stored facts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from memory.extraction import discrete
from memory.llm.assistant import reply
from memory.llm.types import (
    ChatMessage,
    HandOver,
    MemoryItem,
    ReplyRequest,
    TextDelta,
    ToolCall,
    ToolCalls,
    ToolSpec,
)
from memory.types import Turn

LOOK_UP = ToolSpec(
    "look_up_order",
    "Looks an order up by its number.",
    {
        "type": "object",
        "required": ["order_number"],
        "properties": {"order_number": {"type": "string"}},
    },
)
MOST_ROUNDS = 4
NOW = datetime(2031, 3, 10, 9, tzinfo=UTC)


def fact(key: str, value: str, text: str, on: str = "2031-02-20T10:05:00+00:00") -> Any:
    return MemoryItem("fact", key, text, value, on)


def message(text: str, on: str = "2031-02-20T10:05:00+00:00") -> MemoryItem:
    return MemoryItem("message", "message", text, "", on)


def order(number: str, item: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "status": status,
        "items": [{"name": item, "quantity": 1, "price": "149.00"}],
        "total": "149.00",
        "currency": "EUR",
        "delivery_address": "27 Hazel Street, 21145 Malmö",
        "address_changeable": status in ("placed", "packed"),
        **more,
    }


SHOP = {
    "LF-20412": order(
        "LF-20412", "Linden floor lamp", "placed", expected_on="2031-03-22"
    ),
    "LF-20350": order("LF-20350", "Fern chair", "packed", expected_on="2031-03-16"),
    "LF-20287": order(
        "LF-20287",
        "Alder desk, oak, 1.40 m",
        "in transit",
        carrier="Northline Express",
        tracking="NLX-4411-0287",
        expected_on="2031-03-11",
    ),
    "LF-18455": order(
        "LF-18455", "Den 34 monitor", "delivered", delivered_on="2030-11-02"
    ),
}
SOFIA = (
    fact("phone", "+447700900127", "Can be called at +447700900127."),
    fact("street_address", "27 Hazel Street", "Lives at 27 Hazel Street."),
    fact("city", "Malmö", "Lives in Malmö."),
    fact("order_id", "LF-20412", "Order LF-20412."),
    fact("order_id", "LF-20287", "Order LF-20287."),
    fact("order_id", "LF-20350", "Order LF-20350."),
    fact("zip_code", "21145", "Has the postal code 21145."),
    MemoryItem("preference", "prefers", "Prefers oak.", "oak", "2030-12-01"),
    message(
        "Hello! I've now ordered everything: the desk is order LF-20287, the chair is"
        " order LF-20350 and the lamp is order LF-20412."
    ),
    message("You're good at this :) I'll think about the chair.", "2030-12-01"),
    message("No lift, third floor. Two people would be good."),
    message("Super. My phone number is +44 7700 900127, please text me."),
)
JAKUB = (
    fact("order_id", "LF-18455", "Order LF-18455."),
    fact("email", "jakub@example.org", "Can be reached at jakub@example.org."),
)


@dataclass
class Dialogue:
    """One conversation of one customer; `say` returns the answer to a message."""

    memories: tuple[MemoryItem, ...] = SOFIA
    shop: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: SHOP)
    name: str = "Sofia Lindgren"
    heard: list[Turn] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    handed_over: bool = False

    def say(self, text: str) -> str:
        self._hear("customer", text)
        messages = [
            ChatMessage("user" if turn.author == "customer" else "assistant", turn.text)
            for turn in self.heard
        ]
        for _ in range(MOST_ROUNDS):
            parts = list(reply(self._request(messages)))
            calls = [part for part in parts if isinstance(part, ToolCalls)]
            if not calls:
                break
            messages.append(ChatMessage("assistant", "", calls[0].calls))
            messages += [self._called(call) for call in calls[0].calls]
        else:
            raise AssertionError
        self.handed_over = any(isinstance(part, HandOver) for part in parts)
        answer = "".join(part.text for part in parts if isinstance(part, TextDelta))
        self._hear("assistant", answer)
        return answer

    def _hear(self, author: Any, text: str) -> None:
        moment = NOW + timedelta(minutes=len(self.heard))
        self.heard.append(Turn(uuid4(), author, text, moment))

    def _request(self, messages: list[ChatMessage]) -> ReplyRequest:
        sent_at = {turn.id: turn.sent_at.isoformat() for turn in self.heard}
        told = [
            MemoryItem(x.kind, x.key, x.text, x.value, sent_at[x.message_id])
            for x in reversed(discrete.extract(self.heard))
            if x.polarity == "assert" and not x.doubt
        ]
        return ReplyRequest(
            messages=(ChatMessage("system", "You help."), *messages),
            tools=(LOOK_UP,),
            memories=(*told, *self.memories),
            customer_name=self.name,
            desk_name="Linden & Fox",
        )

    def _called(self, call: ToolCall) -> ChatMessage:
        number = str(call.arguments["order_number"])
        if number not in self.looked_up:
            self.looked_up.append(number)
        found = self.shop.get(
            number.upper(), {"error": "Nothing was found under that number."}
        )
        return ChatMessage("tool", json.dumps(found), tool_call_id=call.id)
