"""The desk's settings: sites, the widget's secret, tools."""

import json
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Tenant, User
from accounts.scope import tenant_scope
from chat.identity import identify, sign_customer
from chat.models import HttpTool
from tests.chat.conftest import Shop
from tests.clients import signed_in

HOME = "/settings/desk/"
SECRET = "secret-token"
WHY = "The shop moved"


def fields(tool: HttpTool, **changes: str) -> dict[str, str]:
    """What the form of a tool sends when nothing is changed but these."""
    return {
        "name": tool.name,
        "description": tool.description,
        "url": tool.url,
        "parameters": json.dumps(tool.parameters),
        "header_name": tool.header_name,
        "header_value": "",
        "timeout_s": str(tool.timeout_s),
        "cache_s": str(tool.cache_s),
        "reason": WHY,
        **changes,
    }


def at(tool: HttpTool, what: str = "desk_tool") -> str:
    return reverse(f"chat:{what}", args=[tool.pk])


def now(tool: HttpTool) -> HttpTool:
    with tenant_scope(tool.tenant_id):
        found: HttpTool = HttpTool.objects.get(pk=tool.pk)
        return found


def desk_now(desk: Tenant) -> Tenant:
    with tenant_scope(desk.id):
        return Tenant.objects.get()


def events(desk: Tenant) -> list[AuditEvent]:
    with tenant_scope(desk.id):
        return list(AuditEvent.objects.order_by("seq"))


def tools_of(desk: Tenant) -> int:
    with tenant_scope(desk.id):
        count: int = HttpTool.objects.count()
        return count


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


# --- Who ------------------------------------------------------------------------------


def test_an_admin_sees_the_desk_and_no_secret_of_it(
    ada: User, desk: Tenant, order_tool: HttpTool
) -> None:
    client = signed_in(ada)
    for url in (HOME, at(order_tool)):
        html = text(client.get(url))
        assert "look_up_order" in html
        assert "X-Token" in html
        assert SECRET not in html
        assert desk.widget_secret not in html
        assert "gAAAA" not in html


@pytest.mark.parametrize("who", ["alice", "carla"])
def test_nobody_else_sees_or_changes_it(
    who: str, desk: Tenant, order_tool: HttpTool, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    before = desk_now(desk).widget_secret
    for url in (HOME, reverse("chat:desk_new_tool"), at(order_tool)):
        assert client.get(url).status_code == 403
    sent = fields(order_tool, name="mine", sites="https://evil.example")
    for url in (
        reverse("chat:desk_sites"),
        reverse("chat:desk_secret"),
        reverse("chat:desk_new_tool"),
        at(order_tool),
        at(order_tool, "desk_delete_tool"),
        at(order_tool, "desk_try_tool"),
    ):
        assert client.post(url, sent).status_code == 403
    assert desk_now(desk).widget_secret == before
    assert desk_now(desk).widget_sites == []
    assert now(order_tool).name == "look_up_order"
    assert events(desk) == []


def test_another_desks_tool_is_as_unknown_as_none(
    charlie: User, order_tool: HttpTool, shop: Shop, desk: Tenant
) -> None:
    client = signed_in(charlie)
    assert "look_up_order" not in text(client.get(HOME))
    for name in ("desk_tool", "desk_delete_tool", "desk_try_tool"):
        theirs = client.post(at(order_tool, name), fields(order_tool))
        nowhere = client.post(
            reverse(f"chat:{name}", args=[uuid4()]), fields(order_tool)
        )
        assert theirs.status_code == nowhere.status_code == 404
        assert theirs.content == nowhere.content
    assert client.get(at(order_tool)).status_code == 404
    assert shop.asked == []
    assert tools_of(desk) == 1


def test_changes_ask_who_it_is_and_keep_no_secret_meanwhile(
    ada: User, desk: Tenant, order_tool: HttpTool
) -> None:
    ada.set_password("a long enough password")
    with tenant_scope(desk.id):
        ada.save()
    client = signed_in(ada, minutes_ago=6)
    assert client.get(HOME).status_code == 200
    sent = fields(order_tool, header_value="canary-value", sites="", name="other")
    for url in (
        reverse("chat:desk_new_tool"),
        at(order_tool),
        reverse("chat:desk_sites"),
        reverse("chat:desk_secret"),
        at(order_tool, "desk_delete_tool"),
    ):
        response = client.post(url, {**sent, "sites": "https://a.example"})
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("account_reauthenticate"))
        if url in {reverse("chat:desk_new_tool"), at(order_tool)}:
            kept = Session.objects.get(pk=client.session.session_key)
            assert "canary-value" not in json.dumps(kept.get_decoded())
    assert now(order_tool).header_value == SECRET
    assert events(desk) == []


