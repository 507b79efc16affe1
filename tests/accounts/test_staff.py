"""Who works at a desk: invitations, roles, suspension, and the page for them."""

import re
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import staff
from accounts.models import AuditEvent, Invitation, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from accounts.tasks import send_invitation
from tests.accounts.people import PASSWORD, is_signed_in, sign_in
from tests.clients import signed_in
from tests.conftest import make_user

pytestmark = pytest.mark.usefixtures("live_db")

NEW = "nia@linden.example"
USERS = "/settings/users/"


def invited(by: User, email: str = NEW, role: str = User.Role.AGENT) -> Invitation:
    with tenant_scope(by.tenant_id):
        return staff.invite(email=email, role=role, by=by)


def link(invitation: Invitation) -> str:
    return f"/accounts/invitation/{staff.invitation_token(invitation)}/"


def accept(url: str, **given: str) -> Any:
    return Client().post(url, {"name": "Nia", "password": PASSWORD, **given})


def user_named(email: str) -> User | None:
    with identity_scope():
        return User.objects.filter(email=email).first()


def recorded(tenant: Tenant) -> list[str]:
    with tenant_scope(tenant.id):
        return [event.action for event in AuditEvent.objects.order_by("seq")]


# --- Invitations ---------------------------------------------------------------------


def test_an_invitation_is_mailed_shown_once_and_becomes_a_login(
    desk: Tenant, ada: User
) -> None:
    admin = signed_in(ada)
    admin.post(f"{USERS}invite/", {"email": "Nia@Linden.example", "role": "compliance"})
    page = admin.get(USERS).text
    [url] = re.findall(r'value="http://testserver(/accounts/invitation/[^"]+)"', page)
    assert "/accounts/invitation/" not in admin.get(USERS).text
    with tenant_scope(desk.id):
        invitation = Invitation.objects.get()
    send_invitation(tenant_id=str(desk.id), invitation_id=str(invitation.id))
    [sent] = mail.outbox
    assert sent.to == [NEW]
    assert url in sent.body
    # Nothing that opens it is stored.
    with tenant_scope(desk.id), connection.cursor() as cursor:
        cursor.execute("select row_to_json(i)::text from accounts_invitation i")
        assert url.split(".")[-1].rstrip("/") not in cursor.fetchone()[0]

    form = Client().get(url)
    assert "Join Linden" in form.text
    assert "no-store" in form["Cache-Control"]
    assert accept(url)["Location"] == "/accounts/login/"
    nia = user_named(NEW)
    assert nia is not None
    assert (nia.tenant_id, nia.role, nia.name) == (desk.id, "compliance", "Nia")
    browser = Client()
    sign_in(browser, nia)
    assert is_signed_in(browser, nia)
    # The link works once.
    assert accept(url, password="another password").status_code == 410
    assert recorded(desk) == ["invitation.created", "invitation.accepted"]


def test_a_link_that_was_cancelled_forged_or_is_three_days_old_opens_nothing(
    desk: Tenant, ada: User
) -> None:
    cancelled, old, forged = (
        invited(ada, f"{name}@linden.example") for name in ("a", "b", "c")
    )
    signed_in(ada).post(
        f"{USERS}invitations/{cancelled.id}/cancel/", {"reason": "a mistake"}
    )
    with tenant_scope(desk.id):
        Invitation.objects.filter(pk=old.id).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
    ids, _, signature = staff.invitation_token(forged).rpartition(".")
    other = ids.replace(forged.id.hex, cancelled.id.hex)
    urls = [link(cancelled), link(old)] + [
        f"/accounts/invitation/{token}/"
        for token in (
            f"{ids}.x{signature[1:]}",
            f"{other}.{signature}",
            ids,
            "x",
            "%00",
        )
    ]
    for url in urls:
        assert Client().get(url).status_code in {404, 410}, url
        assert accept(url).status_code in {404, 410}, url
    with identity_scope():
        assert User.objects.count() == 1
    with tenant_scope(desk.id):
        assert forged.expires_at - timezone.now() > timedelta(hours=71)


