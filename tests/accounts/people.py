"""Staff with a password, and what they do at the sign-in page."""

from typing import Any

from django.test import Client

from accounts.models import User
from accounts.scope import identity_scope

PASSWORD = "a long enough password"


def with_password(user: User, password: str = PASSWORD) -> User:
    user.set_password(password)
    with identity_scope():
        user.save()
    return user


def sign_in(
    browser: Client,
    user: User,
    password: str = PASSWORD,
    headers: dict[str, str] | None = None,
) -> Any:
    """Fill in the form."""
    given = {"login": user.email, "password": password}
    return browser.post("/accounts/login/", given, headers=headers)


def is_signed_in(browser: Client, user: User) -> bool:
    """Whether a page shows this user as signed in."""
    page = browser.get("/accounts/security/")
    return page.status_code == 200 and user.email in page.text
