"""Says what an order look-up returned, answering just what was asked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memory.llm.assistant.phrasing import joined, lower_first, sentence, spoken_date

Aspect = str
"""A key of `ASPECTS`."""

ASPECTS: dict[Aspect, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "status": r"\bwhere\b|\bstatus\b|\b(?:shipped|dispatched|sent)\b|\bupdate\b"
        r"|\bon (?:its|the) way\b|\b(?:been|was|already|get|got) delivered\b"
        r"|\bhappen\w* (?:to|with)\b|\bnot (?:here|come|arrived)\b"
        r"|\b(?:late|delayed|overdue|lost)\b|\b(?:has|have|did)(?:n'?t| not)\b"
        r"|\b(?:has|have|did|is|are) (?:it|they|my|the|that|this)\b.{0,30}\b(?:arriv\w*"
        r"|come|came|here|there|gone|packed|ready|coming|moving)\b"
        r"|\bnever (?:came|arrived)\b|\bnews\b|\bstill (?:nothing|not|waiting)\b",
        "placed": r"\bwhen (?:did i|have i|was my)\b.*\b(?:order|buy|bought)",
        "eta": r"\bwhen\b|\bhow long\b|\barriv|\beta\b|\bwhat (?:day|date|time)\b"
        r"|\btoday\b|\btomorrow\b|\bby (?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
        "address": r"\baddress\b|\bredirect|\b(?:send|deliver|ship)\w* (?:it |them )?"
        r"(?:somewhere|elsewhere|to (?:my|another|a different)\b)"
        r"|\b(?:go|come|sent|delivered|shipped) to (?:\d|my|another|a different)",
        "items": r"\bwhat (?:did|have) i (?:order|buy|bought)\b"
        r"|\b(?:which|what) items\b"
        r"|\bwhat(?:'s| is| was) in (?:it|my|the)\b|\bcontents?\b"
        r"|^\W*what (?:is|was) (?:it|that|this)\W*$",
        "carrier": r"\bcarrier\b|\bcourier\b|\bwho (?:is|will) .*deliver",
        "tracking": r"\btrack",
        "total": r"\bhow much\b|\bcost\b|\bprice\b|\btotal\b|\bdid i pay\b",
        "cancel": r"\bcancel",
        "return": r"\breturn|\brefund|\bsend (?:it )?back\b|\bexchange",
    }.items()
}
"""What may be asked about an order, in the order of answering."""

_GOES_WHERE = re.compile(
    r"\bwhere (?:is|are|will|does|do) [\w ]{2,20}\b(?:going|go|be sent|being sent"
    r"|(?:be|being|get) delivered|addressed)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:chang\w*|redirect\w*|different|another|elsewhere|somewhere|instead|new"
    r"|updat\w*|correct|edit|modify|wrong|switch|(?:send|deliver|ship)\w*"
    r"|(?:go|come|be sent|be delivered) to (?:my|another|a different))\b",
    re.IGNORECASE,
)

ASKS_NEW_ADDRESS = "Which address should it be?"

_STATUS_SENTENCES = {
    "in transit": "is on its way",
    "shipped": "is on its way",
    "dispatched": "is on its way",
    "out for delivery": "is out for delivery",
    "packed": "is packed and waits for the carrier",
    "processing": "is being prepared",
    "pending": "is being prepared",
    "placed": "is placed and not yet packed",
    "delivered": "was delivered",
    "returned": "was returned",
    "cancelled": "was cancelled",
    "canceled": "was cancelled",
    "delayed": "is delayed",
}
_CLOSED = frozenset({"delivered", "returned", "cancelled", "canceled"})
_RELATIVE = re.compile(
    r"^(?:today|tomorrow|this|next|in|within|by|on)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as a shop's API tells it; names of fields vary, so each has aliases."""

    fields: Mapping[str, Any]

    def first(self, *names: str) -> Any:
        """Return the first of these fields that has a value, or None."""
        for name in names:
            value = self.fields.get(name)
            if value not in (None, "", []):
                return value
        return None

    @property
    def number(self) -> str:
        """Its number as the shop writes it, or ""."""
        return str(
            self.first("number", "order_number", "order_id", "id", "order") or ""
        )

    @property
    def status(self) -> str:
        """Its status in lower case with spaces, or ""."""
        status = self.first("status", "state", "order_status", "shipping_status")
        return str(status or "").lower().replace("_", " ")

    @property
    def closed(self) -> bool:
        """Whether nothing more will be delivered."""
        return self.status in _CLOSED

    @property
    def items(self) -> list[str]:
        """What is in it, with quantities above one."""
        items = self.first("items", "products", "lines") or []
        return [_item_name(item) for item in items] if isinstance(items, list) else []

    @property
    def label(self) -> str:
        """Name it by what is in it where that is short, else by its number."""
        items = self.items
        if len(items) == 1 and self.number:
            return f"Your {items[0]} (order {self.number})"
        return f"Your order {self.number}".rstrip()


def parsed_order(content: str, number: str) -> Order | None:
    """Read a tool's result; None when it holds no order, as on an error."""
    try:
        data = json.loads(content)
    except ValueError:
        return None
    for name in ("order", "result", "data"):
        if isinstance(data, dict) and isinstance(data.get(name), dict | list):
            data = data[name]
    if isinstance(data, dict) and isinstance(data.get("orders"), list):
        data = data["orders"]
    if isinstance(data, list):
        orders = [Order(entry) for entry in data if isinstance(entry, dict)]
        matching = [order for order in orders if same_number(order.number, number)]
        return next(iter(matching or orders), None)
    if not isinstance(data, dict) or "error" in data or data.get("found") is False:
        return None
    return Order(data) if data else None


