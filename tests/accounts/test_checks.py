"""What `check --deploy` warns of."""

from pytest_django.fixtures import Settings

from accounts.checks import warn_of_a_proxy_that_is_not_counted


def test_a_proxy_that_nobody_counts_is_warned_of(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    (warning,) = warn_of_a_proxy_that_is_not_counted()
    assert "TRUSTED_PROXIES" in warning.msg
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert warn_of_a_proxy_that_is_not_counted() == []
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert warn_of_a_proxy_that_is_not_counted() == []
