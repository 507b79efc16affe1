"""The way to Redis: short waits, and nothing that fails when it is away."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

# Redis answers in less than a millisecond; what takes longer than this is slower than
# PostgreSQL, from which everything here can be had.
TIMEOUT_S = 0.5
# After a time-out nobody else waits for it, for so long.
REST_S = 2.0

_resting_until = 0.0


@cache
def client() -> redis.Redis:
    """Return the process's Redis client; it waits `TIMEOUT_S` at most.

    A connection that Redis has closed meanwhile is opened anew, once; a time-out is
    not tried again.
    """
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def quietly(call: Callable[..., Any], *arguments: Any) -> Any:
    """Run a Redis call; None when Redis is away, since it only makes things faster."""
    global _resting_until  # noqa: PLW0603 - one Redis, one state for the process
    if time.monotonic() < _resting_until:
        return None
    try:
        return call(*arguments)
    except (redis.RedisError, OSError) as error:
        if isinstance(error, redis.TimeoutError | TimeoutError):
            _resting_until = time.monotonic() + REST_S
        logger.warning("Working memory is away: %s", type(error).__name__)
        return None
