"""Which pages may show a desk's widget in a frame."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django.fixtures import Settings

from chat import sites


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" https://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_a_site_is_kept_as_browsers_write_it(written: str, origin: str) -> None:
    assert sites.origin_of(written) == origin


@pytest.mark.parametrize(
    "written",
    [
        "",
        "shop.example",
        "//shop.example",
        "http://shop.example",
        "ftp://shop.example",
        "null",
        "*",
        "https:",
        "https://*",
        "https://*.shop.example",
        "https://shop.example/page",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://user@shop.example",
        "https://shop.example.",
        "https://.shop.example",
        "https://shop..example",
        "https://-shop.example",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:x",
        "https://shop.example; script-src *",
        "https://shop.example, https://evil.example",
        "https://shop.example https://evil.example",
        "https://shop.example\n'self'",
        "https://shop.example'",
        "https://münchen.example",
        "data:text/html,x",
    ],
)
def test_anything_else_is_no_site(written: str) -> None:
    with pytest.raises(ValidationError):
        sites.origin_of(written)


def test_sites_stand_on_lines_and_each_counts_once() -> None:
    text = "https://b.example\n\n https://a.example/\r\nhttps://B.example:443\n"
    assert sites.origins_of(text) == ["https://b.example", "https://a.example"]
    with pytest.raises(ValidationError, match="up to 20"):
        sites.origins_of("\n".join(f"https://s{n}.example" for n in range(21)))


def test_nobody_frames_a_widget_whose_desk_has_named_no_site(
    settings: Settings,
) -> None:
    settings.DEMO = False
    assert sites.frame_ancestors([]) == ["'none'"]
    assert sites.frame_ancestors(["https://a.example"]) == ["https://a.example"]
    settings.DEMO = True
    assert sites.frame_ancestors([]) == ["'self'"]
