"""The strategy "custom": what a desk wants to know, in its own words and shape.

The desk's instructions go to the model as data beside our rules, in a call of their
own, so that they change nothing of what else is remembered. What the model finds is
checked like everything else, and then against the desk's schema.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from memory.extraction import prompts
from memory.extraction.claims import (
    CLAIM,
    believed,
    checked_value,
    doubt_about,
    grounds,
)
from memory.extraction.model_based import answer_form, engine_name, lines
from memory.extraction.model_facts import MAX_FACTS, once
from memory.llm import gateway
from memory.llm.types import Usage
from memory.types import FactCandidate, Turn

MAX_PROPERTIES = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SCALARS: Final = frozenset({"string", "number", "integer"})
# No patterns: a slow one would hold a worker.
_KEYWORDS: Final = frozenset(
    {"type", "description", "enum", "minLength", "maxLength"}
    | {"minimum", "maximum", "items", "maxItems", "title"}
)
_IMPORTANCE = 0.6


@dataclass(frozen=True, slots=True)
class Custom:
    """One strategy of a desk's own.

    Attributes:
        name: First part of its facts' keys.
        version: Which of its versions this is.
        instructions: What to look for.
        schema: JSON schema of what one statement says (`schema_problems`).
    """

    name: str
    version: int
    instructions: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a strategy found in one conversation.

    Attributes:
        candidates: What is believed.
        refusals: Why each other statement is not, for people.
        schema_errors: How many did not have the shape that the schema asks for.
        usage: What the call cost.
    """

    candidates: tuple[FactCandidate, ...]
    refusals: tuple[str, ...]
    schema_errors: int
    usage: Usage


def schema_problems(schema: Any) -> list[str]:
    """Return why a schema cannot be used, in words; empty when it can.

    It is an object of a few properties, each text or a number, or a list of these: each
    becomes a fact of its own, which holds one value at a time unless it is a list.
    """
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return ['Describe an object: {"type": "object", "properties": {…}}.']
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not 0 < len(properties) <= MAX_PROPERTIES:
        return [f"Name 1 to {MAX_PROPERTIES} properties."]
    others = set(schema) - {"type", "properties", "title", "description"}
    problems = [f"{word} is not used here." for word in sorted(others - _IGNORED)]
    for name, inner in properties.items():
        problems += _property_problems(name, inner)
    return problems or _invalid(schema)


# What many write into every schema; all properties may be left out, and no others come.
_IGNORED: Final = frozenset({"required", "additionalProperties", "$schema"})


def look_for(strategy: Custom, turns: Sequence[Turn], *, fresh_from: int) -> Found:
    """Return what a strategy finds in the fresh turns of a conversation.

    Raises:
        LLMError: The model gave no usable answer.
    """
    wanted = json.dumps({"what_to_look_for": strategy.instructions}, ensure_ascii=False)
    form = {**CLAIM, "value": answer_form(dict(_asked(strategy.schema)))}
    answer, usage = gateway.complete_json(
        "consolidate",
        system=prompts.CUSTOM.text,
        prompt=f"{wanted}\n{lines(turns, fresh_from)}",
        schema=answer_form({"found": {"type": "array", "items": answer_form(form)}}),
        schema_name="custom",
    )
    claims = answer["found"][:MAX_FACTS]
    shape = _validator(strategy.schema)
    shaped = [claim for claim in claims if shape.is_valid(_told(claim))]
    statements = [
        (claim, name, value)
        for claim in shaped
        for name, value in _statements(_told(claim))
    ]
    engine = engine_name(usage.model, prompts.CUSTOM)
    reader = _Reader(strategy, tuple(turns), fresh_from, f"custom/{engine}")
    kept, refusals = believed(statements, reader.candidate)
    errors = len(claims) - len(shaped)
    return Found(tuple(once(kept)), tuple(refusals), errors, usage)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the statements of one conversation for one strategy."""

    strategy: Custom
    turns: tuple[Turn, ...]
    fresh_from: int
    engine: str

    def candidate(self, statement: tuple[Mapping[str, Any], str, str]) -> FactCandidate:
        """Return the fact that one property of a claim is.

        Raises:
            Refused: It is not believed.
        """
        claim, name, said = statement
        of = self.strategy
        on = grounds(claim, self.turns, self.fresh_from)
        value = checked_value(said, on)
        title = re.sub("[_-]", " ", f"{of.name}, {name}")
        return FactCandidate(
            kind="fact",
            # No key of the catalogue has a colon: a desk's own stand beside them.
            key=f"{of.name}:{name}",
            value=value,
            text=f"{title[0].upper()}{title[1:]}: {value}.",
            message_id=on.turn.id,
            span=on.span,
            confidence=on.confidence,
            importance=_IMPORTANCE,
            single=of.schema["properties"][name]["type"] != "array",
            polarity="assert",
            topics=(of.name,),
            doubt=doubt_about(value, on),
            made_by=f"{self.engine}/{of.name}-{of.version}"[:120],
        )


def _told(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that a claim gives; the others are null."""
    return {name: it for name, it in claim["value"].items() if it not in (None, [])}


def _statements(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, str(each)


def _asked(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the properties as a strict endpoint takes them: all there, or null."""
    for name, inner in schema["properties"].items():
        about = {"description": inner["description"]} if "description" in inner else {}
        if inner["type"] == "array":
            yield (
                name,
                {**about, "type": "array", "items": {"type": inner["items"]["type"]}},
            )
        else:
            yield name, {**about, "type": [inner["type"], "null"]}


def _property_problems(name: str, inner: Any) -> list[str]:
    if not _NAME.fullmatch(name):
        return [f"Name a property in up to 30 small letters, digits and _: {name[:40]}"]
    if not isinstance(inner, dict):
        return [f"{name} says nothing of its type."]
    element: Any = inner
    if inner.get("type") == "array":
        element = inner.get("items")
        if not isinstance(element, dict):
            return [f"{name} says nothing of its items."]
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in _SCALARS:
        return [f"{name} is to be a string, a number, an integer or a list of these."]
    unknown = sorted((set(inner) | set(element)) - _KEYWORDS)
    problems = [f"{name}: {word} is not used here." for word in unknown]
    if not isinstance(inner.get("description", ""), str):
        problems.append(f"{name}: its description is to be a text.")
    return problems


def _invalid(schema: Mapping[str, Any]) -> list[str]:
    try:
        Draft202012Validator.check_schema(schema)
        _validator(schema).is_valid(dict.fromkeys(schema["properties"], "x"))
    except (SchemaError, Unresolvable, RecursionError, ValueError, re.error):
        return ["This is not a valid JSON schema."]
    return []


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return what checks a statement; nothing of it has to be there."""
    shape = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": schema["properties"],
    }
    # An empty registry: no reference is looked up elsewhere.
    return Draft202012Validator(shape, registry=Registry())
