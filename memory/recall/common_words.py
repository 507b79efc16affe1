"""The words that a question and a memory have in common, as the memory writes them."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection

# Nothing that people write; where they do, it is taken out before.
_START: Final = "\ue000"
_STOP: Final = "\ue001"
_MARKED: Final = re.compile(f"{_START}([^{_STOP}]+){_STOP}")
_OPTIONS: Final = f'HighlightAll=true, StartSel="{_START}", StopSel="{_STOP}"'

# The index's own reading of words: what it finds by them is what is marked.
_HEADLINES: Final = """
with q as materialized (
    select to_tsquery('simple', string_agg(quote_literal(lexeme), ' | ')) as terms
      from unnest(to_tsvector('english', %(question)s))
)
select m.id, ts_headline('english', translate(m.text, %(signs)s, ''), q.terms,
                         %(options)s)
  from q, unnest(%(ids)s::uuid[], %(texts)s::text[]) as m(id, text)
 where q.terms is not null
"""


def common_words(
    question: str, texts: Mapping[UUID, str]
) -> dict[UUID, tuple[str, ...]]:
    """Return, by id, the words of each text that the question has, too.

    Each word once, in the order of the text. No table is read.

    Args:
        question: What was asked.
        texts: The texts, by any id.
    """
    if not texts:
        return {}
    values: dict[str, Any] = {
        "question": question,
        "signs": _START + _STOP,
        "options": _OPTIONS,
        "ids": list(texts),
        "texts": list(texts.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEADLINES, values)
        return {row_id: _marked(headline) for row_id, headline in cursor.fetchall()}


def _marked(headline: str) -> tuple[str, ...]:
    # A number such as LF-20418 is read in pieces.
    words = _MARKED.findall(headline.replace(_STOP + _START, ""))
    return tuple({word.casefold(): word for word in reversed(words)}.values())[::-1]
