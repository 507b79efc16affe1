"""People at their browsers: what they see and do, in the words of the pages."""

import json
import re
from typing import Any
from uuid import UUID

from playwright.sync_api import Locator, Page, WebSocket, expect

PASSWORD = "open sesame, says the fox"

_ANY_ID = re.compile(r"[0-9a-f-]{36}")
# Notes every state of a streaming reply's text, by message.
WATCH_REPLIES = """
window.replySteps = {};
new MutationObserver(() => {
  for (const article of document.querySelectorAll(".msg.assistant[data-message]")) {
    const text = article.querySelector("[data-text]")?.textContent;
    const steps = (window.replySteps[article.dataset.message] ??= []);
    if (text && text !== steps.at(-1)) steps.push(text);
  }
}).observe(document, { childList: true, subtree: true, characterData: true });
"""


class Person:
    """Somebody at a page, with every frame that her sockets received."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[dict[str, Any]] = []
        page.add_init_script(WATCH_REPLIES)
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda payload: self.frames.append(json.loads(payload))
        )

    def leave(self) -> None:
        """Close the browser."""
        self.page.context.close()

    def steps_of(self, message_id: UUID) -> list[str]:
        """Return how a reply's text grew before her eyes."""
        steps: list[str] = self.page.evaluate(
            "id => window.replySteps[id] ?? []", str(message_id)
        )
        return steps


class Visitor(Person):
    """A customer at the widget."""

    def __init__(self, page: Page, desk: str, token: str) -> None:
        super().__init__(page)
        page.goto(f"/widget/{desk}/#token={token}")
        expect(page.locator("#signed-in")).to_be_visible()

    @property
    def log(self) -> Locator:
        """The messages."""
        return self.page.locator("#messages")

    def say(self, text: str) -> None:
        """Write a message; returns when it is stored."""
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")
        mine = self.log.locator(".msg.ours", has_text=text)
        expect(mine).to_have_attribute("data-message", _ANY_ID)
        expect(mine).not_to_have_class("pending")

    def replies(self) -> Locator:
        """What the assistant wrote and is done with."""
        return self.log.locator(".msg.assistant:has([data-caret][hidden])")

    def hears(self, text: str) -> None:
        """Wait until somebody's message shows."""
        expect(self.log.locator(".msg:not(.ours)", has_text=text)).to_be_visible()


class Staff(Person):
    """A member of a desk, signed in through the sign-in page."""

    def __init__(self, page: Page, email: str) -> None:
        super().__init__(page)
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()

    def proves_it_is_her(self) -> None:
        """Give the password again, as before every powerful act."""
        self.page.wait_for_url("**/accounts/reauthenticate/**")
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/accounts/" not in url)

    @property
    def thread(self) -> Locator:
        """The messages of the open conversation."""
        return self.page.get_by_role("log", name="Messages")

    @property
    def panel(self) -> Locator:
        """What the assistant knows."""
        return self.page.get_by_role("complementary", name="What the assistant knows")

    def go_to(self, place: str) -> None:
        """Follow a link of the main navigation."""
        rail = self.page.get_by_role("navigation", name="Main")
        rail.get_by_role("link", name=place, exact=True).click()

    def press(self, button: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=button).click()

    def open_new_conversation(self, customer: str) -> None:
        """Let the new conversations in that wait behind the count, and open one."""
        self.press("1 new")
        expect(self.page.get_by_role("button", name="1 new")).to_be_hidden()
        rows = self.page.locator("a.conv:not([aria-current])", has_text=customer)
        row = rows.first
        conversation = row.get_attribute("data-row")
        row.click()
        shown = self.page.locator(f'.thread[data-conversation="{conversation}"]')
        expect(shown).to_be_visible()

    def sees(self, text: str) -> None:
        """Wait until a customer's message shows in the open conversation."""
        said = self.thread.locator(".msg.customer", has_text=text)
        expect(said).to_be_visible()

    def writes(self, text: str, *, note: bool = False) -> None:
        """Write a reply or a note; returns when it is stored."""
        if note:
            self.page.get_by_role("tab", name="Note").click()
            self.page.get_by_label("Internal note").fill(text)
            self.press("Add note")
        else:
            self.page.get_by_role("tab", name="Reply").click()
            self.page.get_by_label("Reply", exact=True).last.fill(text)
            self.page.get_by_role("button", name="Send").first.click()
        mine = self.thread.locator("[data-message]", has_text=text)
        expect(mine).to_have_attribute("data-message", _ANY_ID)

    def looks_at(self, tab: str) -> Locator:
        """Choose a tab of the memory panel, and return what it shows."""
        self.panel.get_by_role("tab", name=tab).click()
        return self.panel.get_by_role("tabpanel", name=tab)
