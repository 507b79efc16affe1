"""Says which order a customer means: the one named, described, or just talked about."""

import re
from dataclasses import dataclass

from memory.llm.assistant import order_result
from memory.llm.assistant.answer import Situation
from memory.llm.assistant.order_numbers import (
    any_number,
    as_known,
    distinct,
    naming_words,
    numbers_called_orders,
    numbers_in,
    shared,
    words_by_number,
)
from memory.llm.types import MemoryItem

ASK_FOR_NUMBER = "Which order is it about? Please send me the order number."
ASK_FOR_ITS_NUMBER = "Could you send me the order number?"
ASKED_NUMBER = re.compile(
    rf"(?:{re.escape(ASK_FOR_NUMBER)}|{re.escape(ASK_FOR_ITS_NUMBER)}"
    r"|Could you check the number\?)$"
)
_JUST_NOW = "9999"
_TO_THE_MINUTE = 16
_OTHER_ONE = re.compile(
    r"\b(?:the )?other (?:one|order)\b|\bnot (?:that|this) (?:one|order)\b",
    re.IGNORECASE,
)
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2}
_ORDINAL = re.compile(
    r"^\W*(?:the )?(first|1st|second|2nd|third|3rd|last|latest|newest)\b",
    re.IGNORECASE,
)
_PRODUCT = re.compile(
    r"(?:^\W*(?:(?:and|no|ok|also|sorry|i mean|what about|how about)\W+)*(?:for |of )?"
    r"|\b(?:where|where's|wheres|where'?s|has|have|is|are|was|will|about|did|does"
    r"|return|cancel|refund|exchange|send back)(?: is| are| did| has| will)? "
    r"|\b(?:address|price|status|number|cost|carrier|date) (?:of|for) )"
    r"(?:my|the|our) (?P<words>[a-z][\w-]+(?: [a-z][\w-]+)?)",
    re.IGNORECASE,
)
_NO_PRODUCT = frozenset(
    """
    account answer app bank bill birthday company contract desk's email e-mail family
    husband wife partner job life number office one ones order other payment people
    person plan point problem question reason receipt shop site store subscription team
    warehouse warranty website worst best last latest first next
    """.split()  # noqa: SIM905 - a word list reads better as words
)


@dataclass(frozen=True, slots=True)
class LookUp:
    """One result that is already in the conversation."""

    number: str
    content: str

    @property
    def order(self) -> order_result.Order | None:
        """The order in it, or None when there is none."""
        return order_result.parsed_order(self.content, self.number)


