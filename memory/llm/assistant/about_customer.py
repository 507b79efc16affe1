"""Questions about the customer herself: answered from what she told, newest first."""

import re
from dataclasses import dataclass

from memory.llm.assistant.address import ADDRESS_KEYS, current_address
from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.orders import orders_of
from memory.llm.assistant.phrasing import (
    from_third_person,
    joined,
    lower_first,
    sentence,
)

_MOST_ORDERS = 8
_MOST_PREFERENCES = 4
_MOST_ISSUES = 2


@dataclass(frozen=True, slots=True)
class _Attribute:
    """Something one may ask us to know: its name, keys and the words for it."""

    noun: str
    keys: tuple[str, ...]
    pattern: re.Pattern[str]


_ASKS = (
    r"(?:what|which|what's|do you|have you|did you|is|are|was|tell me"
    r"|remind me|know|confirm|check|can you|could you|got|show me)"
)
_OF_MINE = r"(?:of mine|(?:do|have) you (?:have|got|know|use|see)|on file|you have)"


def _attribute(noun: str, keys: str, words: str) -> _Attribute:
    adjectives = r"(?:(?:home|current|new|full|first|last|own|registered) )*"
    pattern = re.compile(
        rf"\b{_ASKS}\b.{{0,30}}\b(?:my|our) {adjectives}(?:{words})\b"
        rf"|^\W*(?:and )?(?:my|our) {adjectives}(?:{words})\s*(?:is\s*)?\?"
        rf"|\b(?:what|which) {adjectives}(?:{words})\b.{{0,12}}\b{_OF_MINE}\b",
        re.IGNORECASE,
    )
    return _Attribute(noun, tuple(keys.split()), pattern)


_CONTACT_KEYS = "contact_channel contact_time do_not_contact"
_ATTRIBUTES = (
    _attribute("e-mail address", "email", r"e-?mails?(?: ?address)?"),
    _attribute(
        "address",
        " ".join(ADDRESS_KEYS),
        r"addresse?s?|street|city|town|post ?code|postal code|zip(?: ?code)?",
    ),
    _attribute(
        "phone number", "phone", r"(?:phone|mobile|tele?phone|cell)(?: ?number)?"
    ),
    _attribute("username", "username", "user ?name|login"),
    _attribute("name", "customer_name", "name"),
    _attribute("account number", "account_id", "account(?: number| id)?"),
    _attribute(
        "membership", "member_level", r"membership(?: level)?|member (?:level|status)"
    ),
    _attribute("plan", "plan member_level", "plan|subscription"),
    _attribute("birthday", "birthday", "birthday|date of birth"),
    _attribute("company", "company", r"company(?: name)?|firm"),
    _attribute("language", "language", "(?:preferred )?language"),
)
_WHERE_I_LIVE = re.compile(
    r"\bwh?ere? (?:do |am |did )?i (?:now )?liv(?:e|ing)\b", re.IGNORECASE
)
_WHO_I_AM = re.compile(r"\bwho (?:am i|i am)\b", re.IGNORECASE)
_NOT_HERS = re.compile(
    r"\b(?:chang|updat|correct|redirect|send|deliver|ship|parcel|package)\w*\b"
    r"|\bmy (?:last |latest )?order\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\bhow (?:do|did|would|should) (?:i|we) (?:\w+ ){0,2}(?:to )?be (?:\w+ )?"
    r"(?:contacted|reached|called|written)\b"
    r"|\bhow (?:do|will|can|should|would|are) (?:you|we|they) (?:\w+ ){0,2}"
    r"(?:contact|reach|call|write|get in touch)\w*(?: \w+)? (?:me|us)\b"
    r"|\b(?:my|our) (?:preferred|best|favou?rite) (?:contact|way|channel)"
    r"|\bcontact preference",
    re.IGNORECASE,
)
_ALL_ABOUT_ME = re.compile(
    r"\b(?:know|knows|have|stored?|saved|remember|keep|hold|recall)\b.{0,12}"
    r"\b(?:about|on|of) (?:me|us)\b|\bremember me\b"
    r"|\b(?:what|show|see|view)\b.{0,20}\b(?:my|our) (?:profile|data|details|file)\b"
    r"|\bon file\b.{0,12}\b(?:me|us)\b",
    re.IGNORECASE,
)
_FORMER = re.compile(
    r"\b(?:my|our) (?:old|previous|former|earlier|last) "
    r"(?P<what>add?ress|e-?mail|phone|number|name)",
    re.IGNORECASE,
)
_MY_ORDERS = re.compile(
    r"\b(?:what|which|all|list|show|see|how many|any)\b(?: \w+){0,3} "
    r"orders? (?:do|have|did) (?:i|we)\b"
    r"|\b(?:what|which|how many) orders\b.{0,30}\b(?:i|me|my|mine|we|our)\b"
    r"|\b(?:list|show|see|what are|what were|which are|tell me|all|what'?s)\b"
    r"(?: \w+){0,3} (?:my|our) (?:\w+ )?orders\b|^\W*(?:my|our) (?:open )?orders\W*$"
    r"|\bwhat (?:have|did) (?:i|we) (?:\w+ )?(?:bought|ordered|buy|order) (?:so far"
    r"|until now|already|altogether|in total)\b|\bhelp with (?:my|an|the) orders?\W*$"
    r"|\bdo (?:i|we) have (?:\w+ ){0,3}orders?\b|\border numbers\b"
    r"|\b(?:what|which)(?:'?s| is| are| was| were) my (?:\w+ )?"
    r"order(?:s|(?: numbers?| ids?)s?\b)"
    r"|\b(?:remind me of|do you (?:know|have)) my (?:\w+ )?order (?:number|id)",
    re.IGNORECASE,
)


