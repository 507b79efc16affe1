"""Paths of the settings about staff."""

from django.urls import include, path

from accounts.views import users

app_name = "accounts"

_user = [
    path("", users.user, name="user"),
    path("role/", users.change_role, name="change_role"),
    path("suspend/", users.suspend, name="suspend"),
    path("reinstate/", users.reinstate, name="reinstate"),
]

urlpatterns = [
    path("users/", users.users, name="users"),
    path("users/invite/", users.invite, name="invite"),
    path("users/<uuid:user_id>/", include(_user)),
    path(
        "users/invitations/<uuid:invitation_id>/cancel/",
        users.cancel_invitation,
        name="cancel_invitation",
    ),
]
