"""Is this process fit to serve?"""

from django.core.cache import cache
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when PostgreSQL answers; Redis only makes things faster."""
    state = {"postgres": _postgres(), "redis": _redis()}
    return JsonResponse(state, status=200 if state["postgres"] else 503)


def _postgres() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except Error:
        return False
    return True


def _redis() -> bool:
    try:
        cache.get("health")
    except RedisError:
        return False
    return True
