"""The page inside the customer's frame."""

from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from accounts.scope import tenant_scope


def directive(policy: str, name: str) -> list[str]:
    """The values of one directive of a policy."""
    found = [part.split() for part in policy.split(";") if part.split()[0] == name]
    assert len(found) == 1, policy
    return found[0][1:]


def test_the_desks_own_sites_may_frame_the_widget_and_no_other(
    desk: Tenant, other_desk: Tenant, settings: Settings
) -> None:
    settings.DEMO = False
    for tenant, sites in (
        (desk, ["https://linden.example", "https://shop.linden.example:8443"]),
        (other_desk, []),
    ):
        with tenant_scope(tenant.id):
            Tenant.objects.update(widget_sites=sites)
    response = Client().get(reverse("chat:widget", args=[desk.slug]))
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert directive(policy, "frame-ancestors") == [
        "https://linden.example",
        "https://shop.linden.example:8443",
    ]
    # A header that can only name one site would forbid the others.
    assert "X-Frame-Options" not in response
    assert directive(policy, "script-src") == ["'self'"]
    assert directive(policy, "trusted-types") == ["default"]
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    theirs = Client().get(reverse("chat:widget", args=[other_desk.slug]))
    policy = theirs["Content-Security-Policy"]
    assert directive(policy, "frame-ancestors") == ["'none'"]


def test_the_demos_own_shop_may_frame_it_too(desk: Tenant, settings: Settings) -> None:
    settings.DEMO = True
    response = Client().get(reverse("chat:widget", args=[desk.slug]))
    policy = response["Content-Security-Policy"]
    assert directive(policy, "frame-ancestors") == ["'self'"]


def test_it_says_whose_desk_it_is_and_that_a_machine_answers(desk: Tenant) -> None:
    html = Client().get(reverse("chat:widget", args=[desk.slug])).content.decode()
    assert "Linden help" in html
    assert "Automated assistant." in html
    assert " style=" not in html


def test_a_desk_that_does_not_exist_is_not_found(db: None) -> None:
    assert Client().get("/widget/nobody/").status_code == 404


def test_no_other_page_may_be_framed(desk: Tenant) -> None:
    response = Client().get("/accounts/login/")
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
