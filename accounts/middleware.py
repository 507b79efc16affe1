"""Opens the identity scope around the sign-in pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.scope import identity_scope

SIGN_IN_PREFIX = "/accounts/"


class IdentityScopeMiddleware:
    """Lets allauth's own pages, and nothing else, look for users of any tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, inside an identity scope when it is about signing in."""
        if request.path.startswith(SIGN_IN_PREFIX):
            with identity_scope():
                return self.get_response(request)
        return self.get_response(request)
