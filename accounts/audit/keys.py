"""The keys of the audit log: one that signs now, and those that signed before."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from accounts.secrets import derived_key

_ID_CHARS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """A key of 32 bytes, and the id that events name it by."""

    id: str
    secret: bytes = field(repr=False)


def current() -> Key:
    """Return the key that signs now: `AUDIT_KEY`, or one derived from `SECRET_KEY`."""
    return _derive(settings.AUDIT_KEY or settings.SECRET_KEY)


def known() -> dict[str, Key]:
    """Return every key that may have signed, by its id."""
    old = (*settings.AUDIT_KEYS_OLD, *_secret_keys())
    return {key.id: key for key in (current(), *map(_derive, old))}


def first_scheme() -> list[bytes]:
    """Return the keys of the events that were chained with `SECRET_KEY` itself."""
    return [secret.encode() for secret in (*_secret_keys(), *settings.AUDIT_KEYS_OLD)]


def _secret_keys() -> list[str]:
    return [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]


@lru_cache(maxsize=64)
def _derive(material: str) -> Key:
    # So whoever learns the audit key knows nothing of what it was derived from.
    secret = derived_key(material, info=b"recollect audit log")
    return Key(hashlib.sha256(b"id" + secret).hexdigest()[:_ID_CHARS], secret)
