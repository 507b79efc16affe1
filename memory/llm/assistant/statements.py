"""Things the customer tells us: acknowledged precisely, without inventing."""

import re

from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.intents import is_question
from memory.llm.assistant.order_result import ASKS_NEW_ADDRESS
from memory.llm.assistant.orders import order_in_question
from memory.llm.assistant.phrasing import from_first_person, lower_first, sentence
from memory.llm.words import split_sentences

_TELLS = re.compile(
    r"^(?:(?:hi|hello|hey|also|and|so|remember(?: that)?|actually|by the way"
    r"|just|please|btw|no|yes|well"
    r"|oh|fyi|note that|please note that)\b[\s,]*)*"
    r"(?:my (?:new |old |current )?[\w' -]{2,30}?"
    r" (?:is|are|has|have|changed|was changed)\b|call me\b|i go by\b"
    r"|i(?:'ve| have)? (?:now |just |recently )*(?:moved|changed|live|prefer|use|like"
    r"|work|got|no longer)\b|i(?:'m| am) (?:now |no longer )?(?:living|moving|allergic"
    r"|at|called|reachable|a|in)\b|i (?:don'?t|do not) (?:like|want|live|use|have)\b"
    r"|i(?: would|'?d) (?:rather|prefer)\b|we(?:'ve| have)? (?:now )?moved\b)",
    re.IGNORECASE,
)
_COMPLAINS = re.compile(
    r"\b(?:broken|damaged|wrong|missing|faulty|defect\w*|cracked|scratch\w*|late"
    r"|wobbl\w*"
    r"|does ?n['o]?t work|not working|stopped working|charged twice|overcharged"
    r"|double charged|never (?:came|arrived)|(?:has|have)(?:n'?t| not)"
    r"(?: yet)? (?:arrived|come|been)|disappointed|unacceptable|terrible|awful"
    r"|complain\w*|error|crash\w*|fail\w*|leak\w*|broke|torn|stuck"
    r"|won'?t (?:start|turn|work|charge|connect)|taking (?:forever|ages|too long))\b",
    re.IGNORECASE,
)
_REQUESTS = re.compile(
    r"\b(?:i (?:want|need|would like|'?d like)|i'd like|please|can you|could you"
    r"|would you)\b.{0,60}\b(?:refund|return|exchange|replace\w*|cancel\w*|invoice"
    r"|change|update|send|reset|upgrade|downgrade|repair|credit|delete|erase|forget)\b"
    r"|^\W*(?:please )?(?:re-?send|send|change|cancel|refund|update|reset|replace"
    r"|exchange|delete|erase|forget)\b"
    r"|^\W*(?:please )?(?:don't|do not) (?:put|send|ship|deliver|leave|charge|bring)\b"
    r"|\b(?:want|need|give|get)\b.{0,20}\bmoney back\b",
    re.IGNORECASE,
)
_PERSONAL_DATA = re.compile(
    r"\bmy (?:\w+ )?(?:data|account|profile|password|e-?mail|phone|name)\b"
    r"|\bforget me\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|remember(?: that)?|it'?s|that'?s|also|and|so|actually"
    r"|good (?:morning|afternoon|evening)"
    r"|by the way|just|btw|well|oh|fyi|please note that|note that|no|yes|please)\b"
    r"[\s,.!]*(?:there\b[\s,.!]*)?)+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b(?:moved|address|live|living)\b", re.IGNORECASE)
_ORDER_NUMBER = re.compile(r"(?:\b[A-Za-z]{1,5}-|#|\b)\d{4,}\b")
_TO = re.compile(
    r"^(?:can you |could you )?(?:(?:change|send|deliver) it )?"
    r"(?:it should (?:be|go) )?to ",
    re.IGNORECASE,
)
_CONTACT_KEYS = ("street_address", "city", "zip_code", "email", "phone")
_FEW_WORDS = 10
_TOO_SHORT = 2
_LONG_WORDS = 24


