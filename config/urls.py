"""Every URL of the product."""

from django.urls import include, path

from config.health import healthz

urlpatterns = [
    path("healthz", healthz),
    path("accounts/", include("accounts.urls")),
    path("audit/", include("accounts.audit.urls")),
    path("settings/", include("accounts.settings_urls")),
    path("demo/", include("chat.demo.urls")),
    path("", include("chat.urls")),
    path("", include("memory.urls")),
]
