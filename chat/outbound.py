"""Where the tenants' HTTP tools may connect to, and nowhere else.

A tool's address is a template of the tenant's: scheme, host and port stand in it as
they are, so the tool reaches that one host. Whether the host is a place out there is
decided by the addresses that it resolves to, at the moment of the call: they are
checked, and the connection goes to the very address that was, so that no second answer
of a name server can lead it elsewhere. Redirects are not followed, proxies not asked.
"""

import asyncio
import re
import socket
import ssl
import string
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError

Address = IPv4Address | IPv6Address

# ASCII only, so that no two parsers can read different hosts out of one address.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?][^\s\\#]*)?"
)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_MAX_TRIES = 3

# Only these of all IPv6 addresses are handed out; the rest is local or leads into IPv4.
_IPV6 = ip_network("2000::/3")
# Global by their number, and yet not out there.
_NOT_OUT_THERE: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays into 6to4
        "168.63.129.16/32",  # a cloud's host agent
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
# Where clouds tell a machine its credentials, beside the link's own addresses.
_CREDENTIALS = frozenset(
    ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
# In their last 32 bits these carry an IPv4 address, which a gateway may turn them into.
_CARRIERS = tuple(
    ip_network(network) for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_LOW_32_BITS = 0xFFFF_FFFF

# A tenant's own name server may take its time: it gets threads of its own to wait on,
# and not those of everybody.
_RESOLVING = ThreadPoolExecutor(8, thread_name_prefix="resolve")


class RefusedAddressError(httpx.ConnectError):
    """The host of a tool is not out there, or is not the one that was allowed."""


class Target(NamedTuple):
    """What a tool's address names, and its placeholders cannot change."""

    scheme: str
    host: str
    port: int


def target_of(url: str) -> Target:
    """Return the place that a tool's address leads to.

    Raises:
        ValidationError: It is no address of a tool, or one that no tool may have.
    """
    match = _ADDRESS.fullmatch(url)
    if match is None:
        raise ValidationError(
            "Write it as https://host/path, with {placeholders} in the path or after"
            " the question mark only, and the host in ASCII.",
            code="address",
        )
    scheme = match["scheme"]
    target = Target(
        scheme,
        match["host"].strip("[]").lower(),
        int(match["port"] or _PORTS[scheme]),
    )
    if not 0 < target.port <= _MAX_PORT:
        raise ValidationError("There is no such port.", code="address")
    _check_host(target)
    placeholders(url)
    return target


def placeholders(url: str) -> frozenset[str]:
    """Return the names of an address' placeholders.

    Raises:
        ValidationError: One is more than a name.
    """
    names = set()
    try:
        for _, name, spec, conversion in string.Formatter().parse(url):
            if name is None:
                continue
            if not name.isidentifier() or spec or conversion:
                raise ValueError
            names.add(name)
    except ValueError:
        raise ValidationError(
            "A placeholder is a name in braces, such as {order_number}.", code="address"
        ) from None
    return frozenset(names)


def _check_host(target: Target) -> None:
    if _operator_allows(target):
        return
    if target.scheme != "https":
        raise ValidationError("Only https addresses can be called.", code="address")
    try:
        literal: Address | None = ip_address(target.host)
    except ValueError:
        literal = None
    if literal is not None:
        if not is_public(literal):
            raise ValidationError(_NOT_PUBLIC, code="address")
        return
    labels = target.host.split(".")
    # A single word is a name of this network, and 127.1 one of this machine.
    if "" in labels or len(labels) == 1 or _NUMBER.fullmatch(labels[-1]):
        raise ValidationError(_NOT_PUBLIC, code="address")


_NOT_PUBLIC = "That host is not one on the public internet."


def _operator_allows(target: Target) -> bool:
    """Return whether the operator lets tools reach this host although it is near."""
    allowed = settings.TOOL_ALLOWED_PRIVATE_HOSTS
    return target.host in allowed or f"{target.host}:{target.port}" in allowed


def is_public(address: Address) -> bool:
    """Return whether an address is out there, on the public internet."""
    if isinstance(address, IPv6Address) and address not in _IPV6:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NOT_OUT_THERE)
    )


def _is_near(address: Address) -> bool:
    """Return whether the operator's word can let a tool reach an address.

    Not the link's own, nor what else clouds tell a machine's credentials at, however
    it is wrapped.
    """
    meant = _unwrapped(address)
    return not (
        meant.is_link_local
        or meant.is_multicast
        or meant.is_unspecified
        or meant in _CREDENTIALS
    )


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, if it is known to."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    low = int(address) & _LOW_32_BITS
    # The unspecified address and the machine's own are no IPv4.
    if low > 1 and any(address in network for network in _CARRIERS):
        return IPv4Address(low)
    return address


async def resolve(target: Target) -> list[str]:
    """Return the addresses of a host, when each of them may be connected to.

    Raises:
        RefusedAddressError: One may not: a host of two minds is not trusted in either.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            _RESOLVING,
            partial(
                socket.getaddrinfo,
                target.host,
                target.port,
                type=socket.SOCK_STREAM,
            ),
        )
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError("The host has no address.") from error
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    permitted = _is_near if _operator_allows(target) else is_public
    if not addresses or not all(permitted(ip_address(text)) for text in addresses):
        raise RefusedAddressError("The host is not on the public internet.")
    return addresses[:_MAX_TRIES]


@cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the authorities takes longer than most look-ups.
    return httpx.create_ssl_context(trust_env=False)


class PublicTransport(httpx.AsyncHTTPTransport):
    """Connects to one target, at an address that was looked at before.

    Args:
        target: The place that the tool's address names.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(verify=_ssl_context(), trust_env=False)
        self._target = target

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the target.

        Raises:
            RefusedAddressError: It is for another place, or that place is not public.
        """
        url = request.url
        here = Target(url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0))
        if here != self._target or url.userinfo:
            raise RefusedAddressError("The address leads away from the tool's host.")
        *others, last = await resolve(self._target)
        for address in others:
            try:
                return await super().handle_async_request(_at(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await super().handle_async_request(_at(request, last))


def _at(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request for this address; certificate and Host stay those of the name.

    The connection is made to a number, so nobody resolves the name a second time.
    """
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def client(url: str, *, timeout_s: float) -> httpx.AsyncClient:
    """Return a client that reaches the host of a tool's address only.

    Raises:
        ValidationError: No tool may have that address.
    """
    return httpx.AsyncClient(
        transport=PublicTransport(target_of(url)),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
    )
