"""The demo's data comes in through the services, once, and is remembered for real."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat.demo.seed import DEMO_PASSWORD
from chat.demo.stories import STORIES_DIR
from chat.models import Conversation, HttpTool, Message
from memory.models import Fact, Summary

# Enough to show every path, and quicker than the whole cast.
CAST = {
    "linden-fox": ("elena-marsh", "sofia-lindgren", "visitor-4471", "noor-haddad"),
    "harbour-bikes": ("lucia-ferrer",),
}


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_URL = "http://localhost:8123"
    stories = tmp_path / "stories"
    for slug, cast in CAST.items():
        (stories / slug).mkdir(parents=True)
        for name in ("desk", *cast):
            text = (STORIES_DIR / slug / f"{name}.json").read_text(encoding="utf-8")
            (stories / slug / f"{name}.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr("chat.demo.seed.STORIES_DIR", stories)


def seed() -> str:
    said = StringIO()
    call_command("seed_demo", stdout=said)
    return said.getvalue()


def linden_fox() -> Tenant:
    with identity_scope():
        return Tenant.objects.get(slug="linden-fox")


@pytest.mark.django_db
def test_history_comes_in_and_is_consolidated() -> None:
    said = seed()
    assert "Linden & Fox: 5 staff, 4 customers" in said
    tenant = linden_fox()
    with tenant_scope(tenant.id):
        elena = Customer.objects.get(external_id="elena-marsh")
        closed = Conversation.objects.filter(customer=elena, status="closed")
        assert closed.count() == 5
        assert not closed.filter(consolidated_seq=0).exists()
        episodes = Summary.objects.filter(customer=elena, kind=Summary.Kind.EPISODE)
        assert episodes.count() == 5
        homes = Fact.objects.filter(customer=elena, key="street_address")
        current = homes.get(valid_to=None)
        assert "18 Linden Row" in current.value
        assert homes.exclude(pk=current.pk).filter(valid_to__isnull=False).exists()
        assert elena.created_at == closed.earliest("opened_at").opened_at


@pytest.mark.django_db
def test_open_conversations_have_their_owner_and_their_notes() -> None:
    seed()
    with tenant_scope(linden_fox().id):
        elena = Conversation.objects.get(external_id="lf-elena-now")
        assert (elena.status, elena.owner) == ("open", "agent")
        assert elena.agent is not None
        assert elena.agent.email == "sam@example.com"
        assert elena.asked_seq == elena.answered_seq
        assert elena.consolidated_seq == 0
        assert Message.objects.filter(conversation=elena, is_note=True).count() == 1
        sofia = Conversation.objects.get(external_id="lf-sofia-now")
        assert sofia.owner == "assistant"
        assert sofia.asked_seq > sofia.answered_seq


@pytest.mark.django_db
def test_whoever_has_said_nothing_is_known_by_name_only() -> None:
    seed()
    with tenant_scope(linden_fox().id):
        noor = Customer.objects.get(external_id="noor-haddad")
        assert not Fact.objects.filter(customer=noor).exists()
        assert not Customer.objects.get(external_id="visitor-4471").verified


@pytest.mark.django_db
def test_a_second_run_changes_nothing_but_follows_the_port(settings: Settings) -> None:
    seed()
    tenant = linden_fox()

    def counts() -> list[int]:
        with tenant_scope(tenant.id):
            models = (Customer, Conversation, Message, Fact, Summary, AuditEvent)
            return [model.objects.count() for model in models]

    before = counts()
    settings.PUBLIC_URL = "http://localhost:8124"
    assert seed() == "The demo's data is there already.\n"
    assert counts() == before
    with tenant_scope(tenant.id):
        tool = HttpTool.objects.get(name="look_up_order")
    assert tool.url == (
        "http://localhost:8124/demo/shop-api/linden-fox/orders/{order_number}"
        "?customer={customer}"
    )


@pytest.mark.django_db
def test_an_interrupted_run_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("chat.demo.seed._consolidate", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seed()
    seed()
    with tenant_scope(linden_fox().id):
        closed = Conversation.objects.filter(status="closed")
        assert closed.count() == 7
        assert not closed.filter(consolidated_seq=0).exists()


@pytest.mark.django_db
def test_every_login_works_and_is_written_down_for_the_banner(tmp_path: Path) -> None:
    seed()
    file = tmp_path / "demo-logins.json"
    assert file.stat().st_mode & 0o077 == 0
    logins = json.loads(file.read_text(encoding="utf-8"))
    assert logins[0] == {
        "role": "agent",
        "email": "sam@example.com",
        "password": DEMO_PASSWORD,
        "tenant": "Linden & Fox",
    }
    with identity_scope():
        users = {user.email: user for user in User.objects.all()}
    assert {login["email"] for login in logins} == users.keys()
    assert check_password(DEMO_PASSWORD, users["ruth@example.com"].password)
    assert {user.role for user in users.values()} == {"agent", "admin", "compliance"}


@pytest.mark.django_db
def test_outside_the_demo_no_known_password_is_written(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        seed()
    with identity_scope():
        assert not Tenant.objects.exists()
