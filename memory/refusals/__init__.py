"""What memory refuses: secrets, special categories of personal data, unwanted words.

The one place that decides it. Everything that keeps or sends what a person wrote asks
here first: facts, summaries, the index, review items, working memory, models, and,
where a desk wants it so, the messages themselves.

It imports nothing of the project but `memory.types`, so that `memory.llm` may ask too.

Source: PCI DSS 4.0 requirement 3 (account data), GDPR articles 9, 10 and 87 (special
categories, convictions, national identification numbers).
"""

from memory.refusals.asked import QUESTIONS_REFUSED, Asked, asked_for
from memory.refusals.categories import mentions_special
from memory.refusals.dialogue import masked_texts, masked_turns
from memory.refusals.finding import Found, has_mark, mark, plain, without_marks
from memory.refusals.reading import (
    masked,
    refuses,
    secrets,
    spans,
    special,
    touches,
)
from memory.refusals.unwanted import (
    honoured,
    is_wish,
    named_keys,
    wishes,
    without_wishes,
)

__all__ = [
    "QUESTIONS_REFUSED",
    "Asked",
    "Found",
    "asked_for",
    "has_mark",
    "honoured",
    "is_wish",
    "mark",
    "masked",
    "masked_texts",
    "masked_turns",
    "mentions_special",
    "named_keys",
    "plain",
    "refuses",
    "secrets",
    "spans",
    "special",
    "touches",
    "wishes",
    "without_marks",
    "without_wishes",
]
