"""What the measuring commands share: JSON Lines, and names of messages."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from chat.models import Message


def existing_file(path: str) -> Path:
    """Return the path of a file that can be read.

    Raises:
        CommandError: There is none.
    """
    file = Path(path)
    if not file.is_file():
        raise CommandError(f"There is no file {path}.")
    return file


@contextmanager
def output(path: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Open a JSON Lines file for writing; gives a function that writes one object.

    Raises:
        CommandError: It cannot be written.
    """
    try:
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
    with file:

        def write(row: dict[str, Any]) -> None:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

        yield write


def imported_ids(message_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return, by message in scope, the id that an import gave it, or its own."""
    rows = Message.objects.filter(id__in=set(message_ids)).values_list(
        "id", "external_id"
    )
    return {message_id: external or str(message_id) for message_id, external in rows}


def numbered_objects(path: Path) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """Yield (line number, object, problem) for each line of a JSON Lines file."""
    # A byte order mark is what some editors begin a file with.
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                yield number, None, f"not JSON: {error.msg} at {error.colno}"
                continue
            except (ValueError, RecursionError):
                yield number, None, "not JSON that can be read: too deep, or too long"
                continue
            if isinstance(value, dict):
                yield number, value, ""
            else:
                yield number, None, "a line must be one JSON object"
