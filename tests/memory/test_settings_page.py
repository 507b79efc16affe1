"""The settings of memory: how the desk remembers, and for how long."""

from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import tenant_scope
from memory import retention
from memory import settings as desk_settings
from memory.models import Embedding, MemorySettings, RetentionRule
from tests.clients import signed_in
from tests.memory.remembered import say

pytestmark = pytest.mark.usefixtures("rows")

HOME = "/settings/memory/"
WHY = "The policy of the shop"


def sent(**changes: Any) -> dict[str, Any]:
    """What the first form sends when nothing is changed but these."""
    return {
        "window": "summarise",
        "buffer_messages": "20",
        "buffer_tokens": "4000",
        "session_hours": "",
        "live_sessions": "1000",
        "trigger_tokens": "4000",
        "trigger_messages": "50",
        "reason": WHY,
        **changes,
    }


def rules_sent(**changes: str) -> dict[str, str]:
    """What the second form sends when nothing is changed but these."""
    found = {"reason": WHY}
    for name, kind in retention.KINDS.items():
        found[f"{name}-keep_days"] = str(kind.keep_days or "")
        found[f"{name}-half_life_days"] = str(kind.half_life_days or "")
    return found | {name.replace("__", "-"): value for name, value in changes.items()}


def text(response: Any) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def kept(desk: Tenant) -> MemorySettings:
    with tenant_scope(desk.id):
        return desk_settings.current()


def events(desk: Tenant) -> list[AuditEvent]:
    with tenant_scope(desk.id):
        return list(AuditEvent.objects.order_by("seq"))


def test_only_who_manages_the_desk_sees_and_changes_it(
    alice: User, carla: User, ada: User, desk: Tenant
) -> None:
    for user in (alice, carla):
        client = signed_in(user)
        assert client.get(HOME).status_code == 403
        assert client.post(f"{HOME}change/", sent()).status_code == 403
        assert client.post(f"{HOME}retention/", rules_sent()).status_code == 403
        assert client.post(f"{HOME}retention/preview/", {}).status_code == 403
    page = text(signed_in(ada).get(HOME))
    assert "Messages in the index" in page
    assert 'value="4000"' in page


def test_settings_are_saved_with_a_reason(ada: User, desk: Tenant) -> None:
    client = signed_in(ada)
    changes = {"window": "forget", "session_hours": "72", "mask_messages": "on"}
    response = client.post(f"{HOME}change/", sent(**changes), follow=True)
    assert "Saved." in text(response)
    now = kept(desk)
    assert (now.window, now.session_hours, now.mask_messages) == ("forget", 72, True)
    (event,) = [e for e in events(desk) if e.action == "memory_settings.changed"]
    assert event.detail == {"changed": ["mask_messages", "session_hours", "window"]}
    client.post(f"{HOME}change/", sent(**changes))
    assert len(events(desk)) == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("buffer_messages", "3", "A whole number from 4 to 50."),
        ("buffer_tokens", "many", "A whole number from 500 to 12,000."),
        ("session_hours", "0", "A whole number from 1 to 8,760."),
        ("live_sessions", "", "A whole number from 10 to 100,000."),
        ("trigger_tokens", "999999", "A whole number from 500 to 32,000."),
        ("window", "both", "both is not one of the available choices"),
        ("reason", "", "Say why"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_changes_nothing(
    ada: User, desk: Tenant, field: str, value: Any, says: str
) -> None:
    response = signed_in(ada).post(f"{HOME}change/", sent(**{field: value}))
    assert response.status_code == 422
    assert says in text(response)
    assert not events(desk)
    with tenant_scope(desk.id):
        assert not MemorySettings.objects.exists()


def test_a_preview_names_nobody_and_changes_nothing(
    ada: User, desk: Tenant, elena: Customer
) -> None:
    say(elena, "Words that nobody needs to see")
    with tenant_scope(desk.id):
        Embedding.objects.update(expires_at="2026-01-01T00:00Z")
    client = signed_in(ada)
    form = rules_sent(message__keep_days="1")
    for headers in ({"HX-Request": "true"}, {}):
        page = text(client.post(f"{HOME}retention/preview/", form, headers=headers))
        assert elena.id.hex[-8:] in page
        assert "Words that" not in page
        assert "Elena" not in page
    with tenant_scope(desk.id):
        assert Embedding.objects.count() == 1
        assert not RetentionRule.objects.exists()
    assert not events(desk)


def test_rules_are_saved_with_a_reason(ada: User, desk: Tenant) -> None:
    client = signed_in(ada)
    changes = {"preference__keep_days": "400", "preference__half_life_days": ""}
    response = client.post(f"{HOME}retention/", rules_sent(**changes), follow=True)
    assert "Saved." in text(response)
    with tenant_scope(desk.id):
        (rule,) = RetentionRule.objects.all()
        assert retention.rules()["preference"] == retention.Rule(400, None)
    assert rule.kind == "preference"
    (event,) = events(desk)
    assert event.detail == {"preference_days": 400}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("message__keep_days", "", "these never stay for ever"),
        ("fact__keep_days", "-1", "A whole number from 1 to 3,650."),
        ("event__half_life_days", "soon", "A whole number from 1 to 3,650."),
        ("reason", "", "Say why"),
    ],
)
def test_a_rule_that_cannot_be_changes_nothing(
    ada: User, desk: Tenant, field: str, value: str, says: str
) -> None:
    form = rules_sent(**{field: value})
    response = signed_in(ada).post(f"{HOME}retention/", form)
    assert response.status_code == 422
    assert says in text(response)
    with tenant_scope(desk.id):
        assert not RetentionRule.objects.exists()
    assert not events(desk)
