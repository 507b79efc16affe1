"""Who a widget's visitor is: the tenant vouches for a customer with a signed token.

Without a token a visitor is a new, unverified customer; she comes back as the same one
with the token that the desk gave her.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from accounts import time_zones
from accounts.models import Customer, Tenant
from accounts.scope import tenant_scope
from memory.llm.plain_text import storable

_ALGORITHM = "HS256"
_MAX_ID_CHARS = 200
_VISITOR_SALT = "chat.identity.visitor"
_VISITOR_MAX_AGE_S = 90 * 24 * 3600
# New visitors of one desk from one address: an office or a campus behind one address
# stays below, and whoever comes back or is signed in is not counted.
STRANGERS_AN_HOUR = 300

logger = logging.getLogger(__name__)


def sign_customer(
    tenant: Tenant, external_id: str, name: str = "", *, email: str = ""
) -> str:
    """Return a token that says who the visitor is, good for an hour.

    A shop's own server makes the same token from the tenant's widget secret.
    """
    now = datetime.now(UTC)
    claims = {
        "sub": external_id,
        "aud": tenant.slug,
        "iat": now,
        "exp": now + timedelta(hours=1),
        "name": name,
        "email": email,
    }
    return jwt.encode(claims, tenant.widget_secret, algorithm=_ALGORITHM)


def sign_visitor(customer: Customer) -> str:
    """Return the token with which an unverified visitor comes back."""
    return signing.dumps(str(customer.id), salt=_VISITOR_SALT)


class TooManyVisitorsError(PermissionDenied):
    """One address made itself known as a stranger too often within an hour."""


def identify(
    tenant: Tenant,
    *,
    token: str = "",
    visitor: str = "",
    ip: str = "",
    time_zone: str = "",
) -> Customer:
    """Return the customer behind a widget, making her known at the first visit.

    Args:
        tenant: The desk.
        token: Signed by the tenant: a verified customer.
        visitor: From `sign_visitor`: whoever used this browser before.
        ip: Where she comes from, when the strangers from there are to be counted.
        time_zone: What her browser says it is set to; kept where there is such a zone.

    Raises:
        TooManyVisitorsError: She is a stranger, and too many came from there.
        PermissionDenied: The token is not this tenant's, or has expired.
    """
    time_zone = time_zone if time_zones.is_zone(time_zone) else ""
    if token:
        return _verified(tenant, _claims(tenant, token), time_zone)
    if visitor:
        with tenant_scope(tenant.id):
            known = _returning(visitor, time_zone)
        if known is not None:
            return known
    _count_stranger(tenant, ip)
    with tenant_scope(tenant.id):
        stranger: Customer = Customer.objects.create(tenant=tenant, time_zone=time_zone)
        return stranger


def _count_stranger(tenant: Tenant, ip: str) -> None:
    """Count who was unknown, by address and desk.

    While Redis is away nobody is counted: a shop's new customers are worth more than
    the empty rows that a flood would leave, and sockets stay capped without Redis.

    Raises:
        TooManyVisitorsError: Enough for this hour.
    """
    if not ip:
        return
    # The address is personal: the key does not tell it.
    digest = salted_hmac(_VISITOR_SALT, ip, algorithm="sha256").hexdigest()[:32]
    key = f"t:{tenant.id.hex}:strangers:{digest}"
    try:
        cache.add(key, 0, timeout=3600)
        came = cache.incr(key)
    except (RedisError, OSError, ValueError) as error:
        logger.warning("A stranger was not counted: %s", type(error).__name__)
        return
    if came > STRANGERS_AN_HOUR:
        raise TooManyVisitorsError


def _claims(tenant: Tenant, token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            tenant.widget_secret,
            algorithms=[_ALGORITHM],
            audience=tenant.slug,
            options={"require": ["sub", "exp", "aud"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise PermissionDenied("Your sign-in has expired. Reload the page.") from error
    except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
        raise PermissionDenied(
            "This sign-in token is not valid for this desk."
        ) from error
    # No name is nobody's, and a cut one could be somebody else's.
    external_id = claims["sub"]
    if (
        not external_id.strip()
        or external_id != storable(external_id)
        or len(external_id) > _MAX_ID_CHARS
    ):
        raise PermissionDenied("This sign-in token names no customer.")
    return claims


def _verified(tenant: Tenant, claims: dict[str, Any], time_zone: str) -> Customer:
    told = {
        field: storable(str(claims[field]))[:200]
        for field in ("name", "email")
        if claims.get(field)
    }
    # The tenant's own word comes before the browser's. Source: OpenID Connect Core 5.1.
    zones = (str(claims.get("zoneinfo")), time_zone)
    if zone := next(filter(time_zones.is_zone, zones), ""):
        told["time_zone"] = zone
    with tenant_scope(tenant.id):
        customer: Customer
        customer, _ = Customer.objects.update_or_create(
            tenant=tenant,
            external_id=claims["sub"],
            defaults={**told, "verified": True},
        )
    return customer


def _returning(visitor: str, time_zone: str) -> Customer | None:
    try:
        customer_id = UUID(
            signing.loads(visitor, salt=_VISITOR_SALT, max_age=_VISITOR_MAX_AGE_S)
        )
    except (signing.BadSignature, ValueError):
        return None
    found: Customer | None = Customer.objects.filter(
        pk=customer_id, verified=False
    ).first()
    if found is not None and time_zone and found.time_zone != time_zone:
        found.time_zone = time_zone
        found.save(update_fields=["time_zone"])
    return found
