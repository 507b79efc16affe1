"""Frames: one JSON object each, and what can be wrong with one."""

import json
from typing import Any
from uuid import UUID

# Twice the longest message in four-byte characters, with its frame.
MAX_FRAME_BYTES = 72_000


class FrameError(Exception):
    """A frame that cannot be served; its text is for the person who sent it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class FloodError(Exception):
    """A socket that sends on although it was told to slow down."""


class SignedOutError(Exception):
    """The login that opened a socket may not use it any more."""


def parse(text: str | None) -> dict[str, Any]:
    """Return the frame that a text holds.

    Raises:
        FrameError: It is none.
    """
    if text is None:
        raise FrameError("malformed", "A frame is text, not bytes.")
    if len(text.encode()) > MAX_FRAME_BYTES:
        raise FrameError("too_long", "That is too long to be sent at once.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError("malformed", "A frame is one JSON object.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise FrameError("malformed", "A frame is one JSON object with a type.")
    return frame


def uuid(frame: dict[str, Any], name: str) -> UUID:
    """Return a field that must be a UUID, or raise `FrameError`."""
    try:
        return UUID(str(frame.get(name)))
    except ValueError:
        raise FrameError("malformed", f"{name} must be a UUID.") from None


def seq(frame: dict[str, Any]) -> int:
    """Return the `seq` after which to go on, or raise `FrameError`."""
    after = frame.get("after", 0)
    if type(after) is not int or not 0 <= after < 2**63:
        raise FrameError("malformed", "after must be a whole number from 0.")
    return after


def text(frame: dict[str, Any]) -> str:
    """Return what was written, or raise `FrameError`."""
    text = frame.get("text")
    if not isinstance(text, str):
        raise FrameError("malformed", "text must be a string.")
    return text


def optional(frame: dict[str, Any], name: str) -> str:
    """Return a field that may be missing, as text."""
    value = frame.get(name)
    return value if isinstance(value, str) else ""
