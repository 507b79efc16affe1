"""The tenant's own sites: the pages that may show its widget in a frame.

A site is an origin, written as browsers send it. What holds a page to the list is the
browser, by the `frame-ancestors` of the widget's page: the socket behind the widget
sees our own origin whoever frames it, and neither a referrer nor what a script says
about its ancestors can be trusted. Whoever frames the widget all the same, in a browser
of his own making, gets what any visitor gets: who a customer is, her signed token says
alone.
"""

import re

from django.conf import settings
from django.core.exceptions import ValidationError

MAX_SITES = 20
_SITE = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_MAX_PORT = 65_535
# A shop that is being built runs on its maker's own machine.
_WITHOUT_HTTPS = {"localhost", "127.0.0.1"}


def origin_of(text: str) -> str:
    """Return a site as an origin: scheme, host, and the port unless it is the usual.

    Raises:
        ValidationError: It is no site's address, or not a safe one.
    """
    match = _SITE.fullmatch(text.strip().lower())
    if match is None:
        raise ValidationError(
            "Write a site as https://shop.example: no path, no wildcard, and the host"
            " in ASCII (xn--…)."
        )
    scheme, host = match["scheme"], match["host"]
    port = (match["port"] or _DEFAULT_PORTS[scheme]).lstrip("0") or "0"
    if not 0 < int(port) <= _MAX_PORT:
        raise ValidationError("There is no such port.")
    if scheme != "https" and host not in _WITHOUT_HTTPS:
        raise ValidationError("A site needs https; only localhost may do without.")
    usual = port == _DEFAULT_PORTS[scheme]
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{port}"


def origins_of(text: str) -> list[str]:
    """Return the sites of a text with one on each line, each of them once.

    Raises:
        ValidationError: A line is no site, or there are too many.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    sites = list(dict.fromkeys(origin_of(line) for line in lines))
    if len(sites) > MAX_SITES:
        raise ValidationError(f"A desk has up to {MAX_SITES} sites.")
    return sites


def frame_ancestors(sites: list[str]) -> list[str]:
    """Return who may frame the widget; nobody, while the tenant has named no site.

    The demo's shop is one of our own pages.
    """
    own = ["'self'"] if settings.DEMO else []
    return [*own, *sites] or ["'none'"]
