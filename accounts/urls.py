"""The sign-in pages that staff need, out of the many that allauth has.

The others change a login's address, or send mail: an administrator does the first, and
nothing here needs the second. Everything below is served in an identity scope, except
for single sign-on, which asks other servers and opens it itself.
"""

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import include, path
from django.views.decorators.cache import never_cache

from accounts.reauthentication import recently
from accounts.views import invitations, sso

_password = never_cache(recently(views.password_change))
_security = never_cache(mfa.index)

_second_factor = [
    path("", _security, name="mfa_index"),
    # Where allauth goes once a passkey is removed: the same page lists them.
    path("", _security, name="mfa_list_webauthn"),
    # Where allauth sends whoever would change a password and has none.
    path("", _security, name="account_set_password"),
    path("app/", never_cache(recently(totp.activate_totp)), name="mfa_activate_totp"),
    path(
        "app/remove/",
        never_cache(recently(totp.deactivate_totp)),
        name="mfa_deactivate_totp",
    ),
    path(
        "passkeys/add/",
        never_cache(recently(passkeys.add_webauthn)),
        name="mfa_add_webauthn",
    ),
    path(
        "passkeys/<int:pk>/remove/",
        never_cache(recently(passkeys.remove_webauthn)),
        name="mfa_remove_webauthn",
    ),
    path(
        "codes/",
        never_cache(recently(recovery.view_recovery_codes)),
        name="mfa_view_recovery_codes",
    ),
    path(
        "codes/new/",
        never_cache(recently(recovery.generate_recovery_codes)),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "sessions/", never_cache(sessions.list_usersessions), name="usersessions_list"
    ),
]

_reauthenticate = [
    path("", never_cache(views.reauthenticate), name="account_reauthenticate"),
    path("code/", never_cache(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "passkey/",
        never_cache(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
]

_single_sign_on = [
    path("", sso.find, name="sso_find"),
    path("<slug:provider_id>/", sso.start, name="sso_start"),
    path("<slug:provider_id>/callback/", sso.callback, name="openid_connect_callback"),
]

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("login/code/", never_cache(mfa.authenticate), name="mfa_authenticate"),
    path(
        "login/passkey/",
        never_cache(passkeys.login_webauthn),
        name="mfa_login_webauthn",
    ),
    path("logout/", never_cache(views.logout), name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", include(_reauthenticate)),
    path("password/change/", _password, name="account_change_password"),
    path("security/", include(_second_factor)),
    path("sso/", include(_single_sign_on)),
    path("invitation/<str:token>/", invitations.accept, name="accept_invitation"),
]
