"""Checks what a model calls a tool with against the tool's JSON schema.

A model repeats what it has read, so its arguments are somebody else's text. Whatever
the schema does not name, or this module does not know how to check, is refused.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any, Final

# Longer than any number, name or date that a look-up takes.
MAX_TEXT_CHARS = 200
_MAX_ITEMS = 20
# They describe, and check nothing.
_NOTES: Final = frozenset(
    {"$schema", "title", "description", "default", "examples", "format", "deprecated"}
)
_KNOWN: Final = _NOTES | {
    "type", "enum", "const", "minLength", "maxLength", "pattern", "minimum", "maximum",
    "items", "minItems", "maxItems", "properties", "required", "additionalProperties",
}  # fmt: skip
_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool)
    ),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def problems(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the arguments, in words; empty when they may be used.

    The words name parameters of the schema only, never what was sent.
    """
    return list(_object_problems(schema, arguments, "the arguments"))


def leaves_its_place(url: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments that would reach for another address than the tool's.

    They are percent-encoded, but a server may decode a slash before it looks at the
    path: what fills a place in the path is one piece of it.
    """
    path = url.split("?", 1)[0]
    try:
        in_path = {name for _, name, _, _ in Formatter().parse(path) if name}
    except ValueError:
        # No address at all: the request will say so.
        return []
    return [
        name
        for name, value in arguments.items()
        if name in in_path and re.search(r"[/\\?#%]|^[ .]*$|\.\.", str(value))
    ]


def _object_problems(
    schema: Mapping[str, Any], value: Mapping[str, Any], name: str
) -> list[str]:
    known: Mapping[str, Any] = schema.get("properties", {})
    if not set(schema) <= _KNOWN:
        return [f"{name} cannot be checked"]
    missing = [
        key
        for key in schema.get("required", ())
        if value.get(key) is None or not str(value[key]).strip()
    ]
    found = [f"Missing: {', '.join(missing)}."] if missing else []
    if not set(value) <= set(known):
        # Whatever the schema says about others: the address has no place for them.
        found.append(f"Only these are known: {', '.join(known) or 'none'}.")
    for key, part in known.items():
        if key in value and key not in missing:
            found += _value_problems(part, value[key], key)
    return found


def _value_problems(schema: Mapping[str, Any], value: Any, name: str) -> list[str]:
    if wrong := _type_problem(schema, value, name):
        return [wrong]
    match value:
        case bool() | None:
            return []
        case str():
            return _text_problems(schema, value, name)
        case list():
            return _list_problems(schema, value, name)
        case dict():
            return _object_problems(schema, value, name)
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return [] if low <= value <= high else [f"{name} is out of range."]


def _type_problem(schema: Mapping[str, Any], value: Any, name: str) -> str:
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not set(schema) <= _KNOWN or not all(kind in _TYPES for kind in kinds):
        return f"{name} cannot be checked."
    if not any(_TYPES[kind](value) for kind in kinds):
        return f"{name} must be of type {' or '.join(kinds)}."
    allowed = schema.get("enum", [schema.get("const", value)])
    return "" if value in allowed else f"{name} must be one of those listed."


def _text_problems(schema: Mapping[str, Any], value: str, name: str) -> list[str]:
    longest = min(schema.get("maxLength", MAX_TEXT_CHARS), MAX_TEXT_CHARS)
    if not schema.get("minLength", 0) <= len(value) <= longest:
        return [f"{name} is too long or too short."]
    # Control, format and surrogate characters: nobody types them into a look-up.
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} for char in value):
        return [f"{name} holds characters that cannot be seen."]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{name} has another form."]
    return []


def _list_problems(schema: Mapping[str, Any], value: list[Any], name: str) -> list[str]:
    most = min(schema.get("maxItems", _MAX_ITEMS), _MAX_ITEMS)
    if not schema.get("minItems", 0) <= len(value) <= most:
        return [f"{name} has too many or too few items."]
    of = schema.get("items", {"type": "string"})
    return [
        p for item in value for p in _value_problems(of, item, f"an item of {name}")
    ]