# --- Sites ----------------------------------------------------------------------------


def test_sites_are_saved_as_origins_with_the_reason(ada: User, desk: Tenant) -> None:
    sent = {"sites": "https://Linden.example/\nhttps://b.example", "reason": WHY}
    response = signed_in(ada).post(reverse("chat:desk_sites"), sent)
    assert response["Location"] == HOME
    assert desk_now(desk).widget_sites == [
        "https://linden.example",
        "https://b.example",
    ]
    (event,) = events(desk)
    assert (event.action, event.detail["sites"]) == ("widget.sites_changed", 2)
    assert event.actor == f"user:{ada.pk}"
    assert "https://b.example" in text(signed_in(ada).get(HOME))


def test_the_clock_is_saved_with_the_reason(ada: User, desk: Tenant) -> None:
    sent = {"time_zone": "Asia/Kolkata", "reason": WHY}
    response = signed_in(ada).post(reverse("chat:desk_clock"), sent)
    assert response.status_code == 302
    assert desk_now(desk).time_zone == "Asia/Kolkata"
    event = events(desk)[-1]
    assert event.action == "desk.time_zone_changed"
    assert "<option selected>Asia/Kolkata</option>" in text(signed_in(ada).get(HOME))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"time_zone": "Mars/Olympus", "reason": WHY}, "no time zone of this name"),
        ({"time_zone": "../../etc/passwd", "reason": WHY}, "no time zone of this name"),
        ({"time_zone": "", "reason": WHY}, "This field is required"),
        ({"time_zone": "Asia/Kolkata", "reason": " "}, "Say why"),
    ],
)
def test_a_clock_that_is_none_is_refused(
    ada: User, desk: Tenant, sent: dict[str, str], said: str
) -> None:
    response = signed_in(ada).post(reverse("chat:desk_clock"), sent)
    assert response.status_code == 422
    assert said in text(response)
    assert desk_now(desk).time_zone == "UTC"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"sites": "https://*.linden.example", "reason": WHY}, "no wildcard"),
        ({"sites": "https://a.example; script-src *", "reason": WHY}, "Write a site"),
        ({"sites": "https://a.example", "reason": " "}, "Say why"),
    ],
)
def test_what_is_wrong_with_sites_is_said_and_nothing_changes(
    ada: User, desk: Tenant, sent: dict[str, str], words: str
) -> None:
    response = signed_in(ada).post(reverse("chat:desk_sites"), sent)
    assert response.status_code == 422
    assert words in text(response)
    assert sent["sites"] in text(response)
    assert desk_now(desk).widget_sites == []
    assert events(desk) == []


# --- The widget's secret --------------------------------------------------------------


def test_a_new_secret_is_shown_once_and_ends_the_old_tokens(
    ada: User, desk: Tenant
) -> None:
    old = desk.widget_secret
    token = sign_customer(desk, "elena")
    assert identify(desk, token=token).verified
    client = signed_in(ada)
    response = client.post(reverse("chat:desk_secret"), {"reason": "It leaked"})
    assert "no-store" in response["Cache-Control"]
    fresh = desk_now(desk)
    assert fresh.widget_secret != old
    assert fresh.widget_secret in text(response)
    assert fresh.widget_secret not in text(client.get(HOME))
    with pytest.raises(PermissionDenied):
        identify(fresh, token=token)
    assert identify(fresh, token=sign_customer(fresh, "elena")).verified
    (event,) = events(desk)
    assert event.action == "widget.secret_replaced"
    assert fresh.widget_secret not in json.dumps(event.detail)