def test_two_who_accept_at_once_make_one_login(desk: Tenant, ada: User) -> None:
    url = link(invited(ada))
    statuses: list[int] = []

    def go(name: str) -> None:
        statuses.append(accept(url, name=name).status_code)
        connection.close()

    threads = [threading.Thread(target=go, args=(f"Nia {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(statuses) == 302
    assert statuses.count(302) == 1


def test_an_invitation_that_is_cancelled_while_it_is_accepted_makes_no_login(
    desk: Tenant, ada: User
) -> None:
    invitation = invited(ada)
    statuses: list[int] = []

    def go() -> None:
        statuses.append(accept(link(invitation)).status_code)
        connection.close()

    hers = threading.Thread(target=go)
    with tenant_scope(desk.id):
        staff.cancel_invitation(invitation_id=invitation.id, by=ada, reason="oops")
        # Not committed yet: the link still looks open to her.
        hers.start()
        time.sleep(0.3)
    hers.join()
    assert statuses == [422]
    assert user_named(NEW) is None


def test_a_weak_password_is_refused_and_the_link_stays(ada: User) -> None:
    url = link(invited(ada))
    for password in ("short", "password123", ""):
        assert accept(url, password=password).status_code == 422
    assert user_named(NEW) is None
    assert accept(url).status_code == 302


def test_tries_at_an_invitation_are_limited(ada: User) -> None:
    url = link(invited(ada))
    answers = [accept(url, password="short").status_code for _ in range(12)]
    assert answers == [422] * 10 + [429] * 2


def test_an_address_of_another_desk_is_not_given_away_by_inviting_it(
    ada: User, charlie: User
) -> None:
    invitation = invited(ada, charlie.email)
    answer = accept(link(invitation))
    assert answer.status_code == 422
    assert "harbour" not in answer.text.replace(charlie.email, "").lower()
    found = user_named(charlie.email)
    assert found == charlie
    assert found.tenant_id == charlie.tenant_id


def test_who_works_here_or_is_invited_is_not_invited_again(
    ada: User, alice: User
) -> None:
    invited(ada)
    for email in (NEW.upper(), alice.email.upper()):
        with pytest.raises(ValidationError):
            invited(ada, email)


# --- Roles and suspension ------------------------------------------------------------


def test_roles_change_and_suspensions_end_with_a_reason_that_is_recorded(
    desk: Tenant, ada: User, bob: User
) -> None:
    admin, his = signed_in(ada), signed_in(bob)
    url = f"{USERS}{bob.pk}/"
    admin.post(f"{url}role/", {"role": "compliance", "reason": "moves"})
    assert role_of(bob) == "compliance"
    assert his.get("/inbox/").status_code == 302, "his sign-in has ended"
    his = signed_in(found(bob))
    admin.post(f"{url}suspend/", {"reason": "left us"})
    assert his.get("/privacy/").status_code == 302
    admin.post(f"{url}reinstate/", {"reason": "is back"})
    assert his.get("/privacy/").status_code == 302, "the old one stays ended"
    assert signed_in(found(bob)).get("/privacy/").status_code == 200
    assert recorded(desk) == [
        "user.role_changed", "user.suspended", "user.reinstated",
    ]  # fmt: skip


@pytest.mark.parametrize("act", ["role/", "suspend/"])
def test_whoever_may_not_invite_any_more_has_no_invitation_left_to_come_back_by(
    desk: Tenant, ada: User, act: str
) -> None:
    other = make_user(desk, "Olga", User.Role.ADMIN)
    invitation = invited(other, "olga.two@linden.example", User.Role.ADMIN)
    mine = invited(ada)
    admin = signed_in(ada)
    admin.post(f"{USERS}{other.pk}/{act}", {"role": "agent", "reason": "left us"})
    assert accept(link(invitation)).status_code == 410
    assert user_named("olga.two@linden.example") is None
    assert "invitation.cancelled" in recorded(desk)
    assert accept(link(mine)).status_code == 302


def found(user: User) -> User:
    with identity_scope():
        return User.objects.select_related("tenant").get(pk=user.pk)


def role_of(user: User) -> str:
    return found(user).role


@pytest.mark.parametrize("act", ["role/", "suspend/"])
def test_without_a_reason_nothing_happens(ada: User, bob: User, act: str) -> None:
    admin = signed_in(ada)
    admin.post(f"{USERS}{bob.pk}/{act}", {"role": "admin", "reason": " "})
    assert (role_of(bob), found(bob).is_active) == ("agent", True)
    assert "Say why" in admin.get(USERS).text


def test_nobody_changes_her_own_role_or_suspends_herself(
    ada: User, desk: Tenant
) -> None:
    admin = signed_in(ada)
    with tenant_scope(desk.id):
        for act in (staff.suspend, staff.change_role):
            more = {"role": "agent"} if act is staff.change_role else {}
            with pytest.raises(ValidationError):
                act(user_id=ada.pk, by=ada, reason="x", **more)
    admin.post(f"{USERS}{ada.pk}/role/", {"role": "agent", "reason": "x"})
    assert role_of(ada) == "admin"
    assert "Another admin has to" in admin.get(f"{USERS}{ada.pk}/").text


def test_the_last_admin_stays_even_when_two_demote_each_other_at_once(
    desk: Tenant, ada: User, bob: User
) -> None:
    with tenant_scope(desk.id):
        staff.change_role(user_id=bob.pk, role="admin", by=ada, reason="helps")
    refused: list[str] = []

    def demote_ada() -> None:
        try:
            with tenant_scope(desk.id):
                staff.change_role(user_id=ada.pk, role="agent", by=bob, reason="x")
        except ValidationError as error:
            refused.append(error.messages[0])
        finally:
            connection.close()

    his = threading.Thread(target=demote_ada)
    with tenant_scope(desk.id):
        staff.change_role(user_id=bob.pk, role="agent", by=ada, reason="x")
        # Not committed yet: he still sees two admins.
        his.start()
        time.sleep(0.3)
    his.join()
    assert (role_of(ada), role_of(bob)) == ("admin", "agent")
    assert refused == ["A desk needs an admin: this is the last one."]
    # A suspended admin is none.
    with tenant_scope(desk.id), pytest.raises(ValidationError, match="last one"):
        staff.suspend(user_id=ada.pk, by=bob, reason="x")


# --- The page ------------------------------------------------------------------------


def test_only_admins_manage_users_and_only_their_own(
    ada: User, alice: User, carla: User, charlie: User
) -> None:
    for user in (alice, carla):
        assert signed_in(user).get(USERS).status_code == 403
        assert "Settings" not in signed_in(user).get("/customers/").text
        refused = signed_in(user).post(f"{USERS}{ada.pk}/suspend/", {"reason": "x"})
        assert refused.status_code == 403
    page = signed_in(charlie).get(USERS).text
    assert "Charlie" in page
    assert "Ada" not in page
    invitation = invited(ada)
    for path in (
        f"{ada.pk}/suspend/",
        f"{ada.pk}/role/",
        f"invitations/{invitation.id}/cancel/",
    ):
        refused = signed_in(charlie).post(
            USERS + path, {"reason": "x", "role": "agent"}
        )
        assert refused.status_code == 404
    assert found(ada).is_active


@pytest.mark.parametrize("act", ["role/", "suspend/", "reinstate/"])
def test_powerful_acts_ask_for_proof_first(ada: User, bob: User, act: str) -> None:
    stale = signed_in(ada, minutes_ago=6)
    given = {"role": "admin", "reason": "x"}
    asked = stale.post(f"{USERS}{bob.pk}/{act}", given)
    assert asked["Location"].startswith("/accounts/login/")
    assert (role_of(bob), found(bob).is_active) == ("agent", True)
    assert stale.get(f"{USERS}{bob.pk}/{act}").status_code == 405


def test_the_rail_and_the_menu_lead_to_settings_and_security(ada: User) -> None:
    page = signed_in(ada).get(USERS).text
    assert 'href="/settings/users/" title="Settings" aria-current="page"' in page
    assert 'href="/accounts/security/"' in page
