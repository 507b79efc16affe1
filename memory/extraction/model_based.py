"""Facts and episode from a language model: one strict call, every answer checked.

A model may only point at what was said: `claims` and `model_facts` believe no fact that
new words of the customer's do not hold, `model_drafts` no number that nobody named.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memory.extraction import model_drafts, model_facts, prompts
from memory.llm import gateway
from memory.llm.errors import RetryableError
from memory.llm.types import Usage
from memory.refusals import masked_turns
from memory.types import FactCandidate, SummaryDraft, Turn


def answer_form(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the strict JSON schema of an object: these properties, all required."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


FACTS = {"facts": {"type": "array", "items": answer_form(model_facts.FACT)}}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call.

    Attributes:
        candidates: The facts that are believed.
        draft: The summary, or None where none was asked for or none is of use.
        usage: What the call cost.
    """

    candidates: tuple[FactCandidate, ...]
    draft: SummaryDraft | None
    usage: Usage


def understand(
    turns: Sequence[Turn], *, fresh_from: int, facts: bool = True, summary: bool = True
) -> Answer:
    """Return the facts of the fresh turns and the episode of all, by one call.

    Args:
        turns: The conversation.
        fresh_from: Index of the first turn that memory has not seen.
        facts: Whether facts are asked for.
        summary: Whether the episode is.

    Raises:
        LLMError: The model gave no usable answer.
    """
    form = {**(FACTS if facts else {}), **(model_drafts.DRAFT if summary else {})}
    answer, usage = gateway.complete_json(
        "consolidate",
        system=f"{prompts.REMEMBER.text}\n{prompts.key_list()}",
        prompt=lines(turns, fresh_from),
        schema=answer_form(form),
        schema_name="memory",
    )
    found = model_facts.candidates(answer.get("facts", ()), turns, fresh_from)
    draft = model_drafts.draft(answer, turns) if summary else None
    return Answer(tuple(found), draft, usage)


def roll_up(turns: Sequence[Turn], *, prior: str) -> tuple[SummaryDraft, str]:
    """Return one summary of what went before and these turns, and what wrote it.

    Raises:
        LLMError: The model gave no usable answer.
    """
    before = json.dumps({"summary_so_far": prior}, ensure_ascii=False)
    answer, usage = gateway.complete_json(
        "consolidate",
        system=prompts.ROLL_UP.text,
        prompt=f"{before}\n{lines(turns, 0)}",
        schema=answer_form(model_drafts.DRAFT),
        schema_name="summary",
    )
    draft = model_drafts.draft(answer, turns, prior=prior)
    if draft is None:
        message = "The model wrote no summary."
        raise RetryableError(message)
    return draft, engine_name(usage.model, prompts.ROLL_UP)


def engine_name(model: str, prompt: prompts.Prompt) -> str:
    """Return the name of a model with a prompt, as what they made is marked with."""
    return f"{model[:40]}/{prompt.id}"


def lines(turns: Sequence[Turn], fresh_from: int) -> str:
    """Return the conversation as data, a JSON object a line, without secrets."""
    return "\n".join(
        json.dumps(
            {
                "line": number,
                "author": turn.author,
                "fresh": number >= fresh_from,
                "sent_at": turn.sent_at.isoformat(timespec="minutes"),
                "text": turn.text,
            },
            ensure_ascii=False,
        )
        for number, turn in enumerate(masked_turns(turns))
    )
