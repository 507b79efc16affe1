"""Summaries out of a model's answer, without what the conversation does not hold."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from memory.extraction.findings import plain
from memory.extraction.grounding import clean, located
from memory.llm.words import split_sentences
from memory.refusals import masked, masked_turns, mentions_special, refuses
from memory.types import SummaryDraft, Turn

SENTIMENTS = ("positive", "neutral", "negative")
_STRINGS = {"type": "array", "items": {"type": "string"}}
DRAFT: dict[str, Any] = {
    "summary": {"type": "string"},
    "topics": _STRINGS,
    "entities": _STRINGS,
    "sentiment": {"type": "string", "enum": list(SENTIMENTS)},
    "pending_actions": _STRINGS,
}
"""Properties of a summary in a model's answer."""

MAX_TOPICS = 5
MAX_ENTITIES = 20
MAX_ACTIONS = 10
_MAX_LABEL_CHARS = 60
_MAX_ACTION_CHARS = 300
# What is shorter counts something; what is longer names something.
_NAME_CHARS = 4
_CODE = re.compile(r"[\w@.+-]*\d[\w@.+-]*")
_DATE = re.compile(r"(?:19|20)\d{2}(?:-\d{2}(?:-\d{2})?)?")


def draft(
    answer: dict[str, Any], turns: Sequence[Turn], *, prior: str = ""
) -> SummaryDraft | None:
    """Return the summary of a model's answer, or None where it says nothing of use.

    Args:
        answer: With the properties of `DRAFT`.
        turns: What was summarised.
        prior: The summary that went into it.
    """
    # What the model was not shown, nobody has said.
    said = "\n".join([prior, *(turn.text for turn in masked_turns(turns))])
    squeezed = _squeezed(said)
    text = " ".join(_true(split_sentences(clean(answer["summary"])), squeezed))
    if not text or _script(text) != _script(said):
        return None
    actions = _true((clean(it) for it in answer["pending_actions"]), squeezed)
    return SummaryDraft(
        text=text,
        topics=_labels(answer["topics"], squeezed)[:MAX_TOPICS],
        entities=tuple(
            it for it in _labels(answer["entities"], squeezed) if located(it, said)
        )[:MAX_ENTITIES],
        sentiment=answer["sentiment"],
        pending_actions=tuple(it for it in actions if len(it) <= _MAX_ACTION_CHARS)[
            :MAX_ACTIONS
        ],
    )


def _true(sentences: Iterable[str], squeezed: str) -> list[str]:
    """Return the sentences that name no code that nobody said; secrets are masked."""
    kept = dict.fromkeys(masked(it) for it in sentences if not mentions_special(it))
    return [it for it in kept if it and _names_nothing_else(it, squeezed)]


def _names_nothing_else(text: str, squeezed: str) -> bool:
    return all(_is_said(code, squeezed) for code in _CODE.findall(text))


def _is_said(code: str, squeezed: str) -> bool:
    code = code.strip(".-+")
    bare = _squeezed(code)
    return len(bare) < _NAME_CHARS or bool(_DATE.fullmatch(code)) or bare in squeezed


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", plain(text).casefold())


def _labels(labels: Iterable[str], squeezed: str) -> tuple[str, ...]:
    cleaned = dict.fromkeys(clean(label) for label in labels)
    return tuple(
        it
        for it in cleaned
        if 0 < len(it) <= _MAX_LABEL_CHARS
        and not refuses(it)
        and _names_nothing_else(it, squeezed)
    )


def _script(text: str) -> str:
    """Return the script of most letters of a text, such as LATIN or CYRILLIC."""
    names = (unicodedata.name(c, "") for c in text if c.isalpha())
    scripts = Counter(name.split(" ", 1)[0] for name in names)
    return max(scripts, key=lambda name: scripts[name], default="")
