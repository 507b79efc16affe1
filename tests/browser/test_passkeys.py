"""A passkey in a real browser, under the content security policy."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.accounts.people import PASSWORD, with_password
from tests.stack import Stack, look_up

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("live_db")]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def staff(ada: User, bob: User) -> list[User]:
    """Who has a password, before the browser starts."""
    return [with_password(ada), with_password(bob)]


@pytest.fixture
def page(
    staff: list[User], browser: Browser, stack: Stack, complaints: list[str]
) -> Page:
    """A page with a built-in authenticator; passkeys want a name, not a number."""
    home = f"http://localhost:{urlsplit(stack.base_url).port}"
    page = browser.new_context(base_url=home).new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


@pytest.mark.parametrize("stack", [("web",)], indirect=True)
def test_a_passkey_signs_in_alone_and_proves_who_suspends_a_colleague(
    staff: list[User], page: Page, complaints: list[str]
) -> None:
    ada, bob = staff
    page.goto("/accounts/login/")
    give_password(page, ada)
    page.wait_for_url("**/inbox/**")

    page.goto("/accounts/security/passkeys/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add").click()
    # Recovery codes come with the first second factor.
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Instead of the password")).to_be_visible()
    assert stored() == [("recovery_codes", ada.pk), ("webauthn", ada.pk)]

    leave(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/inbox/**")

    bobs = at_the_inbox(page, bob)
    opened: list[str] = []
    bobs.on("websocket", lambda socket: opened.append(socket.url))
    page.goto(f"/settings/users/{bob.pk}/")
    page.locator("#state-reason").fill("left us")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**/settings/users/{bob.pk}/")
    expect(page.get_by_text("Bob is suspended.")).to_be_visible()
    # His console shows the sign-in page, and does not try again and again.
    bobs.wait_for_url("**/accounts/login/**", timeout=5_000)
    bobs.wait_for_timeout(1_000)
    assert not opened

    # With the password, the passkey is the second step.
    leave(page)
    give_password(page, ada)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/inbox/**")
    assert not complaints


def give_password(page: Page, user: User) -> None:
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def at_the_inbox(page: Page, user: User) -> Page:
    """Another browser, in which somebody else has her console open."""
    browser = page.context.browser
    assert browser is not None
    home = page.url.split("/inbox")[0]
    other = browser.new_context(base_url=home).new_page()
    other.goto("/accounts/login/")
    give_password(other, user)
    with other.expect_websocket():
        other.wait_for_url("**/inbox/**")
    return other


def leave(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name=re.compile("^Log out$")).last.click()
    page.wait_for_url("**/accounts/login/**")


def stored() -> list[tuple[Any, ...]]:
    return look_up("select type, user_id from mfa_authenticator order by type")
