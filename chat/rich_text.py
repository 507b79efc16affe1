"""Turns what the assistant and agents write into safe HTML; stored text stays as it is.

A small Markdown: paragraphs, emphasis, lists, code, quotes and links. Nothing in it can
load anything: there are no images, and a link leads only to the desk's own places. The
parser makes no other tags, and a sanitiser that knows nothing of the parser goes over
its output. What customers write is plain text and never comes here.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from accounts.models import Tenant
from chat.models import Message

TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "ul", "ol", "li", "code", "pre", "blockquote", "a"}
)
_WRITERS: Final = frozenset({Message.Author.ASSISTANT, Message.Author.AGENT})
# The parser's time grows faster than the text does; what is longer is shown as it is.
_MAX_CHARS = 12_000
_RULES: Final = (
    "list", "blockquote", "fence", "backticks", "emphasis", "link", "newline", "escape",
)  # fmt: skip
# What a browser reads differently than we do (backslashes, spaces, a user's name before
# the host) is not taken apart, it is no link.
_WEB: Final = re.compile(r"https?://([a-z0-9.-]+(?::\d{1,5})?)(?:[/?#][!-\[\]-~]*)?\Z")
_MAIL: Final = re.compile(r"mailto:[a-z0-9._+-]+@([a-z0-9.-]+)\Z")


def link_hosts(tenant: Tenant) -> frozenset[str]:
    """Return the hosts that a desk's replies may link to: our own and its sites."""
    places = [settings.PUBLIC_URL, *tenant.widget_sites]
    return frozenset(urlsplit(place).netloc.lower() for place in places)


def render(text: str, *, allowed_hosts: frozenset[str]) -> SafeString:
    """Return a text as HTML that is safe to show.

    Args:
        text: What was written.
        allowed_hosts: Where a link may lead, in lower case, with the port if it is not
            the scheme's own. Any other link is shown as words with its address.
    """
    if len(text) > _MAX_CHARS:
        return mark_safe(_clean(linebreaks(escape(text)), allowed_hosts))  # noqa: S308 - sanitised here
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.children:
            token.children = list(_with_safe_links(token.children, allowed_hosts))
    html = parser.renderer.render(tokens, parser.options, {})
    return mark_safe(_clean(html, allowed_hosts).strip())  # noqa: S308 - sanitised here


def may_link(href: str, allowed_hosts: frozenset[str]) -> bool:
    """Return whether a link may lead there."""
    low = href.lower()
    found = _WEB.match(low) or _MAIL.match(low)
    return found is not None and found[1] in allowed_hosts


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "breaks": True, "maxNesting": 12}
    return MarkdownIt("zero", options).enable(list(_RULES))


def _with_safe_links(
    tokens: Sequence[Token], allowed_hosts: frozenset[str]
) -> Iterator[Token]:
    """Replace links that lead elsewhere by their words and their address."""
    shown_href = ""
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            shown_href = "" if may_link(href, allowed_hosts) else href
            if shown_href:
                continue
            token.attrs = {"href": href}
        elif token.type == "link_close" and shown_href:
            yield Token("text", "", 0, content=f" ({shown_href})")
            shown_href = ""
            continue
        yield token


def _clean(html: str, allowed_hosts: frozenset[str]) -> str:
    def kept(tag: str, name: str, value: str) -> str | None:
        match name:
            case "href":
                return value if may_link(value, allowed_hosts) else None
            case "start":
                return value if value.isdecimal() else None
        # What the sanitiser itself sets: `rel` and `target`.
        return value

    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def rendered(message: Message) -> str | None:
    """Return a message, with its tenant loaded, as HTML; None for plain text.

    Customers, notes and system lines are; so is a reply that is still being written,
    whose pieces are added to what is shown.
    """
    whole = message.status != Message.Status.STREAMING and not message.is_note
    if not whole or message.author not in _WRITERS:
        return None
    return render(message.text, allowed_hosts=link_hosts(message.tenant))
