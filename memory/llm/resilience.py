"""What keeps a failing endpoint from failing the desk: retries and a breaker."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from tenacity import (
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
    wait_random,
)

from memory.llm.errors import RetryableError

MAX_ATTEMPTS = 3
_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=8, jitter=0.5)
_JITTER_AFTER_HINT = wait_random(0, 0.1)

FAILURES_TO_OPEN = 5
OPEN_S = 30.0


def retry_policy(deadline_s: float) -> dict[str, Any]:
    """Return the arguments of tenacity's (Async)Retrying for one model call.

    Retryable errors are tried three times, with exponential backoff and jitter or the
    wait the provider asked for, and never past the deadline.
    """
    return {
        "retry": retry_if_exception_type(RetryableError),
        "wait": _wait,
        "stop": stop_after_attempt(MAX_ATTEMPTS) | stop_before_delay(deadline_s),
        "reraise": True,
    }


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RetryableError) and error.retry_after_s is not None:
        return error.retry_after_s + _JITTER_AFTER_HINT(state)
    return _BACKOFF(state)


class CircuitBreaker:
    """Stops calling an endpoint that keeps failing, and tries it again later.

    Opens after five failures in a row. Thirty seconds later one call is let through:
    its success closes the breaker, its failure opens it for another thirty seconds.
    Safe across threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until_s = 0.0
        self._lock = Lock()

    def allows(self) -> bool:
        """Say whether a call may be made now."""
        with self._lock:
            if self._failures < FAILURES_TO_OPEN:
                return True
            now = self._clock()
            if now < self._open_until_s:
                return False
            # This caller is the trial; the others wait for its outcome.
            self._open_until_s = now + OPEN_S
            return True

    def succeeded(self) -> None:
        """Record a call that was answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Record a call that was not."""
        with self._lock:
            self._failures += 1
            self._open_until_s = self._clock() + OPEN_S
