"""How allauth signs staff in: nobody signs up by herself, and secrets are encrypted."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts import secrets, sign_ins
from accounts.models import SingleSignOn, User
from accounts.scope import identity_scope


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """Staff logins are made by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse | None:
        """Refuse whoever is suspended, or has to come through her desk's provider."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        through_provider = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if response is None and not through_provider and must_use_provider(user):
            messages.error(
                request, "Your desk signs in with single sign-on. Choose it below."
            )
            response = redirect("account_login")
        return response

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Return whether this is her password; counted like a sign-in.

        allauth would ask for a verified address in a table that staff have no rows in.
        """
        if not isinstance(user, User):
            return False
        known = self.authenticate(context.request, email=user.email, password=password)
        return known is not None and known.pk == user.pk

    def get_reauthentication_methods(
        self, user: AbstractBaseUser | AnonymousUser
    ) -> list[dict[str, Any]]:
        """Return how she can prove who she is; none when only her provider knows."""
        if must_use_provider(user):
            return []
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return methods

    def logout(self, request: HttpRequest) -> None:
        """End the session, and the sockets that it opened."""
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            sign_ins.changed(user)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Set the password, which ends every other session and its sockets."""
        super().set_password(user, password)
        if isinstance(user, User):
            sign_ins.changed(user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Lead back to the page about signing in."""
        return reverse("mfa_index")


class StaffMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped
    """Keys of authenticator apps and seeds of recovery codes are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Return the text as it is stored."""
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text that was stored."""
        return secrets.decrypt(encrypted_text)

    def build_totp_svg(self, url: str) -> SafeString:
        """Draw the QR code to stand in a page, where no data: image may."""
        drawn: str = super().build_totp_svg(url)
        # Squares only: no word of the address stands in it.
        svg: SafeString = mark_safe(drawn[drawn.index("<svg") :])  # noqa: S308  # see above
        return svg


def must_use_provider(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether only her desk's provider may sign her in.

    Admins are left a way in past it, or a broken provider would lock out everybody who
    could mend it.
    """
    if not isinstance(user, User) or user.role == User.Role.ADMIN:
        return False
    with identity_scope():
        return SingleSignOn.objects.filter(
            tenant_id=user.tenant_id, enforced=True
        ).exists()
