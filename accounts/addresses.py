"""Where a request comes from, when proxies of ours stand in front."""

from ipaddress import IPv6Address, ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

# One household or machine gets so much; its addresses inside are free to change.
_IPV6_PREFIX = 64


def client_ip(request: HttpRequest) -> str:
    """Return the address that a request is counted under; empty when there is none.

    `TRUSTED_PROXIES` says how many entries at the end of `X-Forwarded-For` were written
    by proxies of ours: the one before them, and nothing that a client wrote, counts. An
    IPv6 address counts as its network of 64 bits.
    """
    direct: str = request.META.get("REMOTE_ADDR") or ""
    try:
        found = str(get_adapter(request).get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        # It came past the proxies, or one of them forgot to write.
        found = direct
    try:
        address = ip_address(found)
    except ValueError:
        return direct
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _IPV6_PREFIX), strict=False).network_address)
    return str(address)
