"""Browsers that are signed in already."""

from django.test import Client

from accounts.models import User
from accounts.scope import identity_scope


def signed_in(user: User, *, enforce_csrf_checks: bool = False) -> Client:
    """A client with this user's session."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    with identity_scope():
        client.force_login(user)
    return client
