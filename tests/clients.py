"""Browsers that are signed in already."""

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from accounts.models import User
from accounts.scope import identity_scope


def signed_in(
    user: User, *, enforce_csrf_checks: bool = False, minutes_ago: int = 0
) -> Client:
    """A client with the session of a user who gave her password so long ago."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    with identity_scope():
        client.force_login(user)
    session = client.session
    at = time.time() - 60 * minutes_ago
    session["account_authentication_methods_user"] = str(user.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": at, "reauthenticated": True}
    ]
    session.save()
    return client
