"""The page inside the customer's frame."""

from django.test import Client
from django.urls import reverse

from accounts.models import Tenant


def test_any_site_may_frame_the_widget(desk: Tenant) -> None:
    response = Client().get(reverse("chat:widget", args=[desk.slug]))
    assert response.status_code == 200
    assert "X-Frame-Options" not in response
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "script-src 'self'" in response["Content-Security-Policy"]


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