class Orders:
    """The orders that this conversation can be about.

    Attributes:
        known: Numbers from memory and from this conversation, the newest first.
        discussed: Numbers talked about in this conversation, the latest first.
        results: What was looked up, oldest first.
    """

    def __init__(self, situation: Situation, results: list[LookUp]) -> None:
        self._situation = situation
        self.results = results
        told = _remembered(situation)
        here = [look_up.number for look_up in results]
        for number in [*here, *_said_here(situation, list(told))]:
            told.setdefault(as_known(number, told), _JUST_NOW)
        self.known = _newest_first(told)
        self.discussed = self._discussed()
        self._words = self._all_words()

    def _discussed(self) -> list[str]:
        """A message that names several orders, such as a list, talks of none."""
        found: list[str] = []
        for message in reversed(self._situation.earlier):
            if message.role == "tool":
                order = order_result.parsed_order(message.content, "")
                named = [order.number] if order and order.number else []
            elif message.role == "system":
                named = []
            else:
                named = numbers_in(message.content, self.known)
            if len(named) == 1:
                found.append(as_known(named[0], self.known))
        return distinct(found)

    def _all_words(self) -> dict[str, set[str]]:
        words: dict[str, set[str]] = {number: set() for number in self.known}
        texts = [item.text for item in self._situation.request.memories]
        texts += [
            message.content
            for message in self._situation.request.messages
            if message.role in ("user", "assistant")
        ]
        for text in texts:
            for number, beside in words_by_number(text, self.known).items():
                words[number] |= beside
        for look_up in self.results:
            if look_up.order and look_up.number in words:
                items = naming_words(" ".join(look_up.order.items))
                words[look_up.number] |= items
        return words

    def named(self, text: str) -> str:
        """Return the number of the order that the text itself points to, or ""."""
        if written := numbers_in(text, self.known):
            return written[0]
        return self._in_our_list(text) or self._described(text) or self._other(text)

    def chosen(self, text: str) -> list[str]:
        """Return the orders meant: named, else talked of last, else the newest."""
        written = numbers_in(text, self.known)
        if len(written) > 1:
            return written
        one = self.named(text) or next(iter([*self.discussed, *self.known]), "")
        return [one] if one else []

    def result_of(self, number: str) -> LookUp | None:
        """Return the latest look-up of an order, or None."""
        for result in reversed(self.results):
            if order_result.same_number(result.number, number):
                return result
        return None

    def is_unclear(self, text: str) -> bool:
        """Say whether another order is meant, and there are several others."""
        return bool(_OTHER_ONE.search(text)) and not self.named(text)

    def is_new_here(self, number: str, question: str, answer: str) -> bool:
        """Say whether an answer leaves open that it turns to another order."""
        if len(self.known) < 2 or number in self.discussed[:1]:  # noqa: PLR2004 - a pair
            return False
        return number not in answer and not numbers_in(question, self.known)

    def unknown_product(self, text: str) -> str:
        """Return the customer's word for a product that no known order holds, or ""."""
        if self.named(text):
            return ""
        for match in _PRODUCT.finditer(text):
            for word in match["words"].split():
                if naming_words(word) and word.lower() not in _NO_PRODUCT:
                    return word
        return ""

    def _described(self, text: str) -> str:
        """Return the order whose contents the text names, rather one talked of."""
        words = naming_words(text)
        scores = {number: shared(words, self._words[number]) for number in self.known}
        best = max(scores.values(), default=0)
        if not best:
            return ""
        fitting = [number for number in self.known if scores[number] == best]
        return next(
            (number for number in self.discussed if number in fitting), fitting[0]
        )

    def _other(self, text: str) -> str:
        """Return the one other order there is, rather one that was talked of before."""
        if not _OTHER_ONE.search(text):
            return ""
        others = self.discussed[1:] or [
            number for number in self.known if number not in self.discussed[:1]
        ]
        return others[0] if len(others) == 1 else ""

    def _in_our_list(self, text: str) -> str:
        """Return the order that "the second one" means after we listed several."""
        listed = numbers_in(self._situation.last_said, self.known)
        match = _ORDINAL.match(text)
        if not match or len(listed) < 2:  # noqa: PLR2004 - one is no list
            return ""
        word = match[1].lower()
        if word in ("latest", "newest"):
            return next((number for number in self.known if number in listed), "")
        return next(iter(listed[_ORDINALS.get(word, -1) :]), "")


def _remembered(situation: Situation) -> dict[str, str]:
    """Return the numbers in memory, each with the moment it was first told."""
    told: dict[str, str] = {}
    for item in situation.request.memories:
        for number in _numbers_of(item):
            known = as_known(number, told)
            told[known] = min(told.get(known, item.said_at), item.said_at)
    return told


def _newest_first(told: dict[str, str]) -> list[str]:
    """Sort by number, as shops count upwards; by date where numbers differ in form."""
    one_form = len({re.sub(r"\d", "0", number) for number in told}) == 1

    def age(number: str) -> tuple[str, int]:
        rank = int(re.sub(r"\D", "", number) or 0)
        return "" if one_form else told[number][:_TO_THE_MINUTE], rank

    return sorted(told, key=age, reverse=True)


def _numbers_of(item: MemoryItem) -> list[str]:
    if item.key == "order_id":
        return [item.value or any_number(item.text)]
    return [] if item.kind == "fact" else numbers_called_orders(item.text)


def _said_here(situation: Situation, known: list[str]) -> list[str]:
    """Return the numbers of orders in this conversation, latest first."""
    found: list[str] = []
    if ASKED_NUMBER.search(situation.last_said):
        found.append(any_number(situation.question))
    found += numbers_in(situation.question, known)
    for message in reversed(situation.earlier):
        if message.role == "user":
            found += numbers_in(message.content, known)
        elif message.role == "assistant":
            found += numbers_called_orders(message.content)
    return distinct(as_known(number, known) for number in found)
