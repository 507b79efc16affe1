"""What is written becomes HTML that can load nothing and lead nowhere else."""

import re
import time
from html.parser import HTMLParser

import pytest
from django.conf import settings

from accounts.models import Tenant
from chat.models import Message
from chat.rich_text import TAGS, link_hosts, render, rendered

DESK = Tenant(slug="linden", widget_sites=["https://linden.example"])
HOSTS = frozenset({"shop.example", "shop.example:8443"})
HOSTILE = [
    "<script>window.__pwned=1</script>", "<img src=x onerror=alert(1)>",
    "![p](https://evil.example/p.png)", "![p][r]\n\n[r]: https://evil.example/p.png",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))", "[x](data:text/html;base64,PHM+)",
    "[x](vbscript:x)", "[x](//evil.example)", "[x](https://evil.example/?d=secret)",
    "[x](https://shop.example@evil.example/)",
    "[x](https://evil.example\\@shop.example/)",
    "[x](https://shop.example.evil.example/)", "[x](https:shop.example)",
    "[x](https://shop.example:1@evil.example)", "[x](https://\u0455hop.example/)",
    "[x](/accounts/logout/)", "[x](ftp://shop.example/)", "[x](file:///etc/passwd)",
    "[x](https://evil.example \"title\" onclick=1)", "<https://evil.example>",
    "<a href=https://evil.example>x</a>", "<iframe srcdoc=x>", "<svg onload=alert(1)>",
    "<style>*{position:fixed}</style>", "<div style=position:fixed hx-get=/x>x</div>",
    "`<img src=x>`", "```html\n<script>alert(1)</script>\n```", "> <b onclick=x>b</b>",
    "- <math><mtext></mtext></math>", "[a<img src=x>](https://shop.example/)",
    "[x](https://shop.example/\"onmouseover=alert(1))", "**<b>**</b>",
    "[x](mailto:a@evil.example)", "[x](mailto:a@shop.example?bcc=b@evil.example)",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "<!--<script>-->",
    "<![CDATA[<img src=x>]]>",
]  # fmt: skip


class Seen(HTMLParser):
    """Every tag with its attributes, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_nothing_loads_runs_or_leads_elsewhere(text: str) -> None:
    for written in (text, f"Hello {text} there", text * 3, f"- {text}\n- x"):
        for tag, attributes in Seen(render(written, allowed_hosts=HOSTS)).tags:
            assert tag in TAGS
            if tag == "a":
                assert re.match(
                    r"https?://shop\.example(:8443)?(/|$)", attributes["href"] or ""
                )
                assert attributes["rel"] == "noopener noreferrer nofollow"
                assert attributes["target"] == "_blank"
                assert set(attributes) == {"href", "rel", "target"}
            else:
                assert attributes == {}


def test_what_people_format_is_shown_so() -> None:
    text = "**Two** ways, *both* free:\nline\n\n3. a\n4. `b`\n\n- c\n\n> d"
    text += "\n\n```\ne <f>\n```"
    html = render(text, allowed_hosts=HOSTS)
    assert "<strong>Two</strong> ways, <em>both</em> free:<br>\nline" in html
    assert '<ol start="3">' in html
    assert "<code>b</code>" in html
    assert "<blockquote>" in html
    assert "<pre><code>e &lt;f&gt;\n</code></pre>" in html


def test_what_only_looks_like_formatting_stays_as_written() -> None:
    text = "# 5 is ready\n---\nAT&amp;T <b> a_b_c\n    four spaces"
    html = render(text, allowed_hosts=HOSTS)
    assert {tag for tag, _ in Seen(html).tags} == {"p", "br"}
    assert "# 5 is ready" in html
    assert "AT&amp;amp;T &lt;b&gt; a_b_c" in html


def test_links_lead_to_the_desks_own_places_and_others_show_their_address() -> None:
    html = render(
        "[a](https://shop.example/x?y=1) [b](https://shop.example:8443/) "
        "[c](mailto:help@shop.example) [d](https://evil.example/z)",
        allowed_hosts=HOSTS,
    )
    assert [a["href"] for tag, a in Seen(html).tags if tag == "a"] == [
        "https://shop.example/x?y=1", "https://shop.example:8443/",
        "mailto:help@shop.example",
    ]  # fmt: skip
    assert "d (https://evil.example/z)" in html


def test_our_own_host_and_the_sites_of_the_desk_may_be_linked() -> None:
    ours = settings.PUBLIC_URL.removeprefix("http://")
    assert link_hosts(DESK) == {ours, "linden.example"}


@pytest.mark.parametrize(
    "text",
    ["[" * 8_000, "*a " * 4_000, "![[" * 2_500, "[a](" * 2_000, "`x" * 6_000,
     "<" * 12_000, "> " * 6_000, "- " * 6_000, "*_" * 6_000, "x" * 400_000],
)  # fmt: skip
def test_no_text_takes_long_to_render(text: str) -> None:
    started = time.perf_counter()
    render(text, allowed_hosts=HOSTS)
    assert time.perf_counter() - started < 2


def test_very_long_text_is_shown_as_it_is() -> None:
    html = render("<b>**x**</b>\n" * 2_000, allowed_hosts=HOSTS)
    assert "&lt;b&gt;**x**&lt;/b&gt;" in html
    assert {tag for tag, _ in Seen(html).tags} <= {"p", "br"}


def test_only_whole_replies_are_rich() -> None:
    for author in ("assistant", "agent"):
        assert (
            rendered(Message(tenant=DESK, author=author, text="**a**"))
            == "<p><strong>a</strong></p>"
        )
        assert (
            rendered(Message(tenant=DESK, author=author, text="a", status="streaming"))
            is None
        )
        assert (
            rendered(Message(tenant=DESK, author=author, text="a", is_note=True))
            is None
        )
    for author in ("customer", "system", "tool"):
        assert rendered(Message(tenant=DESK, author=author, text="**a**")) is None
