"""The strategies: what is taken from conversations, by whichever engine reads them.

Four of them, which a desk combines as it likes:

- discrete: single facts, events, intents and issues
- preferences: what she prefers
- summary: the episode of the whole conversation
- custom: what the desk describes in its own words (`custom`); needs a language model

One that is left out leaves its output out. Whatever one of them made is marked with the
strategy, the engine and the prompt that made it.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memory.extraction import discrete, model_based, prompts, records
from memory.extraction.strategies.custom import Custom, look_for
from memory.llm import gateway
from memory.llm.errors import LLMError
from memory.types import FactCandidate, SummaryDraft, Turn

logger = logging.getLogger(__name__)

DEFAULT = ("discrete", "preferences", "summary")
EMBEDDED = "embedded"
# Only what a person said goes into memory: extracting from the assistant's words would
# feed its own recollections back as new facts.
_PEOPLE = ("customer", "agent")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a desk takes from conversations.

    Attributes:
        names: The strategies.
        custom: What it described itself, and what of that is enabled.
    """

    names: tuple[str, ...] = DEFAULT
    custom: tuple[Custom, ...] = ()

    @property
    def facts(self) -> bool:
        """Whether any statement of ours is taken."""
        return "discrete" in self.names or "preferences" in self.names

    @property
    def summary(self) -> bool:
        """Whether the episode is."""
        return "summary" in self.names


@dataclass(frozen=True, slots=True)
class Understood:
    """What the strategies made of a conversation.

    Attributes:
        candidates: Of the fresh turns, to be reconciled with what is known.
        draft: The episode; None where the engine wrote none that is of use.
        engine: Which model and prompt, or `EMBEDDED`.
    """

    candidates: tuple[FactCandidate, ...]
    draft: SummaryDraft | None
    engine: str


def understand(turns: Sequence[Turn], *, fresh_from: int, chosen: Chosen) -> Understood:
    """Run what a desk has chosen over a conversation. Touches no database.

    The embedded rules stand in where no model is connected, and where one fails.

    Args:
        turns: The conversation, oldest first.
        fresh_from: Index of the first turn that memory has not seen.
        chosen: What the desk takes.
    """
    understood = _understood(turns, fresh_from, chosen)
    found = tuple(_taken(understood.candidates, chosen, understood.engine))
    if "custom" in chosen.names:
        found += tuple(_custom(turns, fresh_from, chosen.custom))
    return replace(understood, candidates=found)


def made_by(strategy: str, engine: str) -> str:
    """Return what a memory is marked with: the strategy and the engine behind it."""
    return f"{strategy}/{engine}"


def _understood(turns: Sequence[Turn], fresh_from: int, chosen: Chosen) -> Understood:
    if gateway.connected() and (chosen.facts or chosen.summary):
        try:
            answer = model_based.understand(
                turns,
                fresh_from=fresh_from,
                facts=chosen.facts,
                summary=chosen.summary,
            )
        except LLMError as error:
            logger.warning("Reading without the model: %s", type(error).__name__)
        else:
            engine = model_based.engine_name(answer.usage.model, prompts.REMEMBER)
            # What agents put on record is read by rule: a model would take their every
            # word.
            put_on_record = (
                records.statements(turns[fresh_from:]) if chosen.facts else ()
            )
            found = (*answer.candidates, *put_on_record)
            return Understood(found, answer.draft, engine)
    if not chosen.facts:
        return Understood((), None, EMBEDDED)
    new = {turn.id for turn in turns[fresh_from:]}
    people = [turn for turn in turns if turn.author in _PEOPLE]
    read = tuple(it for it in discrete.extract(people) if it.message_id in new)
    return Understood(read, None, EMBEDDED)


def _taken(
    found: Iterable[FactCandidate], chosen: Chosen, engine: str
) -> Iterable[FactCandidate]:
    for candidate in found:
        of = "preferences" if candidate.kind == "preference" else "discrete"
        if of in chosen.names:
            yield replace(candidate, made_by=made_by(of, engine))


def _custom(
    turns: Sequence[Turn], fresh_from: int, strategies: Iterable[Custom]
) -> Iterable[FactCandidate]:
    if not gateway.connected():
        return
    for strategy in strategies:
        try:
            found = look_for(strategy, turns, fresh_from=fresh_from)
        except LLMError as error:
            # What others found is kept; these words are in the conversation still.
            logger.warning("A custom strategy failed: %s", type(error).__name__)
        else:
            yield from found.candidates