def same_number(left: str, right: str) -> bool:
    """Say whether two writings mean the same order: "#lf-1182" and "LF-1182"."""
    return _bare(left) == _bare(right)


def _bare(number: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def aspects_of(text: str) -> list[Aspect]:
    """Return what the text asks about an order, in the order of answering."""
    found = [name for name, pattern in ASPECTS.items() if pattern.search(text)]
    if "placed" in found:
        # "When did I order" is not about when it comes.
        found.remove("eta")
    if _GOES_WHERE.search(text):
        found = ["destination", *(name for name in found if name != "status")]
    elif "address" in found and not _CHANGES.search(text):
        found[found.index("address")] = "destination"
    return found


def describe(order: Order, aspects: list[Aspect]) -> str:
    """Answer the aspects asked, each with a sentence or two."""
    sayings = {
        "status": _say_status,
        "placed": _say_placed,
        "eta": _say_eta,
        "address": _say_address,
        "destination": _say_destination,
        "items": _say_items,
        "carrier": _say_carrier,
        "tracking": _say_carrier,
        "total": _say_total,
        "cancel": _say_request,
        "return": _say_request,
    }
    asked = aspects or ["status", "eta"]
    if order.closed and "status" in asked:
        # Its status already says when it came.
        asked = [aspect for aspect in asked if aspect != "eta"]
    said: list[str] = []
    for aspect in asked:
        text = sayings[aspect](order)
        if text not in said:
            said.append(text)
    return " ".join(said)


def _say_status(order: Order) -> str:
    if not order.status:
        return sentence(f"{order.label} is known, but its status is not")
    known = _STATUS_SENTENCES.get(order.status, f'has the status "{order.status}"')
    text = f"{order.label} {known}"
    carrier = order.first("carrier", "shipper", "courier")
    if carrier and not order.closed:
        text += f" with {carrier}"
    if delivered := order.first("delivered_on", "delivered_at"):
        text += f" on {spoken_date(str(delivered))}"
    event = order.first("last_event", "location", "last_scan", "current_location")
    latest = sentence(f"Latest entry: {lower_first(str(event))}") if event else ""
    return f"{sentence(text)} {latest}".rstrip()


def _say_placed(order: Order) -> str:
    placed = order.first("placed_on", "ordered_on", "order_date", "created_at")
    if not placed:
        return "I do not see when it was ordered."
    return f"You placed order {order.number} on {spoken_date(str(placed))}."


def _say_eta(order: Order) -> str:
    if delivered := order.first("delivered_on", "delivered_at"):
        return f"It was delivered on {spoken_date(str(delivered))}."
    if order.closed:
        return f"It is not on its way: the order was {order.status}."
    eta = order.first(
        "eta", "expected_on", "expected_delivery", "estimated_delivery", "arrives_on"
    ) or order.first("delivery_date", "expected_at", "delivery_window")
    if not eta:
        return "I do not see a delivery date for it yet."
    day = spoken_date(str(eta))
    return sentence(
        f"It should arrive {day}"
        if _RELATIVE.match(day)
        else f"It should arrive on {day}"
    )


def _say_address(order: Order) -> str:
    changeable = order.first("address_changeable", "can_change_address")
    address = order.first("delivery_address", "shipping_address", "address")
    going = f" It is addressed to {address}." if isinstance(address, str) else ""
    name = f"order {order.number}".rstrip()
    if order.closed:
        return f"The address of {name} cannot be changed: it was {order.status}."
    if changeable is True:
        return (
            f"Yes, the address of {name} can still be changed.{going}"
            f" {ASKS_NEW_ADDRESS}"
        )
    if changeable is False:
        return f"The address of {name} can no longer be changed.{going}"
    return f"I cannot see whether the address of {name} can still be changed.{going}"


def _say_destination(order: Order) -> str:
    address = order.first("delivery_address", "shipping_address", "address")
    if not isinstance(address, str):
        return "I do not see the address it goes to."
    went = "went" if order.closed else "goes"
    return sentence(f"{order.label} {went} to {address}")


def _say_items(order: Order) -> str:
    if not order.items:
        return "I do not see what is in it."
    return sentence(f"Order {order.number} holds {joined(order.items)}")


def _say_carrier(order: Order) -> str:
    carrier = order.first("carrier", "shipper", "courier")
    tracking = order.first("tracking", "tracking_number", "tracking_url")
    if not carrier and not tracking:
        return "I do not see a carrier or a tracking number for it yet."
    text = f"It goes with {carrier}" if carrier else "It has a tracking number"
    return sentence(f"{text}, tracking number {tracking}" if tracking else text)


def _say_total(order: Order) -> str:
    total = order.first("total", "amount", "price")
    if total is None:
        return "I do not see its price."
    currency = order.first("currency") or ""
    return sentence(f"Order {order.number} came to {total} {currency}".rstrip())


def _say_request(order: Order) -> str:
    return (
        f"{_say_status(order)} I cannot cancel, return or refund an order myself."
        " Shall I pass this to a colleague?"
    )


def _item_name(item: object) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    name = str(item.get("name") or item.get("title") or item.get("product") or "item")
    quantity = item.get("quantity") or item.get("qty") or 1
    return name if str(quantity) == "1" else f"{quantity} x {name}"
