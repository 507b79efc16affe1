"""Single sign-on through a scripted provider: each desk's own, for its own staff."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import staff
from accounts.models import SingleSignOn, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from tests.accounts.people import PASSWORD, is_signed_in, sign_in, with_password
from tests.clients import signed_in
from tests.conftest import as_superuser
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, rsa_key

pytestmark = pytest.mark.usefixtures("live_db")


def connect(desk: Tenant, provider: Provider, **options: Any) -> None:
    with tenant_scope(desk.id):
        SingleSignOn.objects.create(
            tenant=desk,
            issuer=provider.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            domains=options.pop("domains", [f"{desk.slug}.example"]),
            **options,
        )


@pytest.fixture
def provider(desk: Tenant) -> Iterator[Provider]:
    """The desk's provider, at which Alice sits."""
    person = {"sub": "a1", "email": "alice@linden.example", "email_verified": True}
    with Provider(person) as provider:
        yield provider


def through(browser: Client, slug: str = "linden", **query: str) -> Any:
    """Go to the provider and back, as a browser does."""
    away = browser.get(f"/accounts/sso/{slug}/", query)
    assert away.status_code == 302, away.content.decode()
    back = httpx.get(away["Location"])
    returned: Any = urlsplit(back.headers["Location"])
    return browser.get(f"{returned.path}?{returned.query}")


def test_an_address_of_the_desk_leads_to_its_provider_and_signs_in(
    desk: Tenant, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    browser = Client()
    page = browser.post("/accounts/sso/", {"login": "Alice@Linden.Example"}).text
    assert 'content="0; url=/accounts/sso/linden/"' in page
    done = through(browser, next="/customers/")
    assert done["Location"] == "/customers/"
    assert is_signed_in(browser, alice)
    [asked] = provider.asked
    assert asked["code_challenge_method"] == "S256"
    assert "openid" in asked["scope"]
    with identity_scope():
        [account] = SocialAccount.objects.all()
        assert (account.user, account.provider, account.uid) == (alice, "linden", "a1")
        assert account.extra_data == {}
        assert not SocialApp.objects.exists()


def test_an_address_elsewhere_leads_nowhere(desk: Tenant, provider: Provider) -> None:
    connect(desk, provider)
    for login in ("x@elsewhere.example", "x@evil.linden.example", "nonsense"):
        response = Client().post("/accounts/sso/", {"login": login})
        assert response.status_code == 422
        assert "linden/" not in response.text
    for slug in ("harbour", "openid_connect", "nobody"):
        assert Client().get(f"/accounts/sso/{slug}/").status_code == 404
        assert Client().get(f"/accounts/sso/{slug}/callback/").status_code == 404


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@linden.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": ""},
    ],
)
def test_the_provider_has_to_vouch_for_somebody_who_works_here(
    desk: Tenant, alice: User, provider: Provider, claims: dict[str, Any]
) -> None:
    connect(desk, provider)
    provider.person |= claims
    browser = Client()
    refused = through(browser)
    assert refused.status_code == 403
    assert "You are not signed in" in refused.text
    assert not is_signed_in(browser, alice)
    with identity_scope():
        assert User.objects.count() == 1
        assert not SocialAccount.objects.exists()


