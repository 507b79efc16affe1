"""Questions about the shop itself, which memory and orders say nothing about."""

import re

from memory.llm.assistant.answer import Answer, Situation
from memory.llm.assistant.intents import is_question

NO_ANSWER = (
    "I do not have an answer to that. Shall I pass your question to a colleague?"
)
NOT_MINE_TO_DECIDE = (
    "I cannot decide on prices, discounts or exceptions."
    " Shall I pass your question to a colleague?"
)

_DECISION = re.compile(
    r"\b(?:discounts?|vouchers?|coupons?|promo(?:tion)?s?(?: code)?|cheaper"
    r"|price match\w*"
    r"|(?:better|lower|special|good) (?:price|offer|deal)|free gift"
    r"|free (?:delivery|shipping)"
    r"|gift card|instal+ments?|compensat\w+|goodwill|waive|a (?:deal|freebie)"
    r"|(?:a )?little something|extra for (?:being|loyal)\w*)\b"
    r"|\b\d+ ?% off\b|\b(?:money|something|percent) off\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:did|have|had) (?:i|we|you)\b|\bwas\b", re.IGNORECASE)
_INFORMATION = re.compile(
    r"\bdo you (?:also |even |still )?(?:sell|stock|offer|make|accept|take|repair|ship"
    r"|deliver|do|price|install|assemble|buy|open|close|speak)\b"
    r"|\bdo you (?:also |still )?have (?:any|a|an|the|other|more|it in)\b(?!.*\b"
    r"(?:order|tracking|for me|of mine|my)\b)"
    r"|\b(?:what|which) (?:\w+ )?(?:colou?rs?|sizes?|models?|brands?|products?)\b"
    r".*\b(?:do you|are there|is there|can i)\b"
    r"|\bopening hours\b|\b(?:open|closed) (?:on|at|today|tomorrow|this)\b"
    r"|\b(?:return|refund|privacy|warranty|shipping|delivery|cancellation) "
    r"(?:policy|policies|terms|conditions|costs?|fees?)\b"
    r"|\bwarrant(?:y|ies)\b|\bguarantee\b|\bhow much (?:is|are|does|do|would) "
    r"(?:a|an|another|your|shipping|delivery)\b"
    r"|\bwhere (?:are|is) (?:you|your)\b"
    r"|\bwhen (?:are you|do you) (?:open|close|closed)\b",
    re.IGNORECASE,
)


def answer_policy(situation: Situation) -> Answer | None:
    """Say honestly that prices and the shop's terms are not known here, or None."""
    text = situation.question
    if _DECISION.search(text) and is_question(text) and not _PAST.search(text):
        return Answer(NOT_MINE_TO_DECIDE)
    if _INFORMATION.search(text):
        return Answer(NO_ANSWER)
    return None
