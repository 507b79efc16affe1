"""Bounds how long an answer may take to arrive: a drip of bytes is no answer."""

import time
from collections.abc import Callable, Iterator
from typing import Any


def ends_in_time(limit_s: float) -> Callable[[Any], None]:
    """Return a response hook for the client that ends an answer which drips.

    The client's own time-outs are for each piece: one byte a second would hold a
    worker for ever.

    Args:
        limit_s: From the headers of an answer to its last byte.
    """

    def hook(response: Any) -> None:
        ends_s = time.monotonic() + limit_s
        arriving = response.iter_bytes

        def in_time() -> Iterator[bytes]:
            for piece in arriving():
                if time.monotonic() > ends_s:
                    raise TimeoutError
                yield piece

        # What the client reads a whole answer by.
        response.iter_bytes = in_time

    return hook