def answer_complaint(situation: Situation) -> Answer | None:
    """Answer a reported problem, said back so that the customer sees it is read."""
    if not _COMPLAINS.search(situation.question):
        return None
    said = _picked(situation.question, _COMPLAINS)
    opening = "I am sorry to hear that."
    if not is_question(said) and len(said.split()) > _TOO_SHORT:
        opening += f" I understand that {said}."
    return Answer(f"{opening} {_next_step(situation)}")


def answer_request(situation: Situation) -> Answer | None:
    """Answer a wish that only a person can fulfil."""
    if not _REQUESTS.search(situation.question):
        return None
    text = "I cannot do that myself, but a colleague can."
    if _PERSONAL_DATA.search(situation.question):
        return Answer(f"{text} Shall I pass this to a colleague?")
    return Answer(f"{text} {_next_step(situation)}")


def answer_value(situation: Situation) -> Answer | None:
    """Acknowledge a bare address, e-mail or phone number, as extraction has read it."""
    text = situation.question
    if is_question(text) or len(text.split()) > _FEW_WORDS:
        return None
    told = situation.memories_of(*_CONTACT_KEYS)
    if not any(item.value and item.value.lower() in text.lower() for item in told):
        return None
    said = _OPENING.sub("", text).rstrip(".! ")
    return Answer(f"Thank you, noted: {said}.")


def answer_statement(situation: Situation) -> Answer | None:
    """Acknowledge what the customer tells about herself, or return None."""
    told = [
        part
        for part in split_sentences(situation.question)
        if _TELLS.match(_OPENING.sub("", part)) and not is_question(part)
    ]
    if not told:
        return None
    said = " and ".join(_second_person(part) for part in told[:2])
    text = f"Thank you, noted: {said}."
    if _ADDRESS.search(said) and _order_is_open(situation):
        # Otherwise she might think that the parcel now goes to the new address.
        text += " This alone does not change the address of an order already placed."
    return Answer(text)


def answer_new_address(situation: Situation) -> Answer | None:
    """Take the address that an order is to have: noted, but changed by a person."""
    text = situation.question
    if not situation.last_said.endswith(ASKS_NEW_ADDRESS) or is_question(text):
        return None
    if not re.search(r"\d|\bto\b", text):
        return None
    number = order_in_question(situation)
    order = f" for order {number}" if number else ""
    said = _TO.sub("", _OPENING.sub("", text)).strip().rstrip(".! ")
    return Answer(
        f"Thank you, I have read{order}: {said}. I cannot change an order myself."
        " Shall I pass this to a colleague?"
    )


def _next_step(situation: Situation) -> str:
    if _ORDER_NUMBER.search(situation.question):
        return "Shall I pass this to a colleague?"
    if number := order_in_question(situation):
        return f"Is it about order {number}? I can pass this to a colleague."
    return "Which order or product is it about? I can also pass this to a colleague."


def _picked(text: str, pattern: re.Pattern[str]) -> str:
    """Return the sentence that matched, said back to the customer."""
    parts = split_sentences(text)
    part = next((part for part in parts if pattern.search(part)), text)
    words = _second_person(part).split()
    return " ".join(words[:_LONG_WORDS]) + (" …" if len(words) > _LONG_WORDS else "")


def _second_person(part: str) -> str:
    text = _OPENING.sub("", part).strip().rstrip(".!?,; ")
    if re.match(r"call me\b", text, re.IGNORECASE):
        return f"you want to be called{text[7:]}"
    return lower_first(from_first_person(text))


def _order_is_open(situation: Situation) -> bool:
    return bool(situation.memories_of("order_id")) or any(
        message.role == "tool" for message in situation.request.messages
    )


def secret_warning() -> str:
    """Say what to do about a card number or password in the chat."""
    return sentence(
        "Please do not send card numbers, passwords or codes here; we do not need them"
    )
