"""What every answer tells the browser, and that no page needs an exception from it."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Customer, User
from tests import environment as env
from tests.accounts.test_urls import PROTECTED, filled
from tests.clients import signed_in
from tests.conftest import make_conversation

PAGES = ["/accounts/login/", "/widget/linden/", "/demo/linden-fox/", "/nowhere/"]
# The export is a file that a customer keeps and opens without us: it brings its styles.
TEMPLATES = sorted(
    set((env.ROOT / "templates").rglob("*.html"))
    - {env.ROOT / "templates" / "memory" / "export.html"}
)
_CODE = re.compile(r"^\s*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)


class Inline(HTMLParser):
    """Collects what a strict policy refuses: code and styles within the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.elements = 0
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        given = dict(attrs)
        self._script = tag == "script"
        if tag in {"style", "base", "object", "embed", "applet"}:
            self.found.append(f"<{tag}>")
        if self._script and not given.get("src"):
            self.found.append("<script> without src")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on", "hx-vars", "_")):
                self.found.append(f"<{tag} {name}>")
            if name in {"hx-vals", "hx-headers"} and (value or "").startswith("js:"):
                self.found.append(f"<{tag} {name}=js:>")
            if name in {"href", "src", "action", "formaction", "srcdoc"}:
                if _CODE.match(value or "") or name == "srcdoc":
                    self.found.append(f"<{tag} {name}>")
                if tag != "a" and re.match(r"(https?:)?//", value or ""):
                    self.found.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append("code in <script>")


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<style>x</style>",
        "<p style='x'>",
        "<p onclick='x'>",
        "<p hx-on:click='x'>",
        "<a href=' JavaScript:x'>",
        "<iframe srcdoc='x'>",
        "<img src='//evil.example/x'>",
        "<script src='https://evil.example/x.js'></script>",
        "<base href='/'>",
        "<div hx-vals='js:{}'>",
    ],
)
def test_the_eye_of_these_tests_sees(html: str) -> None:
    assert inline(html)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_code_or_styles(path: Path) -> None:
    assert inline(path.read_text()) == []


def test_no_page_of_the_desk_holds_code_or_styles(
    elena: Customer, ada: User, carla: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    looked_at = 0
    for user in (ada, carla):
        client = signed_in(user)
        for address in PROTECTED:
            url = filled(address, conversation.id, elena.id)
            for headers in ({}, {"HX-Request": "true"}):
                response = client.get(url, headers=headers)
                if not response.get("Content-Type", "").startswith("text/html"):
                    continue
                assert inline(response.content.decode()) == [], url
                looked_at += response.status_code == 200
    assert looked_at > 20


@pytest.mark.parametrize("url", PAGES)
def test_every_page_has_the_strict_headers(elena: Customer, url: str) -> None:
    response = Client().get(url)
    policy = {
        words[0]: words[1:]
        for part in response["Content-Security-Policy"].split(";")
        if (words := part.split())
    }
    assert policy["default-src"] == ["'none'"]
    assert policy["object-src"] == policy["base-uri"] == ["'none'"]
    for name in ("script-src", "style-src", "img-src", "connect-src", "form-action"):
        assert policy[name] == ["'self'"], name
    assert policy["require-trusted-types-for"] == ["'script'"]
    for weak in ("unsafe", "data:", "blob:", "*", "http:", "https:"):
        assert weak not in response["Content-Security-Policy"], weak
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    wanted = "cross-origin" if url.startswith("/widget/") else "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == wanted
    assert inline(response.content.decode()) == []


def test_the_script_for_other_sites_can_be_loaded_by_them(db: None) -> None:
    response = Client().get("/static/js/embed.js")
    assert response.status_code == 200
    assert b"".join(response)
    response.close()
    assert "Cross-Origin-Resource-Policy" not in response
    assert response["X-Content-Type-Options"] == "nosniff"


def test_htmx_evaluates_nothing_and_asks_nobody_else(ada: User) -> None:
    html = signed_in(ada).get("/inbox/").content.decode()
    found = re.search(r"name=\"htmx-config\" content='([^']*)'", html)
    assert found is not None
    config = json.loads(found.group(1))
    assert config["allowEval"] is False
    assert config["allowScriptTags"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["selfRequestsOnly"] is True


def test_nothing_of_ours_makes_code_out_of_text() -> None:
    for path in (env.ROOT / "static" / "js").glob("*.js"):
        text = path.read_text()
        for word in ("eval(", "new Function", "document.write", ".srcdoc"):
            assert word not in text, f"{path.name}: {word}"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b"])
def test_a_host_that_is_not_ours_is_refused(db: None, host: str) -> None:
    response = Client().get("/accounts/login/", headers={"Host": host})
    assert response.status_code == 400
    assert b"evil" not in response.content


_PRODUCTION = """
import json, django
django.setup()
from django.conf import settings as s
from django.test import Client
insecure = Client().get("/accounts/login/", headers={"host": "recollect.example"})
print(json.dumps({
    "names": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME],
    "flags": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
              s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY],
    "sites": [s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE],
    "domains": [s.SESSION_COOKIE_DOMAIN, s.CSRF_COOKIE_DOMAIN],
    "paths": [s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH],
    "insecure": [insecure.status_code, insecure["Location"]],
    "exempt": s.SECURE_REDIRECT_EXEMPT,
}))
"""


def test_behind_https_cookies_are_the_hosts_own_and_http_leads_there() -> None:
    out = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _PRODUCTION],
        cwd=env.ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": "postgres://recollect_app@127.0.0.1:1/recollect",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "ALLOWED_HOSTS": "recollect.example",
            "PUBLIC_URL": "https://recollect.example",
            "DEBUG": "0",
            "DEMO": "0",
        },
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    told = json.loads(out.splitlines()[-1])
    assert told["names"] == ["__Host-sessionid", "__Host-csrftoken"]
    assert told["flags"] == [True] * 4
    assert told["sites"] == ["Lax", "Lax"]
    assert told["domains"] == [None, None]
    assert told["paths"] == ["/", "/"]
    assert told["insecure"] == [301, "https://recollect.example/accounts/login/"]
    # The health check of the container speaks HTTP.
    assert told["exempt"] == ["^healthz$"]
    assert not settings.SESSION_COOKIE_SECURE  # as a test on http needs it
