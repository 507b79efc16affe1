"""Signing in: limits that cannot be talked round, sessions that end, second factors."""

import re
import time
from typing import Any

import pytest
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.apps import apps
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, Invitation, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from config.demo import children
from tests.accounts.people import PASSWORD, is_signed_in, sign_in, with_password
from tests.clients import signed_in
from tests.conftest import as_superuser
from tests.environment import ROOT

pytestmark = pytest.mark.usefixtures("rows")


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared with a stored one, or with none."""
    guesses: list[str] = []
    real = Argon2PasswordHasher.verify

    def verify(self: Argon2PasswordHasher, password: str, encoded: str) -> bool:
        guesses.append(password)
        return real(self, password, encoded)

    monkeypatch.setattr(Argon2PasswordHasher, "verify", verify)
    return guesses


# --- Limits --------------------------------------------------------------------------


def test_of_hundreds_of_guesses_five_are_evaluated_whatever_they_forward(
    alice: User, evaluated: list[str]
) -> None:
    with_password(alice)
    for number in range(200):
        sign_in(
            Client(),
            alice,
            f"guess {number}",
            headers={"X-Forwarded-For": f"198.51.{number // 256}.{number % 256}"},
        )
    assert evaluated == [f"guess {number}" for number in range(5)]
    browser = Client()
    sign_in(browser, alice)
    assert not is_signed_in(browser, alice)


def test_one_address_guesses_ten_times_a_minute_over_all_accounts(
    desk: Tenant, alice: User, bob: User, ada: User, evaluated: list[str]
) -> None:
    users = [with_password(user) for user in (alice, bob, ada)]
    for number in range(24):
        user = users[number % 3]
        address = f"192.0.2.{number}"
        spoofed = {"X-Forwarded-For": address, "X-Real-IP": address}
        sign_in(Client(), user, "guess", headers=spoofed)
    assert len(evaluated) == 10


def test_behind_one_trusted_proxy_clients_are_told_apart_but_not_believed(
    alice: User, bob: User, evaluated: list[str], settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for user in (alice, bob):
        with_password(user)
    for number in range(24):
        # What the client wrote comes first, what the proxy saw last.
        sign_in(
            Client(),
            (alice, bob)[number % 2],
            "guess",
            headers={"X-Forwarded-For": f"192.0.2.{number}, 203.0.113.9"},
        )
    assert len(evaluated) == 10
    browser = Client()
    sign_in(browser, with_password(bob, "x" * 20), "x" * 20)
    assert not is_signed_in(browser, bob)


def test_the_web_server_itself_believes_no_forwarded_address() -> None:
    [web] = [child for child in children(ROOT, ROOT, 1) if child.name == "web"]
    assert "--no-proxy-headers" in web.command
    assert "--no-proxy-headers" in (ROOT / "Dockerfile").read_text()


def test_codes_of_the_second_step_are_limited(alice: User) -> None:
    secret = with_app(alice)
    browser = Client()
    sign_in(browser, alice)
    texts = [
        browser.post("/accounts/login/code/", {"code": "000000"}).text for _ in range(8)
    ]
    assert "Incorrect code" in texts[0]
    assert "Too many failed" in texts[-1]
    # Not even the right one any more.
    browser.post("/accounts/login/code/", {"code": code(secret)})
    assert not is_signed_in(browser, alice)


def test_proving_who_one_is_and_changing_the_password_are_limited(
    alice: User, evaluated: list[str]
) -> None:
    with_password(alice)
    browser = signed_in(alice)
    for _ in range(12):
        browser.post("/accounts/reauthenticate/", {"password": "guess"})
    assert len(evaluated) == 5
    evaluated.clear()
    change = {"oldpassword": "guess", "password1": "n" * 12, "password2": "n" * 12}
    answers = [
        browser.post("/accounts/password/change/", change).status_code
        for _ in range(12)
    ]
    assert len(evaluated) == 5
    assert answers[-1] == 429


def test_without_redis_nobody_is_let_in_and_a_page_says_so(
    alice: User, evaluated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password(alice)
    inside = signed_in(alice)
    monkeypatch.setattr(caches["default"], "_servers", ["redis://127.0.0.1:1/0"])
    monkeypatch.delattr(caches["default"], "_cache", raising=False)
    browser = Client()
    refused = sign_in(browser, alice)
    assert refused.status_code == 503
    assert "Signing in has to wait" in refused.text
    assert not evaluated
    again = inside.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert again.status_code == 503
    assert Client().post("/accounts/sso/", {"login": "x@y.example"}).status_code == 503
    assert Client().get("/accounts/invitation/x/").status_code in {410, 503}
    assert inside.get("/inbox/").status_code == 200
    del caches["default"]


def test_djangos_admin_is_not_there() -> None:
    assert not apps.is_installed("django.contrib.admin")
    for path in ("/admin/", "/admin/login/"):
        answer = Client().get(path)
        assert answer.status_code == 404
        assert answer.content == Client().get("/no-such-page/").content


# --- Sessions ------------------------------------------------------------------------


def test_signing_in_changes_the_session_and_the_old_key_opens_nothing(
    alice: User,
) -> None:
    with_password(alice)
    browser = Client()
    session = browser.session
    session["planted"] = "by an attacker"
    session.save()
    before = session.session_key or ""
    browser.cookies["sessionid"] = before
    sign_in(browser, alice)
    after = browser.cookies["sessionid"].value
    assert after != before
    assert not Session.objects.filter(session_key=before).exists()
    assert browser.cookies["sessionid"]["max-age"] == 12 * 60 * 60
    assert browser.cookies["sessionid"]["httponly"]


def test_another_password_ends_every_other_session_and_renews_this_one(
    alice: User,
) -> None:
    with_password(alice)
    here, there = Client(), Client()
    for browser in (here, there):
        sign_in(browser, alice)
    before = here.cookies["sessionid"].value
    page = here.get("/accounts/password/change/")
    assert page.status_code in {200, 302}
    prove(here)
    new = "another long password"
    changed = here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert changed.status_code == 302, changed.text
    assert is_signed_in(here, alice)
    assert here.cookies["sessionid"].value != before
    assert not is_signed_in(there, alice)


def prove(browser: Client, password: str = PASSWORD) -> None:
    browser.post("/accounts/reauthenticate/", {"password": password})


def test_the_list_of_sessions_shows_ones_own_and_ends_the_others(
    alice: User, bob: User
) -> None:
    browsers = []
    for user, agent in ((alice, "Firefox"), (alice, "Safari"), (bob, "Opera")):
        browser = Client(headers={"User-Agent": agent})
        sign_in(browser, with_password(user) if agent != "Safari" else user)
        browsers.append(browser)
    mine, other, bobs = browsers
    page = mine.get("/accounts/security/sessions/").text
    assert "Firefox" in page
    assert "Safari" in page
    assert "Opera" not in page
    mine.post("/accounts/security/sessions/")
    assert is_signed_in(mine, alice)
    assert not is_signed_in(other, alice)
    assert is_signed_in(bobs, bob)


@pytest.mark.parametrize(
    "page",
    [
        *("login/", "logout/", "reauthenticate/", "password/change/", "security/"),
        *("security/app/", "security/passkeys/add/", "security/sessions/"),
    ],
)
def test_pages_about_a_login_are_not_kept_and_run_no_inline_script(
    alice: User, page: str
) -> None:
    with_password(alice)
    browser = Client() if page == "login/" else signed_in(alice)
    shown = browser.get(f"/accounts/{page}")
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    assert "script-src 'self';" in shown["Content-Security-Policy"] + ";"
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=", shown.text)


# --- Second factors ------------------------------------------------------------------


def with_app(user: User) -> str:
    """Give a user a password and an authenticator app; return its key."""
    with_password(user)
    browser = signed_in(user)
    page = browser.get("/accounts/security/app/").text
    [secret] = re.findall(r"secret\">(\w+)<", page)
    turned_on = browser.post("/accounts/security/app/", {"code": code(secret)})
    assert turned_on["Location"] == "/accounts/security/codes/"
    return str(secret)


def code(secret: str, steps_later: int = 0) -> str:
    step = int(time.time()) // 30 + steps_later
    return str(format_hotp_value(hotp_value(secret, step)))


def test_with_an_app_the_password_is_only_half_of_it(alice: User) -> None:
    secret = with_app(alice)
    browser = Client()
    answer = sign_in(browser, alice)
    assert answer["Location"] == "/accounts/login/code/"
    assert not is_signed_in(browser, alice)
    page = browser.get("/accounts/login/code/").text
    assert "Second step" in page
    browser.post("/accounts/login/code/", {"code": code(secret)})
    assert is_signed_in(browser, alice)
    # The same code a second time is a stolen one.
    thief = Client()
    sign_in(thief, alice)
    thief.post("/accounts/login/code/", {"code": code(secret)})
    assert not is_signed_in(thief, alice)


def test_a_recovery_code_signs_in_once_and_codes_are_shown_once(alice: User) -> None:
    with_password(alice)
    browser = signed_in(alice)
    page = browser.get("/accounts/security/app/").text
    [secret] = re.findall(r"secret\">(\w+)<", page)
    browser.post("/accounts/security/app/", {"code": code(secret)})
    shown = re.findall(
        r"<li>(\d{8})</li>", browser.get("/accounts/security/codes/").text
    )
    assert len(shown) == 10
    assert shown[0] not in browser.get("/accounts/security/codes/").text
    for expected in (True, False):
        thief = Client()
        sign_in(thief, alice)
        thief.post("/accounts/login/code/", {"code": shown[0]})
        assert is_signed_in(thief, alice) is expected


def test_secrets_of_second_factors_are_encrypted_at_rest(alice: User) -> None:
    secret = with_app(alice)
    with connection.cursor() as cursor, identity_scope():
        cursor.execute("select string_agg(data::text, ' ') from mfa_authenticator")
        [stored] = cursor.fetchone()
    assert secret not in stored
    assert stored.count("gAAAA") == 2


def test_second_factors_are_seen_in_their_tenants_scope_only(
    alice: User, charlie: User
) -> None:
    with_app(alice)
    with tenant_scope(alice.tenant_id):
        assert Authenticator.objects.count() == 2
    with tenant_scope(charlie.tenant_id):
        assert Authenticator.objects.count() == 0
    assert Authenticator.objects.count() == 0


def test_powerful_roles_need_a_second_factor_where_that_is_the_rule(
    ada: User, settings: Any
) -> None:
    settings.REQUIRE_MFA_FOR_POWERFUL = True
    with_password(ada)
    browser = signed_in(ada)
    invite = {"email": "new@linden.example", "role": "agent"}
    refused = browser.post("/settings/users/invite/", invite)
    assert refused["Location"].startswith("/accounts/security/?next=")
    assert "second factor" in browser.get("/accounts/security/").text
    with tenant_scope(ada.tenant_id):
        assert not Invitation.objects.exists()
    with_app(ada)
    answer = signed_in(ada).post("/settings/users/invite/", invite)
    assert answer["Location"] == "/settings/users/"


# --- Proving again who one is ---------------------------------------------------------


def test_a_powerful_act_waits_for_the_password_and_then_happens_once(
    live_db: None, ada: User, bob: User
) -> None:
    with_password(ada)
    browser = Client(enforce_csrf_checks=True)
    form = browser.get("/accounts/login/")
    token = csrf(form.text)
    browser.post(
        "/accounts/login/",
        {"login": ada.email, "password": PASSWORD, "csrfmiddlewaretoken": token},
    )
    page = browser.get(f"/settings/users/{bob.pk}/")
    act = {"reason": "left us", "csrfmiddlewaretoken": csrf(page.text)}
    asked = browser.post(f"/settings/users/{bob.pk}/suspend/", act)
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    assert active(bob)
    question = browser.get(asked["Location"])
    assert "Is it you?" in question.text
    given = {
        "password": PASSWORD,
        "next": f"/settings/users/{bob.pk}/suspend/",
        "csrfmiddlewaretoken": csrf(question.text),
    }
    wrong = browser.post("/accounts/reauthenticate/", given | {"password": "wrong"})
    assert wrong.status_code == 200
    assert active(bob)
    done = browser.post("/accounts/reauthenticate/", given)
    assert done["Location"] == f"/settings/users/{bob.pk}/"
    assert not active(bob)
    assert STATE_SESSION_KEY not in browser.session
    # Once more the same question: nothing waits any longer.
    browser.post("/accounts/reauthenticate/", given)
    with tenant_scope(ada.tenant_id):
        acts = AuditEvent.objects.filter(action="user.suspended")
        assert acts.count() == 1
    assert "is suspended" in browser.get(done["Location"]).text


def csrf(page: str) -> str:
    return str(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0])


def active(user: User) -> bool:
    with as_superuser() as admin:
        rows = admin.execute(
            "select is_active from accounts_user where id = %s", [user.pk]
        )
        return bool(rows.fetchall()[0][0])


def test_a_code_proves_it_too(live_db: None, ada: User, bob: User) -> None:
    secret = with_app(ada)
    browser = signed_in(ada, minutes_ago=6)
    url = f"/settings/users/{bob.pk}/suspend/"
    assert browser.post(url, {"reason": "left"}).status_code == 302
    page = browser.get("/accounts/reauthenticate/code/").text
    assert "Is it you?" in page
    done = browser.post(
        "/accounts/reauthenticate/code/", {"code": code(secret, 1), "next": url}
    )
    assert done["Location"] == f"/settings/users/{bob.pk}/"
    assert not active(bob)


def test_whoever_can_prove_nothing_here_has_to_sign_in_again(ada: User) -> None:
    invite = {"email": "new@linden.example", "role": "agent"}
    stale = signed_in(ada, minutes_ago=6)
    asked = stale.post("/settings/users/invite/", invite)
    assert asked["Location"] == "/accounts/login/?next=%2F"
    fragment = stale.post(
        "/settings/users/invite/",
        invite,
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?q=1"},
    )
    assert fragment["HX-Redirect"] == "/accounts/login/?next=%2Fx%2F"
    with tenant_scope(ada.tenant_id):
        assert not Invitation.objects.exists()
    fresh = signed_in(ada)
    answer = fresh.post("/settings/users/invite/", invite)
    assert answer["Location"] == "/settings/users/"


def test_whoever_has_no_password_is_led_away_from_changing_it(ada: User) -> None:
    answer = signed_in(ada).get("/accounts/password/change/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/security/")
