"""Questions about an order: which one, look it up once, answer from the result."""

import re
from collections.abc import Iterator
from uuid import uuid4

from memory.llm.assistant import order_result
from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.intents import is_question
from memory.llm.assistant.order_choice import (
    ASK_FOR_ITS_NUMBER,
    ASK_FOR_NUMBER,
    LookUp,
    Orders,
)
from memory.llm.assistant.order_questions import (
    OFFERED,
    aspects_asked,
    says_not_arrived,
)
from memory.llm.assistant.phrasing import joined, lower_first
from memory.llm.types import ChatMessage, ToolCall, ToolSpec

_NOT_FOUND = re.compile(
    r"no order|not found|nothing was found|unknown|does ?n[o']t exist|404",
    re.IGNORECASE,
)
_ORDER_WORDS = ("order", "number", "reference", "id")
NO_NUMBER = (
    "Without its number I cannot look the order up. Shall I pass this to a colleague?"
)
_MOST_SEARCHED = 5
"""Orders looked through for a product; older ones are asked for by number."""


def answer_order(situation: Situation) -> Answer | None:
    """Answer a question about an order, or return None when it is not one."""
    orders = orders_of(situation)
    aspects = aspects_asked(situation, orders)
    if aspects is None:
        return None
    tool = _order_tool(situation.request.tools)
    product = orders.unknown_product(situation.question)
    if product and (answer := _search(situation, tool, orders, product)):
        return answer
    if orders.is_unclear(situation.question):
        others = [x for x in orders.known if x not in orders.discussed[:1]]
        which = f"Which order do you mean: {joined(others, 'or')}?"
        return Answer(which if others else ASK_FOR_NUMBER)
    return _answer_about(situation, tool, orders, aspects)


def orders_of(situation: Situation) -> Orders:
    """Return the orders that this conversation can be about."""
    return Orders(situation, list(_results(situation)))


def _answer_about(
    situation: Situation, tool: ToolSpec | None, orders: Orders, aspects: list[str]
) -> Answer | None:
    numbers = orders.chosen(situation.question)
    found = {number: orders.result_of(number) for number in numbers}
    results = [result for result in found.values() if result]
    if numbers and len(results) == len(numbers):
        said = " ".join(_told(situation, orders, x, aspects) for x in results)
        return Answer(said + _offer_after(situation, results))
    if tool is None:
        return None
    if not numbers:
        asked = situation.last_said.endswith(ASK_FOR_NUMBER)
        return Answer(NO_NUMBER if asked else ASK_FOR_NUMBER)
    return _look_up(situation, tool, [x for x in numbers if not found[x]])


def _search(
    situation: Situation, tool: ToolSpec | None, orders: Orders, product: str
) -> Answer | None:
    """Look the known orders through for a product; None where there is no need."""
    if tool is None or not orders.known:
        return None
    seen = {result.number for result in orders.results}
    unseen = [number for number in orders.known[:_MOST_SEARCHED] if number not in seen]
    if unseen:
        return _look_up(situation, tool, unseen)
    if not any(result.order for result in orders.results):
        return None
    held = joined(orders.known[:_MOST_SEARCHED])
    return Answer(
        f"I do not see “{product}” in what I know of your orders ({held})."
        f" {ASK_FOR_ITS_NUMBER}"
    )


def _offer_after(situation: Situation, results: list[LookUp]) -> str:
    """After a complaint the state of the order is not all that is wanted."""
    complained = situation.last_said.endswith(OFFERED)
    complained &= not is_question(situation.question)
    came = any(result.order and result.order.closed for result in results)
    missed = came and says_not_arrived(situation.question)
    return " Shall I pass this to a colleague?" if complained or missed else ""


def _told(
    situation: Situation, orders: Orders, result: LookUp, aspects: list[str]
) -> str:
    if result.order:
        text = order_result.describe(result.order, aspects)
        if orders.is_new_here(result.number, situation.question, text):
            # Nobody is to take it for the order that was talked of before.
            text = text if text.startswith("I ") else lower_first(text)
            text = f"{result.order.label}: {text}"
        return text
    if _NOT_FOUND.search(result.content):
        return f"I could not find order {result.number}. Could you check the number?"
    return (
        f"I could not look up order {result.number} just now."
        " Shall I pass this to a colleague?"
    )


def _results(situation: Situation) -> Iterator[LookUp]:
    """Yield the orders looked up in this conversation, oldest first."""
    tool = _order_tool(situation.request.tools)
    calls: dict[str, ToolCall] = {}
    for message in situation.request.messages:
        calls.update({call.id: call for call in message.tool_calls})
        if message.role == "tool":
            yield from _result(message, calls.get(message.tool_call_id), tool)


def _result(
    message: ChatMessage, call: ToolCall | None, tool: ToolSpec | None
) -> Iterator[LookUp]:
    if call is None:
        order = order_result.parsed_order(message.content, "")
        if order and order.number:
            yield LookUp(order.number, message.content)
    elif tool and call.name == tool.name:
        number = call.arguments.get(_number_parameter(tool))
        yield LookUp(str(number or ""), message.content)


def order_in_question(situation: Situation) -> str:
    """Return the order named or talked of, or the only one known; "" when unclear."""
    orders = orders_of(situation)
    if number := orders.named(situation.question) or next(iter(orders.discussed), ""):
        return number
    return orders.known[0] if len(orders.known) == 1 else ""


def _order_tool(tools: tuple[ToolSpec, ...]) -> ToolSpec | None:
    """Return the tool that needs an order number, if one is on offer."""
    return next((tool for tool in tools if _number_parameter(tool)), None)


def _number_parameter(tool: ToolSpec) -> str:
    required = [str(name) for name in tool.parameters.get("required", ())]
    for name in required:
        if "order" in name.lower():
            return name
    if "order" in tool.name.lower():
        for name in required:
            if any(word in name.lower() for word in _ORDER_WORDS):
                return name
    return ""


def _look_up(situation: Situation, tool: ToolSpec, numbers: list[str]) -> Answer:
    """Call the tool for each number, its other required arguments from memory."""
    arguments: dict[str, str | int] = {}
    parameter = _number_parameter(tool)
    for name in tool.parameters.get("required", ()):
        if name == parameter:
            continue
        known = situation.memories_of(name)
        if not known:
            spoken = str(name).replace("_", " ")
            which = joined(numbers)
            return Answer(f"To look up order {which} I also need your {spoken}.")
        arguments[name] = known[0].value
    return Answer(
        calls=tuple(
            ToolCall(
                f"call_{uuid4().hex}",
                tool.name,
                {parameter: _as_typed(tool, parameter, number), **arguments},
            )
            for number in numbers
        )
    )


def _as_typed(tool: ToolSpec, parameter: str, number: str) -> str | int:
    """Return the number as the tool's schema wants it."""
    schema = tool.parameters.get("properties", {}).get(parameter, {})
    integer = schema.get("type") == "integer" and number.isdigit()
    return int(number) if integer else number
