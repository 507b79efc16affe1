"""Checks what a model calls a tool with against the tool's JSON schema.

A model repeats what it has read, so its arguments are somebody else's text. Whatever
the schema does not name, or cannot be checked against it, is refused.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

# Longer than any number, name or date that a look-up takes.
MAX_TEXT_CHARS = 200
# Control, format, surrogate and private characters: nobody types them into a look-up.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_UNCHECKED: Final = ["The arguments cannot be checked: the tool's schema is not valid."]


def problems(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the arguments, in words; empty when they may be used.

    The words name parameters and rules of the schema only, never what was sent.
    """
    told = {name: value for name, value in arguments.items() if not _is_blank(value)}
    strict = _closed({"type": "object", **schema})
    try:
        Draft202012Validator.check_schema(strict)
        # An empty registry: no reference is looked up elsewhere.
        validator: Any = Draft202012Validator(strict, registry=Registry())
        broken = dict(_broken_rules(validator.iter_errors(told)))
    except (SchemaError, Unresolvable, RecursionError, ValueError, re.error):
        # It refers to itself, or to what is no address, among others.
        return _UNCHECKED
    if broken:
        return list(broken.values())
    return [
        f"{name} is too long, or holds characters that cannot be seen."
        for name, value in told.items()
        if not all(map(_is_plain, _texts(value)))
    ]


def leaves_its_place(url: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments that would reach for another address than the tool's.

    They are percent-encoded, but a server may decode a slash before it looks at the
    path: what fills a place in the path is one piece of it.
    """
    in_path = _places(url.split("?", 1)[0])
    return [
        name
        for name, value in arguments.items()
        if name in in_path and re.search(r"[/\\?#%]|^[ .]*$|\.\.", str(value))
    ]


def sent(url: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return what of the arguments goes into a tool's address, as it does.

    Its answer depends on nothing else, so that calls are equal whose address is.
    """
    return {
        name: str(value).strip()
        for name, value in arguments.items()
        if name in _places(url) and not _is_blank(value)
    }


def _places(url: str) -> set[str]:
    """Return the names that an address has places for; none where it is no address."""
    try:
        return {name for _, name, _, _ in Formatter().parse(url) if name}
    except ValueError:
        # The request will say so.
        return set()


def _closed(schema: Any) -> Any:
    """Return the schema with every object in it closed: the address has no more places.

    Whatever it says about others: `additionalProperties` is false.
    """
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if closed.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


def _broken_rules(errors: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield where something is wrong, and what, for jsonschema's `ValidationError`s."""
    for error in errors:
        name = str(error.absolute_path[0]) if error.absolute_path else ""
        match error.validator:
            case "required":
                told = error.instance
                missing = [key for key in error.validator_value if key not in told]
                yield "required", f"Missing: {', '.join(missing)}."
            case "additionalProperties" if not name:
                known = error.schema.get("properties", {})
                yield "others", f"Only these are known: {', '.join(known) or 'none'}."
            case rule:
                yield name, f"{name} is not as its schema says ({rule})."


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)


def _is_plain(text: str) -> bool:
    unseen = any(unicodedata.category(char) in _UNSEEN for char in text)
    return len(text) <= MAX_TEXT_CHARS and not unseen