def answer_about_customer(situation: Situation) -> Answer | None:
    """Answer "where do I live", "which orders do I have" and the like, or None."""
    text = situation.question
    if _ALL_ABOUT_ME.search(text):
        return Answer(_everything(situation))
    if _MY_ORDERS.search(text):
        return Answer(_orders(situation))
    if _CONTACT.search(text):
        return Answer(_contact(situation))
    if former := _FORMER.search(text):
        return _say_former(situation, former["what"].lower())
    if attribute := _attribute_asked(text):
        return Answer(_say_attribute(situation, attribute))
    return None


def _attribute_asked(text: str) -> _Attribute | None:
    if _WHERE_I_LIVE.search(text):
        return _named("address")
    if _WHO_I_AM.search(text):
        return _named("name")
    if _NOT_HERS.search(text):
        return None
    return next((item for item in _ATTRIBUTES if item.pattern.search(text)), None)


def _named(noun: str) -> _Attribute:
    return next(item for item in _ATTRIBUTES if item.noun == noun)


def _say_attribute(situation: Situation, attribute: _Attribute) -> str:
    value = _value(situation, attribute)
    if attribute.noun == "address" and value.isdigit():
        return f"I only have a postcode of yours, {value}."
    if not value:
        return (
            f"I do not have your {attribute.noun} yet. If you send it to me, I have it."
        )
    return sentence(f"I have your {attribute.noun} as {value}")


def _say_former(situation: Situation, what: str) -> Answer | None:
    """Say that what is outdated is not used any more, with what is current."""
    noun = {"address": "address", "name": "name"}.get(what, "")
    value = _value(situation, _named(noun)) if noun else ""
    if not value:
        return None
    return Answer(f"I only have your current {noun}, which is {value}.")


def _value(situation: Situation, attribute: _Attribute) -> str:
    if attribute.noun == "address":
        return current_address(situation)
    known = situation.memories_of(*attribute.keys)
    value = known[0].value if known else ""
    if attribute.noun == "name":
        return value or situation.request.customer_name
    return value


def _orders(situation: Situation) -> str:
    numbers = orders_of(situation).known[:_MOST_ORDERS]
    if not numbers:
        return (
            "I know of no order of yours yet. If you send me its number, I look it up."
        )
    if re.search(r"\b(?:last|latest|newest)\b", situation.question):
        return f"The latest order I know of is {numbers[0]}."
    if len(numbers) == 1:
        return (
            f"I know of one order of yours: {numbers[0]}."
            " What would you like to know about it?"
        )
    return (
        f"I know of these orders of yours, the newest first: {joined(numbers)}."
        " Which one is it about?"
    )


def _contact(situation: Situation) -> str:
    wishes = _wishes(situation, *_CONTACT_KEYS.split())
    if not wishes:
        return "I have nothing noted about that. How would you like to be contacted?"
    return sentence(f"I have noted that {joined(wishes)}")


def _wishes(situation: Situation, *keys: str) -> list[str]:
    """Return what the customer prefers, the newest of each key first."""
    items = [
        item
        for key in keys
        for item in situation.memories_of(key)[: 2 if key == "do_not_contact" else 1]
    ]
    said = [from_third_person(item.text) or lower_first(item.text) for item in items]
    return list(dict.fromkeys(text.rstrip(".") for text in said))


def _everything(situation: Situation) -> str:
    """List the current facts: who and where, orders, what she prefers, what is open."""
    said = [
        f"your {attribute.noun} is {value}"
        for attribute in _ATTRIBUTES
        if attribute.noun != "plan"
        and (value := _value(situation, attribute))
        and not (attribute.noun == "address" and value.isdigit())
    ]
    if numbers := orders_of(situation).known[:_MOST_ORDERS]:
        noun = "orders are" if len(numbers) > 1 else "order is"
        said.append(f"your {noun} {joined(numbers)}")
    said += _preferences(situation)
    said += _of_kind(situation, "issue", _MOST_ISSUES)
    only_name = len(said) == 1 and said[0].startswith("your name is")
    if not said or only_name:
        return "I have nothing noted about you yet."
    return (
        f"This is what I have noted: {'; '.join(said)}."
        " Please tell me if something is wrong."
    )


def _preferences(situation: Situation) -> list[str]:
    contact = _wishes(situation, *_CONTACT_KEYS.split())
    others = _of_kind(situation, "preference", _MOST_PREFERENCES)
    return list(dict.fromkeys([*contact, *others]))[:_MOST_PREFERENCES]


def _of_kind(situation: Situation, kind: str, most: int) -> list[str]:
    items = [
        item
        for item in situation.request.memories
        if item.kind == kind and item.key not in _CONTACT_KEYS.split()
    ]
    items.sort(key=lambda item: item.said_at, reverse=True)
    said = [from_third_person(item.text).rstrip(".") for item in items]
    return [text for text in dict.fromkeys(said) if text][:most]
