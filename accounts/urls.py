"""The sign-in pages that staff need, out of the many that allauth has.

The others change a login's address, or send mail: an administrator does the first, and
nothing here needs the second. Everything below is served in an identity scope.
"""

from allauth.account import views
from django.urls import path

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
]
