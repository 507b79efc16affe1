"""Reads the JSON object in what a model wrote, also where it was careless.

Prose or a fence around it, single quotes, a comma too many, an end that was cut off: of
a member that is not complete nothing is taken, so no value is ever half of one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_FENCE = re.compile(r"```\w*\s*(\{.*?)(?:```|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')
    |(?P<open>[{\[])|(?P<close>[}\]])|(?P<comma>,)|(?P<colon>:)
    |(?P<word>[-+.\w]+)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"\\(?P<escaped>.)|(?P<quote>\")", re.DOTALL)
_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_CLOSING: Final = {"{": "}", "[": "]"}


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Raises:
        ValueError: It holds none.
    """
    fenced = _FENCE.search(text)
    text = fenced.group(1) if fenced else text
    start = text.find("{")
    if start < 0:
        message = "no object"
        raise ValueError(message)
    try:
        try:
            found, _ = _DECODER.raw_decode(text, start)
        except ValueError:
            found = _DECODER.decode("".join(_rewritten(text, start)))
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None
    if not isinstance(found, dict):
        message = "no object"
        raise ValueError(message)
    return found


def _refused(word: str) -> Any:
    """Refuse what Python reads as a number and JSON does not know: NaN, Infinity."""
    raise ValueError(word)


# Control characters inside of strings are let through: they are no reason to lose an
# answer, and whoever keeps a text takes them out.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refused)


def _rewritten(text: str, start: int) -> list[str]:
    """Return the pieces of the object as JSON, closed where it was cut off."""
    pieces: list[str] = []
    stack: list[str] = []
    # Up to where all is complete, and what is open there.
    whole, still_open = 0, ""
    for kind, token in _tokens(text, start):
        if kind == "close":
            if not stack or token != stack.pop():
                break
            if pieces[-1] == ",":
                pieces.pop()
        elif kind == "comma":
            whole, still_open = len(pieces), "".join(stack)
        is_value = kind == "string" and (pieces[-1] == ":" or stack[-1] == "]")
        pieces.append(token)
        if kind == "open":
            stack.append(_CLOSING[token])
        if kind in ("open", "close") or is_value:
            whole, still_open = len(pieces), "".join(stack)
        if not stack:
            break
    return [*pieces[:whole], still_open[::-1]]


def _tokens(text: str, start: int) -> Iterator[tuple[str, str]]:
    """Yield the tokens as JSON writes them, up to the first that it has no word for."""
    for match in _TOKEN.finditer(text, start):
        kind, token = match.lastgroup or "", match.group()
        match kind:
            case "space":
                continue
            case "other":
                return
            case "string" if token[0] == "'":
                yield kind, f'"{_QUOTED.sub(_requoted, token[1:-1])}"'
            case "word":
                yield kind, _word(token)
            case _:
                yield kind, token


def _requoted(match: re.Match[str]) -> str:
    if match["quote"] or match["escaped"] == '"':
        return '\\"'
    return "'" if match["escaped"] == "'" else match.group()


def _word(token: str) -> str:
    token = _WORDS.get(token, token)
    if token in ("true", "false", "null") or _NUMBER.fullmatch(token):
        return token
    return json.dumps(token)
