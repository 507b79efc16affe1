"""The gate before both sockets: our own pages only, and only while there are places.

The widget's page is ours, whichever site frames it, so the one good origin of a socket
is our own: any other page, and a client that names none, is turned away before anything
is accepted. Which sites may frame the widget's page is the browser's to hold, see
`chat.sites`.

Places are counted in this process, and given back when a socket's application ends,
however it ends: a killed process takes its counts with it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from accounts.addresses import client_ip

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Close codes. After "try again later", the protocol's own, our clients wait longer and
# longer; too many of one's own is final.
TRY_LATER = 1013
TOO_MANY = 4429

# Sockets that one process serves. 24 kB each: 10,000 take 240 MB. An office of 300
# agents with three tabs each sits behind one address with room left; ten such addresses
# fill a process. A person has a few tabs and devices, a customer fewer.
PLACES = {"process": 10_000, "ip": 1_000, "user": 30, "customer": 20}


class Places:
    """Counts of the sockets that are open, by kind and key; one event loop's own."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.taken: Counter[tuple[str, str]] = Counter()


class Held:
    """The places that one socket holds: one of each kind."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._keys: dict[str, str] = {}

    def take(self, kind: str, key: object = "") -> bool:
        """Take a place, in exchange for the one of this kind that is held.

        Returns:
            Whether there was one.
        """
        wanted = str(key)
        if self._keys.get(kind) == wanted:
            return True
        taken = self._places.taken
        if taken[kind, wanted] >= self._places.limits[kind]:
            return False
        self._drop(kind)
        taken[kind, wanted] += 1
        self._keys[kind] = wanted
        return True

    def give_back(self) -> None:
        """Give every place back."""
        for kind in tuple(self._keys):
            self._drop(kind)

    def _drop(self, kind: str) -> None:
        key = self._keys.pop(kind, None)
        if key is None:
            return
        taken = self._places.taken
        taken[kind, key] -= 1
        if not taken[kind, key]:
            del taken[kind, key]


class Gate:
    """Lets a socket of our own pages in while there are places.

    The socket finds in its scope `places`, to take more of, and `client_ip`.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self.places = Places(PLACES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or turn it away."""
        if not from_our_own_page(scope["headers"]):
            await WebsocketDenier()(scope, receive, send)
            return
        held = Held(self.places)
        ip = _ip(scope)
        try:
            if not held.take("process") or (ip and not held.take("ip", ip)):
                await receive()
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": TRY_LATER})
                return
            inner = {**scope, "places": held, "client_ip": ip}
            await self.application(inner, receive, send)
        finally:
            held.give_back()


def from_our_own_page(headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether a handshake was made by a page of ours, to a host of ours.

    Compared as the text that browsers send: nothing is parsed, so nothing can be read
    in two ways. A page is ours when it comes from `PUBLIC_URL`, or from the very host
    that the handshake asks for.
    """
    hosts = [value for name, value in headers if name == b"host"]
    origins = [value for name, value in headers if name == b"origin"]
    if len(hosts) != 1 or len(origins) != 1:
        return False
    host, origin = hosts[0].decode("latin-1"), origins[0].decode("latin-1")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    public = urlsplit(settings.PUBLIC_URL)
    return origin in {
        f"{public.scheme}://{public.netloc}",
        f"{public.scheme}://{host}",
    }


def _ip(scope: Scope) -> str:
    """Return the address that a socket is counted under, by the rule for pages."""
    request = HttpRequest()
    forwarded = [
        value.decode("latin-1")
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
    ]
    request.META["REMOTE_ADDR"] = (scope.get("client") or ("",))[0]
    if forwarded:
        request.META["HTTP_X_FORWARDED_FOR"] = ",".join(forwarded)
    return client_ip(request)
