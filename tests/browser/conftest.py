"""The product in a real browser: the running stack, and people with a browser each."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    expect,
    sync_playwright,
)

from tests import environment as env
from tests.stack import Stack, running

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ARTIFACTS = env.ROOT / "test-artifacts"
TIMEOUT_MS = 20_000
expect.set_options(timeout=TIMEOUT_MS)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser on the PATH."""
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    reason = f"no browser on the PATH: looked for {', '.join(CHROMIUM_NAMES)}"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def stack(
    chromium: str, live_db: None, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    """The product, on the test's database and Redis.

    A test that needs less than all of it names the processes by indirect parameters.
    """
    names = getattr(request, "param", ("web", "worker", "beat"))
    with running(*names, failures=lambda: request.session.testsfailed) as stack:
        yield stack


@pytest.fixture
def browser(chromium: str, stack: Stack) -> Iterator[Browser]:
    """One Chromium.

    Playwright's synchronous calls keep an event loop on this thread, under which Django
    refuses the ORM: it lives for one test and ends before the tables are emptied, and
    a test that uses it looks into the database with `tests.stack.look_up`.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGS
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browsers complained about."""
    return []


@pytest.fixture
def open_page(
    browser: Browser,
    stack: Stack,
    complaints: list[str],
    request: pytest.FixtureRequest,
) -> Iterator[OpenPage]:
    """Opens a page in a browser context of its own: another person, another device.

    What the pages look like when a test fails is kept in `test-artifacts`. Errors of
    the console (so every breach of the content security policy, too), errors of scripts
    and requests to another origin fail the test.
    """

    def open_page(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(base_url=stack.base_url, **options)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        _watch(page, urlsplit(stack.base_url).netloc, complaints)
        return page

    failed_before = request.session.testsfailed
    yield open_page
    failed = request.session.testsfailed > failed_before
    for number, context in enumerate(browser.contexts):
        if failed:
            picture = ARTIFACTS / f"{request.node.name[:60]}-{number}.png"
            context.pages[0].screenshot(path=picture)
        context.close()
    assert not complaints


def _watch(page: Page, home: str, complaints: list[str]) -> None:
    def heard(message: ConsoleMessage) -> None:
        # A form that is refused, and shown again with the reason, answers 422; what
        # needs the password again answers 401 to a script, with where to give it.
        expected = re.search("status of (401|422)", message.text)
        if message.type == "error" and not expected:
            complaints.append(f"console: {message.text}")

    def asked(request: Request | WebSocket) -> None:
        if urlsplit(request.url).netloc != home:
            complaints.append(f"another origin: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"script: {error.stack}"))
    page.on("request", asked)
    page.on("websocket", asked)
