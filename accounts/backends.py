"""Sign-in: users are found inside an identity scope, since no tenant is known yet."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from accounts.models import User
from accounts.scope import identity_scope


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]  # untyped
    """allauth's backend, with the scope that lets it see users at all."""

    def authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> AbstractBaseUser | None:
        """Check the credentials of a user of any tenant."""
        with identity_scope():
            user: AbstractBaseUser | None = super().authenticate(request, **credentials)
            return user

    def get_user(self, user_id: Any) -> User | None:
        """Return the signed-in user with her tenant, unless she is suspended."""
        with identity_scope():
            user = User.objects.select_related("tenant").filter(pk=user_id).first()
        return user if user is not None and user.is_active else None
