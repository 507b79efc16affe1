"""Intents under Settings: shown, tried, and taught by the desk."""

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant, User
from accounts.scope import tenant_scope
from memory import settings
from memory.models import IntentExample
from memory.recall import intents
from memory.recall.intents import own
from tests.clients import signed_in

URL = "/settings/intents/"
EXAMPLE = {"intent": "refund", "text": "Pay  me back, <b>please</b>"}


@pytest.fixture
def admin(ada: User) -> Client:
    return signed_in(ada)


def texts(user: User) -> list[str]:
    with tenant_scope(user.tenant_id):
        return list(IntentExample.objects.order_by("pk").values_list("text", flat=True))


def stored(user: User) -> IntentExample:
    with tenant_scope(user.tenant_id):
        row: IntentExample = IntentExample.objects.get()
        return row


def test_the_page_shows_every_intent_with_its_examples(admin: Client) -> None:
    page = admin.get(URL).text
    for kind in intents.INTENTS.values():
        assert kind.title in page
    assert "0 of 200 used" in page
    assert "I forgot my password." in page
    assert "Nothing is recalled" in page


def test_an_admin_adds_changes_and_deletes_an_example(admin: Client, ada: User) -> None:
    assert admin.post(f"{URL}add/", EXAMPLE).status_code == 302
    assert texts(ada) == ["Pay me back, <b>please</b>"]
    page = admin.get(URL).text
    assert "Pay me back, &lt;b&gt;please&lt;/b&gt;" in page
    assert "1 of 200 used" in page
    # The same once more is a second click.
    assert admin.post(f"{URL}add/", EXAMPLE).status_code == 302
    at = f"{URL}{stored(ada).pk}/"
    assert "Pay me back" in admin.get(at).text
    changed = {"intent": "complaint", "text": "Outrageous"}
    assert admin.post(at, changed).status_code == 302
    assert (stored(ada).intent, stored(ada).text) == ("complaint", "Outrageous")
    assert admin.post(f"{at}delete/").status_code == 302
    assert texts(ada) == []
    assert admin.get(at).status_code == 404


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": ""}, "Write what a customer might say."),
        ({"text": "x" * 301}, "300"),
        ({"text": "My password is hunter22"}, "Leave out secrets"),
        ({"text": "I have diabetes"}, "Leave out secrets"),
        ({"text": "Write to elena@example.org"}, "Leave out addresses"),
        ({"text": "Where is order 20418?"}, "Leave out addresses"),
        (
            {"intent": "billing", "text": "PAY ME back, <b>please</b>"},
            "There is such an example already.",
        ),
        ({"intent": "gossip"}, "Select a valid choice"),
    ],
)
def test_what_may_be_no_example_is_refused_and_says_why(
    admin: Client, ada: User, changes: dict[str, str], why: str
) -> None:
    admin.post(f"{URL}add/", EXAMPLE)
    answer = admin.post(f"{URL}add/", {**EXAMPLE, "text": "Another"} | changes)
    assert answer.status_code == 422
    assert why in answer.text
    assert 'aria-invalid="true' in answer.text
    at = f"{URL}{stored(ada).pk}/"
    if "already" not in why:
        refused = admin.post(at, {**EXAMPLE, "text": "Another"} | changes)
        assert refused.status_code == 422
        assert why in refused.text
    assert texts(ada) == ["Pay me back, <b>please</b>"]


def test_a_desk_has_so_many_examples_and_no_more(
    admin: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "MOST", 1)
    admin.post(f"{URL}add/", EXAMPLE)
    answer = admin.post(f"{URL}add/", {**EXAMPLE, "text": "One more"})
    assert answer.status_code == 422
    assert "delete one" in answer.text
    assert len(texts(ada)) == 1


def test_trying_a_message_shows_why_and_stores_nothing(
    admin: Client, ada: User
) -> None:
    sent = {"text": "Where is my <i>parcel</i>?"}
    with tenant_scope(ada.tenant_id):
        before = AuditEvent.objects.count()
    fragment = admin.post(f"{URL}try/", sent, headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert "<b>Order status</b>" in fragment.text
    assert fragment.text.count("<q ") == 3
    assert "<html" not in fragment.text
    page = admin.post(f"{URL}try/", sent)
    assert "<b>Order status</b>" in page.text
    assert "&lt;i&gt;parcel" in page.text
    assert "<i>parcel" not in page.text
    small = admin.post(f"{URL}try/", {"text": "Thanks a lot!"})
    assert "Nothing would be recalled for it." in small.text
    assert admin.post(f"{URL}try/", {"text": ""}).status_code == 422
    with tenant_scope(ada.tenant_id):
        assert AuditEvent.objects.count() == before
    assert texts(ada) == []


def test_the_desk_lets_a_model_decide_with_a_reason(
    admin: Client, ada: User, desk: Tenant
) -> None:
    wish = {"intents_by_model": "on"}
    assert admin.post(f"{URL}decide/", wish).status_code == 422
    answer = admin.post(f"{URL}decide/", {**wish, "reason": "It knows our slang"})
    assert answer.status_code == 302
    with tenant_scope(desk.id):
        assert settings.current().intents_by_model
        event = AuditEvent.objects.get(action="memory_settings.changed")
        assert event.detail == {"changed": ["intents_by_model"]}
    assert "No language model is connected" in admin.get(URL).text


def test_only_admins_come_here_and_nobody_to_another_desks_example(
    admin: Client, ada: User, alice: User, carla: User, charlie: User
) -> None:
    admin.post(f"{URL}add/", EXAMPLE)
    at = f"{URL}{stored(ada).pk}/"
    for user, code in ((alice, 403), (carla, 403), (charlie, 404)):
        client = signed_in(user)
        assert client.get(at).status_code == code
        assert client.post(f"{at}delete/").status_code == code
    for user in (alice, carla):
        assert signed_in(user).post(f"{URL}try/", {"text": "Hi"}).status_code == 403
        assert signed_in(user).post(f"{URL}add/", EXAMPLE).status_code == 403
    assert "Pay me back" not in signed_in(charlie).get(URL).text
    assert len(texts(ada)) == 1


def test_writes_ask_who_it_is_after_a_while(ada: User) -> None:
    ada.set_password("a long enough password")
    with tenant_scope(ada.tenant_id):
        ada.save()
    late = signed_in(ada, minutes_ago=6)
    for act in ("add/", "decide/"):
        answer = late.post(f"{URL}{act}", EXAMPLE)
        assert "reauthenticate" in answer["Location"]
    assert texts(ada) == []
