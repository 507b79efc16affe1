"""Opens the identity scope around the sign-in pages; refuses them without limits."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from accounts.scope import identity_scope

SIGN_IN_PREFIX = "/accounts/"
# Asks other servers: opens its scope only once they have answered.
SINGLE_SIGN_ON_PREFIX = "/accounts/sso/"


class IdentityScopeMiddleware:
    """Lets allauth's own pages, and nothing else, look for users of any tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, inside an identity scope when it is about signing in."""
        path = request.path
        if path.startswith(SIGN_IN_PREFIX) and not path.startswith(
            SINGLE_SIGN_ON_PREFIX
        ):
            with identity_scope():
                return self.get_response(request)
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Refuse to sign in while attempts cannot be counted: Redis is away."""
        if isinstance(exception, RedisError) and request.path.startswith(
            SIGN_IN_PREFIX
        ):
            return render(request, "503.html", status=503)
        return None
