"""Reads a model's JSON answer and checks it against the schema it was asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from memory.llm.json_repair import json_object
from memory.llm.plain_text import storable_json

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


class BadAnswerError(ValueError):
    """The answer is not JSON, or not of the schema; says where, never what."""


def parse_answer(
    text: str, schema: Mapping[str, Any], *, lenient: bool = False
) -> dict[str, Any]:
    """Parse an answer, whatever stands around it (`memory.llm.json_repair`).

    Checks types, required properties and enums, and leaves out what the schema does
    not name: what a strict endpoint would have guaranteed and others only try.

    Args:
        text: The answer.
        schema: Which it was asked for.
        lenient: Whether an item of a list that is not of the schema is left out,
            instead of making all of the answer unusable.

    Raises:
        BadAnswerError: It is not a JSON object of this schema.
    """
    try:
        answer = storable_json(json_object(text))
    except ValueError:
        message = "the answer is not JSON"
        raise BadAnswerError(message) from None
    fitted: dict[str, Any] = _fitted(answer, schema, "the answer", lenient)
    return fitted


def _fitted(value: Any, schema: Mapping[str, Any], where: str, lenient: bool) -> Any:
    """Return a value as its schema has it."""
    if not _has_type(value, schema.get("type")):
        message = f"{where} has the wrong type"
        raise BadAnswerError(message)
    if "enum" in schema and value not in schema["enum"]:
        message = f"{where} is none of the allowed values"
        raise BadAnswerError(message)
    if isinstance(value, dict):
        return _fitted_object(value, schema, where, lenient)
    if isinstance(value, list) and "items" in schema:
        return list(_fitted_items(value, schema["items"], where, lenient))
    return value


def _fitted_items(
    items: list[Any], schema: Mapping[str, Any], where: str, lenient: bool
) -> Iterator[Any]:
    for number, item in enumerate(items):
        try:
            yield _fitted(item, schema, f"{where}[{number}]", lenient)
        except BadAnswerError:
            if not lenient:
                raise


def _fitted_object(
    value: dict[str, Any], schema: Mapping[str, Any], where: str, lenient: bool
) -> dict[str, Any]:
    for name in schema.get("required", ()):
        if name not in value:
            message = f"{where} lacks {name!r}"
            raise BadAnswerError(message)
    known = schema.get("properties", {})
    others = {} if schema.get("additionalProperties") is False else value
    return {**others} | {
        name: _fitted(value[name], inner, f"{where}.{name}", lenient)
        for name, inner in known.items()
        if name in value
    }


def _has_type(value: object, declared: str | list[str] | None) -> bool:
    if declared is None:
        return True
    names = [declared] if isinstance(declared, str) else declared
    if isinstance(value, bool):
        # Python counts True as an integer, JSON does not.
        return "boolean" in names
    return any(isinstance(value, _TYPES.get(name, object)) for name in names)
