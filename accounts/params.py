"""What the pages of every app read out of a request in the same way."""

from uuid import UUID

from django.http import HttpRequest


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part of the page."""
    return "HX-Request" in request.headers