def test_a_provider_never_signs_in_another_desks_user(
    desk: Tenant, other_desk: Tenant, charlie: User, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    with Provider({"sub": "c1", "email": charlie.email, "email_verified": True}) as own:
        connect(other_desk, own)
        # Her own provider does; it links her.
        assert through(Client(), "harbour").status_code == 302
    # The other desk's provider claims her address, and then her very subject.
    provider.person |= {"email": charlie.email}
    for subject in ("a1", "c1"):
        provider.person["sub"] = subject
        browser = Client()
        assert through(browser).status_code == 403
        assert not is_signed_in(browser, charlie)
    # What one provider answered is of no use at the other desk's callback.
    browser = Client()
    away = browser.get("/accounts/sso/linden/")
    query = urlsplit(httpx.get(away["Location"]).headers["Location"]).query
    assert browser.get(f"/accounts/sso/harbour/callback/?{query}").status_code == 403
    assert not is_signed_in(browser, charlie)


def test_a_link_that_points_at_another_desk_opens_nothing(
    desk: Tenant, alice: User, charlie: User, provider: Provider
) -> None:
    connect(desk, provider)
    with identity_scope():
        SocialAccount.objects.create(user=charlie, provider="linden", uid="a1")
    browser = Client()
    assert through(browser).status_code == 403
    assert not is_signed_in(browser, charlie)


def test_a_suspended_user_is_not_let_in(
    desk: Tenant, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    through(Client())
    with identity_scope():
        User.objects.filter(pk=alice.pk).update(is_active=False)
    browser = Client()
    assert through(browser).status_code == 403
    assert not is_signed_in(browser, alice)


def test_a_token_is_worth_its_signature_issuer_audience_time_and_subject(
    desk: Tenant, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}, {"sub": "b"},
    ]  # fmt: skip
    for provider.token_claims in wrong:
        assert through(Client()).status_code == 403, provider.token_claims
    provider.token_claims = {}
    provider.signing_key = rsa_key("another")
    assert through(Client()).status_code == 403
    provider.signing_key = None
    assert through(Client()).status_code == 302


def test_another_browsers_answer_is_refused(
    desk: Tenant, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    away = Client().get("/accounts/sso/linden/")
    back = urlsplit(httpx.get(away["Location"]).headers["Location"])
    victim = Client()
    assert victim.get(f"{back.path}?{back.query}").status_code == 403
    assert not is_signed_in(victim, alice)


def test_a_provider_that_is_away_or_names_another_issuer_signs_nobody_in(
    desk: Tenant, alice: User, provider: Provider
) -> None:
    connect(desk, provider)
    provider.named_issuer = "https://evil.example"
    assert Client().get("/accounts/sso/linden/").status_code == 503
    with identity_scope():
        SingleSignOn.objects.update(issuer="http://127.0.0.1:1")
    assert Client().get("/accounts/sso/linden/").status_code == 503


def test_no_transaction_is_open_while_the_provider_is_asked(
    desk: Tenant, alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(desk, provider)
    open_then: list[bool] = []
    for name in ("discovery", "token", "jwks"):
        answer = getattr(provider, name)

        def look(*args: Any, answer: Any = answer) -> Any:
            with as_superuser() as admin:
                [(count,)] = admin.execute(
                    "select count(*) from pg_stat_activity where datname ="
                    " current_database() and state = 'idle in transaction'"
                ).fetchall()
            open_then.append(bool(count))
            return answer(*args)

        monkeypatch.setattr(provider, name, look)
    assert through(Client()).status_code == 302
    assert len(open_then) >= 3
    assert not any(open_then)


# --- Enforced ------------------------------------------------------------------------


def test_where_it_is_enforced_a_password_opens_nothing_but_for_admins(
    desk: Tenant, alice: User, ada: User, provider: Provider
) -> None:
    connect(desk, provider, enforced=True)
    for user, gets_in in ((alice, False), (ada, True)):
        with_password(user)
        browser = Client()
        sign_in(browser, user)
        assert is_signed_in(browser, user) is gets_in
    browser = Client()
    through(browser)
    assert is_signed_in(browser, alice)


def test_without_password_here_a_powerful_act_leads_to_the_provider_again(
    desk: Tenant, ada: User, provider: Provider
) -> None:
    connect(desk, provider)
    provider.person["email"] = ada.email
    invite = {"email": "new@linden.example", "role": "agent"}
    browser = Client()
    through(browser)
    # Fresh from the provider: no more questions.
    url = "/settings/users/invite/"
    assert browser.post(url, invite)["Location"] == "/settings/users/"
    stale = signed_in(ada, minutes_ago=6)
    asked = stale.post(url, invite, headers={"Referer": "http://testserver/settings/"})
    assert asked["Location"] == "/accounts/sso/linden/?next=%2Fsettings%2F"
    through(stale, next="/settings/")
    assert provider.asked[-1]["prompt"] == "login"
    assert stale.post(url, invite)["Location"] == "/settings/users/"
    # Nor may such a session add a second factor of its own.
    old = signed_in(ada, minutes_ago=6)
    away = old.get("/accounts/security/app/")["Location"]
    assert away.startswith("/accounts/sso/linden/")


# --- At rest, and the command ---------------------------------------------------------


def test_the_secret_is_encrypted_and_the_row_is_the_tenants(
    desk: Tenant, other_desk: Tenant, provider: Provider, monkeypatch: Any
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", CLIENT_SECRET)
    options = {
        "tenant": "linden",
        "issuer": f"{provider.issuer}/",
        "client_id": CLIENT_ID,
        "domain": ["Linden.example"],
    }
    call_command("single_sign_on", **options)
    call_command("single_sign_on", **options, enforce=True)
    with as_superuser() as admin:
        [(secret,)] = admin.execute(
            "select client_secret from accounts_singlesignon"
        ).fetchall()
    assert CLIENT_SECRET not in str(secret)
    with tenant_scope(desk.id):
        row = SingleSignOn.objects.get()
        assert (row.issuer, row.domains) == (provider.issuer, ["linden.example"])
        assert row.enforced
        assert row.client_secret == CLIENT_SECRET
    with tenant_scope(other_desk.id):
        assert not SingleSignOn.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from accounts_singlesignon")
            assert cursor.fetchone() == (0,)
    with pytest.raises(CommandError, match="another tenant"):
        call_command("single_sign_on", **options | {"tenant": "harbour"})
    call_command("single_sign_on", tenant="linden", remove=True)
    assert Client().get("/accounts/sso/linden/").status_code == 404


def test_the_command_says_what_is_missing(desk: Tenant, settings: Any) -> None:
    with pytest.raises(CommandError, match="no tenant"):
        call_command("single_sign_on", tenant="nobody")
    with pytest.raises(CommandError, match="--issuer"):
        call_command("single_sign_on", tenant="linden")


def test_somebody_invited_may_join_through_the_provider(
    desk: Tenant, ada: User, provider: Provider
) -> None:
    connect(desk, provider, enforced=True)
    with tenant_scope(desk.id):
        invitation = staff.invite(
            email="nia@linden.example", role=User.Role.AGENT, by=ada
        )
    url = f"/accounts/invitation/{staff.invitation_token(invitation)}/"
    browser = Client()
    assert 'name="password"' not in browser.get(url).text
    page = browser.post(url, {"name": "Nia", "password": PASSWORD}).text
    assert "/accounts/sso/linden/" in page
    provider.person = {"sub": "n", "email": "nia@linden.example", "email_verified": 1}
    assert through(browser).status_code == 403
    provider.person["email_verified"] = True
    assert through(browser).status_code == 302
    with identity_scope():
        nia = User.objects.get(email="nia@linden.example")
    assert not nia.has_usable_password()
    assert is_signed_in(browser, nia)