def test_without_a_reason_the_secret_stays(ada: User, desk: Tenant) -> None:
    response = signed_in(ada).post(reverse("chat:desk_secret"), {"reason": ""})
    assert response.status_code == 422
    assert desk_now(desk).widget_secret == desk.widget_secret


# --- Tools ----------------------------------------------------------------------------


def test_a_tool_is_added_with_its_header_encrypted(ada: User, desk: Tenant) -> None:
    sent = {
        "name": "stock",
        "description": "Looks up what is left.",
        "url": "https://shop.example/stock/{item}",
        "parameters": '{"type": "object", "properties": {"item": {}}}',
        "header_name": "Authorization",
        "header_value": "Bearer canary",
        "timeout_s": "5",
        "cache_s": "60",
        "reason": WHY,
    }
    response = signed_in(ada).post(reverse("chat:desk_new_tool"), sent)
    assert response.status_code == 302
    with tenant_scope(desk.id), connection.cursor() as cursor:
        tool = HttpTool.objects.get(name="stock")
        cursor.execute("select header_value from chat_httptool")
        assert "canary" not in cursor.fetchone()[0]
    assert response["Location"] == at(tool)
    assert tool.header_value == "Bearer canary"
    assert tool.tenant_id == desk.id
    (event,) = events(desk)
    assert event.action == "tool.added"
    assert event.subject_id == str(tool.pk)
    assert "canary" not in json.dumps(event.detail)
    assert "header_value" in event.detail["changed"]


def test_an_empty_value_keeps_the_one_that_is_stored(
    ada: User, order_tool: HttpTool, desk: Tenant
) -> None:
    sent = fields(order_tool, description="Another word for it.")
    assert signed_in(ada).post(at(order_tool), sent).status_code == 302
    assert now(order_tool).description == "Another word for it."
    assert now(order_tool).header_value == SECRET
    (event,) = events(desk)
    assert event.action == "tool.changed"
    assert event.detail["changed"] == ["description"]


def test_without_a_header_its_value_goes(ada: User, order_tool: HttpTool) -> None:
    sent = fields(order_tool, header_name="")
    assert signed_in(ada).post(at(order_tool), sent).status_code == 302
    assert now(order_tool).header_value == ""


