"""How a line of the log is written: what happened and where, never whose words."""

import logging
import traceback
from copy import copy
from types import TracebackType

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


class DiscreetFormatter(logging.Formatter):
    """Writes a traceback without the messages of its exceptions.

    A database error quotes the row that it is about, a parser the text: customers'
    words. Type and place are enough to find what is wrong.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; Celery puts an exception's message into it by itself."""
        told = record.args
        if isinstance(told, dict) and "exc" in told:
            record = copy(record)
            kind = str(told["exc"]).partition("(")[0]
            record.args = {**told, "exc": kind, "traceback": ""}
        return super().format(record)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's name
        """Return the frames and types of an exception and those behind it."""
        error: BaseException | None = ei[1]
        told: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__))
            kind = type(error)
            told.append(
                f"Traceback (most recent call last):\n{frames}"
                f"{kind.__module__}.{kind.__qualname__} (its message is not logged)"
            )
            hidden = None if error.__suppress_context__ else error.__context__
            error = error.__cause__ or hidden
        return "\n\nThe direct cause or context:\n\n".join(told)
