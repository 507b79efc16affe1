"""Secrets at rest: encrypted with the operator's keys before they reach the database.

`SECRETS_KEYS` lists the keys; the first one encrypts, all of them decrypt. To rotate,
put a new key in front, run `manage.py rotate_secrets`, and drop the old one. A dump of
the database holds ciphertext alone; whoever has the environment as well reads all.
"""

import base64
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_KEY_BYTES = 32
_PASSPHRASE_CHARS = 32
# Every Fernet token begins so: its version, and the start of the time it was made.
TOKEN_START = "gAAAAA"  # noqa: S105 - a format, no secret
_TOKEN_CHARS = 100
_HKDF_INFO = b"recollect: secrets at rest"


class SecretUnreadableError(RuntimeError):
    """No key of `SECRETS_KEYS` reads a stored secret."""


def encrypt(text: str) -> str:
    """Return the ciphertext of a secret, under the first key."""
    return _fernet(_keys()).encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return the secret that a ciphertext holds, whichever key made it.

    Raises:
        SecretUnreadableError: None of the keys did.
    """
    try:
        return _fernet(_keys()).decrypt(text.encode()).decode()
    except InvalidToken:
        raise SecretUnreadableError(_UNREADABLE) from None


def rotate(text: str) -> str:
    """Return the same secret under the first key; unchanged when it is already.

    Raises:
        SecretUnreadableError: None of the keys reads it.
    """
    keys = _keys()
    try:
        _fernet(keys[:1]).decrypt(text.encode())
    except InvalidToken:
        try:
            return _fernet(keys).rotate(text.encode()).decode()
        except InvalidToken:
            raise SecretUnreadableError(_UNREADABLE) from None
    return text


def derived_key(passphrase: str, *, info: bytes) -> bytes:
    """Return a key of 32 bytes, of which nobody can tell what it was derived from.

    Args:
        passphrase: Long and random: this does not slow down guessing a short one.
        info: What the key is for, so that no two uses share one.
    """
    # No salt: the same passphrase has to give the same key in every process.
    derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info)
    return derive.derive(passphrase.encode())


def fingerprints(text: str, *, info: bytes) -> tuple[str, ...]:
    """Return a keyed hash of a text, under each key: by the first one it is stored.

    Whoever has the database alone cannot tell whether a guess is right. A fingerprint
    is found for as long as the key that made it is among `SECRETS_KEYS`.
    """
    return tuple(
        hmac.digest(key, text.encode(), "sha256").hex()
        for key in _fingerprint_keys(_keys(), info)
    )


def looks_encrypted(value: object) -> bool:
    """Return whether this is a ciphertext, by its form alone."""
    return (
        isinstance(value, str)
        and value.startswith(TOKEN_START)
        and len(value) >= _TOKEN_CHARS
    )


_UNREADABLE = (
    "A stored secret cannot be read with any of SECRETS_KEYS: put the key that it was"
    " encrypted with back at the end of the list. Unset, the key is SECRET_KEY."
)


def _keys() -> tuple[str, ...]:
    return tuple(settings.SECRETS_KEYS) or (settings.SECRET_KEY,)


@lru_cache(maxsize=8)
def _fingerprint_keys(keys: tuple[str, ...], info: bytes) -> tuple[bytes, ...]:
    return tuple(derived_key(key, info=info) for key in keys)


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_as_fernet_key(key)) for key in keys])


def _as_fernet_key(key: str) -> bytes:
    """Return a Fernet key as it is, and one derived from any other passphrase.

    Raises:
        ImproperlyConfigured: The passphrase is so short that it could be guessed.
    """
    if _is_fernet_key(key):
        return key.encode()
    if len(key) < _PASSPHRASE_CHARS:
        raise ImproperlyConfigured(
            f"A key for secrets at rest has at least {_PASSPHRASE_CHARS} characters."
        )
    return base64.urlsafe_b64encode(derived_key(key, info=_HKDF_INFO))


def _is_fernet_key(key: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(key)
    except ValueError:
        return False
    return len(raw) == _KEY_BYTES and base64.urlsafe_b64encode(raw) == key.encode(
        errors="replace"
    )