def test_a_stored_value_is_not_sent_to_another_place(
    ada: User, order_tool: HttpTool, settings: Settings
) -> None:
    client = signed_in(ada)
    moved = order_tool.url.replace("http://127.0.0.1", "https://evil.example")
    response = client.post(at(order_tool), fields(order_tool, url=moved))
    assert response.status_code == 422
    assert "write the value again" in text(response)
    assert now(order_tool).url == order_tool.url
    # To another path of the same place it is.
    again = fields(order_tool, url=f"{order_tool.url}?v=2")
    assert client.post(at(order_tool), again).status_code == 302
    with_value = fields(order_tool, url=moved, header_value="another")
    assert client.post(at(order_tool), with_value).status_code == 302
    assert now(order_tool).header_value == "another"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "https://127.0.0.2/{order_number}"}, "not one on the public internet"),
        ({"url": "http://shop.example/{order_number}"}, "Only https"),
        ({"url": "https://{order_number}.example/"}, "placeholders"),
        ({"url": "https://shop.example/{colour}"}, "do not describe: colour"),
        ({"parameters": "[" * 5_000}, "valid JSON"),
        ({"parameters": "[1]"}, "JSON object"),
        ({"parameters": '{"a": "\\u0000"}'}, "JSON object"),
        ({"parameters": '{"a": "\\ud800"}'}, "valid JSON"),
        ({"parameters": '{"a": NaN}'}, "JSON object"),
        ({"parameters": '{"a": 1e400}'}, "JSON object"),
        ({"parameters": '{"properties": []}'}, "JSON schema"),
        ({"parameters": '{"properties": 5}'}, "JSON schema"),
        ({"parameters": f'{{"a": "{"x" * 9_000}"}}'}, "Up to 8000"),
        ({"header_name": "Host"}, "No such header"),
        ({"header_value": "ключ"}, "printable ASCII"),
        ({"header_name": "", "header_value": "x"}, "Which header"),
        ({"timeout_s": "nan"}, "number"),
        ({"timeout_s": "99"}, "up to 30"),
        ({"cache_s": "-1"}, "greater than or equal"),
        ({"name": "two words"}, "valid"),
        ({"name": "taken"}, "Another tool has this name"),
        ({"reason": ""}, "Say why"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said_and_nothing_changes(
    ada: User, desk: Tenant, order_tool: HttpTool, changes: dict[str, str], words: str
) -> None:
    with tenant_scope(desk.id):
        HttpTool.objects.create(tenant=desk, name="taken", parameters={}, url="x")
    sent = fields(order_tool, **{"header_value": "canary-value", **changes})
    response = signed_in(ada).post(at(order_tool), sent)
    assert response.status_code == 422
    assert words in text(response)
    assert "canary-value" not in text(response)
    assert SECRET not in text(response)
    assert now(order_tool).url == order_tool.url
    assert now(order_tool).header_value == SECRET
    assert events(desk) == []


def test_a_tool_is_deleted_with_the_reason(
    ada: User, desk: Tenant, order_tool: HttpTool
) -> None:
    client, url = signed_in(ada), at(order_tool, "desk_delete_tool")
    assert client.post(url).status_code == 422
    assert tools_of(desk) == 1
    assert client.post(url, {"reason": WHY})["Location"] == HOME
    assert tools_of(desk) == 0
    assert [event.action for event in events(desk)] == ["tool.deleted"]


def test_a_tool_is_tried_outside_of_any_transaction(
    ada: User, desk: Tenant, order_tool: HttpTool, shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from chat import tools

    client, url = signed_in(ada), at(order_tool, "desk_try_tool")
    depth = len(connection.savepoint_ids)
    during: list[int] = []
    real = tools.look_up

    async def watched(*args: object) -> tuple[str, bool]:
        during.append(len(connection.savepoint_ids))
        return await real(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(tools, "look_up", watched)
    answer = client.post(url, {"arguments": '{"order_number": "LF-20418"}'})
    assert answer.status_code == 200
    assert "It answered" in text(answer)
    assert "in transit" in text(answer)
    assert SECRET not in text(answer)
    assert shop.headers[0]["X-Token"] == SECRET
    assert [event.action for event in events(desk)] == ["tool.tried"]
    assert "LF-20418" not in json.dumps(events(desk)[0].detail)
    # As deep as the test itself, whatever connection the call's thread has.
    assert during in ([depth], [0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"order_number": "LF-9"}', "Nothing was found"),
        ('{"order_number": ".."}', "Not a number or a name: order_number"),
        ("", "Missing: order_number"),
        ("[1]", "Write a JSON object"),
        ("[" * 5_000, "valid JSON"),
    ],
)
def test_what_a_try_says_when_it_fails(
    ada: User, order_tool: HttpTool, arguments: str, words: str
) -> None:
    url = at(order_tool, "desk_try_tool")
    assert words in text(signed_in(ada).post(url, {"arguments": arguments}))


def test_a_tool_that_may_not_be_reached_is_tried_in_vain(
    ada: User, order_tool: HttpTool, shop: Shop, settings: Settings
) -> None:
    settings.TOOL_ALLOWED_PRIVATE_HOSTS = []
    sent = {"arguments": '{"order_number": "LF-20418"}'}
    html = text(signed_in(ada).post(at(order_tool, "desk_try_tool"), sent))
    assert "No answer" in html
    assert shop.asked == []
