"""Reads a model's JSON answer and checks it against the schema it was asked for."""

import json
import re
from collections.abc import Mapping
from typing import Any

from memory.llm.plain_text import storable_json

_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)

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


def parse_answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Parse an answer, with or without a Markdown fence around it.

    Checks types, required properties and enums: what a strict endpoint would have
    guaranteed and others only try.

    Raises:
        BadAnswerError: It is not a JSON object of this schema.
    """
    fenced = _FENCE.match(text)
    try:
        answer = storable_json(json.loads(fenced.group(1) if fenced else text))
    except ValueError:
        message = "the answer is not JSON"
        raise BadAnswerError(message) from None
    if not isinstance(answer, dict):
        message = "the answer is not a JSON object"
        raise BadAnswerError(message)
    _check(answer, schema, "the answer")
    return answer


def _check(value: object, schema: Mapping[str, Any], where: str) -> None:
    if not _has_type(value, schema.get("type")):
        message = f"{where} has the wrong type"
        raise BadAnswerError(message)
    if "enum" in schema and value not in schema["enum"]:
        message = f"{where} is none of the allowed values"
        raise BadAnswerError(message)
    if isinstance(value, dict):
        _check_properties(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            _check(item, schema["items"], f"{where}[{number}]")


def _check_properties(
    value: dict[str, Any], schema: Mapping[str, Any], where: str
) -> None:
    for name in schema.get("required", ()):
        if name not in value:
            message = f"{where} lacks {name!r}"
            raise BadAnswerError(message)
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            _check(value[name], inner, f"{where}.{name}")


def _has_type(value: object, declared: str | list[str] | None) -> bool:
    if declared is None:
        return True
    names = [declared] if isinstance(declared, str) else declared
    if isinstance(value, bool):
        # Python counts True as an integer, JSON does not.
        return "boolean" in names
    return any(isinstance(value, _TYPES.get(name, object)) for name in names)
