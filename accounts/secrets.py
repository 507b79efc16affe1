"""Secrets at rest: encrypted with a key that is not in the database."""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def encrypt(text: str) -> str:
    """Return the text encrypted and authenticated, fit for a text column."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return what `encrypt` was given.

    Raises:
        cryptography.fernet.InvalidToken: It was not encrypted with one of our keys.
    """
    return _fernet().decrypt(text.encode()).decode()


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    digest = hashlib.sha256(b"recollect secrets at rest:" + key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
