"""Single sign-on: each tenant's own OpenID Connect provider, and nobody else's staff.

allauth speaks the protocol. What is ours: which provider a tenant has (a row of
`SingleSignOn`, none of allauth's), and whom it may sign in: an active user of that very
tenant, by an address that the provider has verified.
"""

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import SingleSignOn, User
from accounts.scope import identity_scope


def for_email(email: str) -> SingleSignOn | None:
    """Return the provider that an address leads to."""
    domain = email.rpartition("@")[2].strip().lower()
    if not domain:
        return None
    with identity_scope():
        return (
            SingleSignOn.objects.select_related("tenant")
            .filter(domains__contains=[domain])
            .first()
        )


def of_tenant(tenant_id: UUID) -> SingleSignOn | None:
    """Return a tenant's provider."""
    with identity_scope():
        return (
            SingleSignOn.objects.select_related("tenant")
            .filter(tenant_id=tenant_id)
            .first()
        )


class DeskProviders(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped
    """Feeds allauth with the tenants' providers, and decides whom they may sign in."""

    def is_open_for_signup(
        self, request: HttpRequest, sociallogin: SocialLogin
    ) -> bool:
        """Nobody signs up."""
        return False

    def list_apps(
        self,
        request: HttpRequest,
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[SocialApp]:
        """Return the provider of the tenant with this slug; nobody may list them."""
        with identity_scope():
            rows = SingleSignOn.objects.select_related("tenant").filter(
                tenant__slug=provider or ""
            )
            return [_as_app(row) for row in rows]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find whom the provider vouches for among its own tenant's staff.

        Raises:
            ImmediateHttpResponse: Nobody there, or somebody else's link.
        """
        user = self._vouched_for(sociallogin)
        linked = sociallogin.is_existing
        if user is None or (linked and sociallogin.user.pk != user.pk):
            raise ImmediateHttpResponse(refusal(request))
        if not linked:
            sociallogin.connect(request, user)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, **kwargs: Any
    ) -> None:
        """Say that it did not work, and nothing of what the provider wrote.

        Raises:
            ImmediateHttpResponse: Always.
        """
        raise ImmediateHttpResponse(refusal(request))

    @staticmethod
    def _vouched_for(sociallogin: SocialLogin) -> User | None:
        tenant_id = UUID(sociallogin.provider.app.settings["tenant_id"])
        verified = [
            address.email
            for address in sociallogin.email_addresses
            # Some providers send the text "false", which is as good as true.
            if address.verified is True
        ]
        if len(verified) != 1:
            return None
        return User.objects.filter(
            tenant_id=tenant_id, email__iexact=verified[0], is_active=True
        ).first()


def refusal(request: HttpRequest) -> HttpResponse:
    """Return the page of a sign-in that a provider did not bring about."""
    return render(request, "account/sso_refused.html", status=403)


def _as_app(row: SingleSignOn) -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=row.tenant.slug,
        name=row.tenant.name,
        client_id=row.client_id,
        secret=row.client_secret,
        settings={"server_url": row.issuer, "tenant_id": str(row.tenant_id)},
    )


class DeskProvider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # untyped
    """One tenant's provider, checked more strictly than allauth does.

    Args:
        request: The request that is answered.
        slug: The tenant's.
        scope: Where the identity scope is opened once the provider has been asked
            everything: no transaction waits for its answers.
    """

    def __init__(self, request: HttpRequest, slug: str, scope: ExitStack) -> None:
        super().__init__(request, slug)
        self._scope = scope

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the discovery document.

        Raises:
            OAuth2Error: It speaks for another issuer.
        """
        config: dict[str, Any] = super().openid_config
        issuer = self.get_provider().app.settings["server_url"]
        if str(config.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
            raise OAuth2Error("The discovery document names another issuer.")
        return config

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return who signed in at the provider, and open the identity scope.

        Raises:
            OAuth2Error: No valid id token, or another person's user info.
        """
        login = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        subject = told.get("id_token", {}).get("sub")
        if not subject or told["userinfo"].get("sub") != subject:
            raise OAuth2Error("The id token is missing, or another person's.")
        # Who signed in is all that is kept of what the provider tells.
        login.account.extra_data = {}
        self._scope.enter_context(identity_scope())
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        # allauth trusts the line that the token came over; the signature is worth more.
        token: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return token
