"""Reads whether something is asked about an order, and what."""

import re

from memory.llm.assistant import order_result
from memory.llm.assistant.answer import Situation
from memory.llm.assistant.intents import is_question
from memory.llm.assistant.order_choice import ASKED_NUMBER, Orders
from memory.llm.assistant.order_numbers import numbers_in
from memory.llm.assistant.order_result import Aspect

OFFERED = "pass this to a colleague."
"""How an answer to a complaint ends."""

_ASKED_WHICH = re.compile(
    r"\bwhich (?:one|order) [^?]*\?(?: I can also pass this to a colleague\.)?$",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"\b(?:order|parcel|package|delivery|shipment|tracking)s?\b", re.IGNORECASE
)
_DELIVERY_QUESTION = re.compile(
    r"\bwhere(?:'?s| is| are)? (?:my|the|our)\b|\b(?:arriv|deliver|ship)\w*\b"
    r"|\bget here\b|\bwhen (?:will|does|do|is|can) (?:it|they|i get)\b"
    r"|\b(?:is|are) (?:my|the|our) [\w ]{2,25}"
    r"\b(?:here|there|sent|coming|on its way)\b",
    re.IGNORECASE,
)
_ABOUT_MEMORY = re.compile(
    r"\b(?:what(?:'?s| is| was)|do you (?:know|have|remember)|remind me of) (?:my|our) "
    r"(?:(?:\w+ )?order (?:number|id|reference)|(?:work|office|billing|invoice|business"
    r"|old|previous|former) (?:e-?mail|address))\b"
    r"|\b(?:did|do|have) i (?:want|prefer|like|ask|report)\w*\b"
    r"|\b(?:did i|have i) (?:say|said|tell|told|mention)",
    re.IGNORECASE,
)
_NOT_ARRIVED = re.compile(
    r"\b(?:has|have|did)(?:n'?t| not)(?: yet| even)? (?:arrive|come|show|been delivered"
    r"|been shipped)|\bnot (?:yet )?(?:arrived|here|come)\b|\bnever (?:came|arrived)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(r"\b(?:my|the) refund|\bmoney\b|\binvoices?\b", re.IGNORECASE)
_GENERAL = re.compile(r"\bdo you (?:also |even )?(?:deliver|ship)\b", re.IGNORECASE)
_PROBLEM = re.compile(
    r"\b(?:broken|damaged|wrong|missing|faulty|defect\w*|cracked|scratched|incomplete)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|they|them|this|that|these|those|one|there|here|address|status"
    r"|carrier|courier|driver|track\w*|items?)\b",
    re.IGNORECASE,
)
_IS_IT = re.compile(
    r"^\W*(?:so |and |but |ok |hi )*(?:where|when|what|has|have|is|did|will|can)\b"
    r"[\w' ]{0,25}\b(?:it|its|it's)\b",
    re.IGNORECASE,
)
_CHANGE_IT = re.compile(r"\bchange (?:it|that|this)\b", re.IGNORECASE)
_ADDRESS_SAID = re.compile(r"\baddress|\b(?:goes|went) to \w", re.IGNORECASE)
_SPEAKS_OF_US = re.compile(
    r"\b(?:are|do|does|have|did|is|when|where) (?:you|your)\b|\byour\b", re.IGNORECASE
)
_SOME_OTHER_THING = re.compile(r"\b(?:an?|another|(?:a|the) new) \w+", re.IGNORECASE)
_FOLLOWS_UP = re.compile(
    r"^\W*(?:(?:and|what about|how about|what of|no|nope|or|also|ok and|sorry"
    r"|i mean\w*)\b|(?:for |it's |that's )?(?:the|my) [\w-]+(?: [\w-]+)?\W*$)|\?\s*$",
    re.IGNORECASE,
)
_SENDS_BACK = re.compile(
    r"(?:^|\b(?:want|need|like|would|please|can|could|how)\b.{0,40})"
    r"\b(?:return|cancel|refund|exchange|send (?:it |them |this )?back)",
    re.IGNORECASE,
)
_FEW_WORDS = 5
_BARE_WORDS = 3
_SHORT = 7


def aspects_asked(situation: Situation, orders: Orders) -> list[Aspect] | None:
    """Return what is asked about an order, or None when it is about something else."""
    text = situation.question
    if _ABOUT_MEMORY.search(text):
        return None
    if _answers_which(situation, orders):
        return order_result.aspects_of(text) or _earlier_aspects(situation)
    if _PROBLEM.search(text) and not is_question(text):
        return None
    if _CHANGE_IT.search(text) and _ADDRESS_SAID.search(situation.last_said):
        return ["address"]
    return _aspects_said(situation, orders)


def _aspects_said(situation: Situation, orders: Orders) -> list[Aspect] | None:
    text = situation.question
    if aspects := order_result.aspects_of(text):
        return aspects if _is_about_order(text, orders) else None
    if _follows_up(text, orders):
        complained = situation.last_said.endswith(OFFERED)
        return [] if complained else _earlier_aspects(situation)
    return [] if _only_names_an_order(text, orders) else None


def says_not_arrived(text: str) -> bool:
    """Say whether the customer misses what was sent."""
    return bool(_NOT_ARRIVED.search(text))


def _answers_which(situation: Situation, orders: Orders) -> bool:
    """Say whether we asked which order it is, and this says which."""
    said, text = situation.last_said, situation.question
    if not (ASKED_NUMBER.search(said) or _ASKED_WHICH.search(said)):
        return False
    if orders.named(text) or orders.is_unclear(text):
        return True
    return len(text.split()) <= _FEW_WORDS and bool(orders.unknown_product(text))


def _is_about_order(text: str, orders: Orders) -> bool:
    """Say whether a text that asks something asks it about an order."""
    if _NOUN.search(text) or numbers_in(text, orders.known):
        return True
    if _MONEY.search(text) or _GENERAL.search(text):
        return False
    named = bool(orders.named(text) or orders.unknown_product(text))
    in_thread = bool(orders.discussed or orders.results)
    if _SENDS_BACK.search(text):
        return named or in_thread
    if not is_question(text):
        return bool(_NOT_ARRIVED.search(text))
    if named or _DELIVERY_QUESTION.search(text) or _NOT_ARRIVED.search(text):
        return True
    known_it = bool(orders.known) and bool(_IS_IT.search(text))
    return known_it or (in_thread and _points_to_it(text))


def _points_to_it(text: str) -> bool:
    """Say whether a question in the middle of an order's thread is about that order."""
    if _POINTS_BACK.search(text):
        return True
    return not (_SPEAKS_OF_US.search(text) or _SOME_OTHER_THING.search(text))


def _follows_up(text: str, orders: Orders) -> bool:
    """Say whether a short text, such as "and the chair?", turns to another order."""
    if len(text.split()) > _SHORT or not _FOLLOWS_UP.search(text):
        return False
    in_thread = bool(orders.discussed or orders.results)
    return bool(orders.named(text)) or (in_thread and _names_order(text, orders))


def _names_order(text: str, orders: Orders) -> bool:
    return bool(
        orders.named(text) or orders.unknown_product(text) or orders.is_unclear(text)
    )


def _earlier_aspects(situation: Situation) -> list[Aspect]:
    """Return what the customer asked about the order before."""
    for text in situation.earlier_questions:
        if aspects := order_result.aspects_of(text):
            # What one order holds answers "and the chair?" in no way.
            return [aspect for aspect in aspects if aspect != "items"]
    return []


def _only_names_an_order(text: str, orders: Orders) -> bool:
    words = len(re.findall(r"[\w-]+", text))
    if not numbers_in(text, orders.known):
        return False
    return words <= _FEW_WORDS if _NOUN.search(text) else words <= _BARE_WORDS
