"""The page of the audit log, and the answer to who saw whom."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.audit import search
from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import tenant_scope
from memory import privacy
from tests.clients import signed_in
from tests.conftest import make_customer, make_user

pytestmark = pytest.mark.usefixtures("rows")


def saw(user: User, customer: Customer, times: int = 1) -> None:
    """Let somebody be shown a customer's memory."""
    with tenant_scope(user.tenant_id):
        for _ in range(times):
            audit.memory_read(
                actor=f"user:{user.id}",
                customer_id=customer.id,
                purpose="support",
                seen={"facts": 3},
            )


def did(user: User, customer: Customer, reason: str = "") -> None:
    with tenant_scope(user.tenant_id):
        audit.record(
            actor=f"user:{user.id}",
            action="fact.correct",
            subject_type="fact",
            subject_id=uuid4(),
            customer_id=customer.id,
            reason=reason,
        )


def shown(user: User, **query: Any) -> str:
    response = signed_in(user).get("/audit/", query)
    assert response.status_code == 200
    return response.content.decode()


# --- Who may --------------------------------------------------------------------------


def test_admins_and_compliance_see_the_log_and_agents_do_not(
    alice: User, ada: User, carla: User
) -> None:
    for user, status in ((alice, 403), (ada, 200), (carla, 200)):
        client = signed_in(user)
        assert client.get("/audit/").status_code == status
        rail = client.get("/", follow=True).content
        assert (b'href="/audit/"' in rail) == (status == 200)


def test_nothing_of_another_desk_shows(
    ada: User, charlie: User, elena: Customer, viktor: Customer
) -> None:
    saw(ada, elena)
    saw(charlie, viktor)
    page = shown(charlie)
    assert "Viktor" in page
    assert "Elena" not in page
    assert "Ada" not in page
    for text in ("Elena", elena.id, "elena@example.org"):
        found = shown(charlie, customer=text)
        assert "Ada" not in found
        assert "memory.read</td>" not in found


def test_looking_at_the_log_is_in_the_log(ada: User, elena: Customer) -> None:
    saw(ada, elena)
    shown(ada)
    shown(ada, customer=elena.id, actor=f"user:{ada.id}", since="2026-01-01T00:00")
    with tenant_scope(ada.tenant_id):
        first, second = AuditEvent.objects.filter(action="audit.read").order_by("seq")
    assert (first.customer_ref, first.actor) == (None, f"user:{ada.id}")
    assert second.customer_ref == elena.id
    assert second.detail["actor"] == f"user:{ada.id}"
    assert second.detail["since"].startswith("2026-01-01T00:00")


# --- Searching ------------------------------------------------------------------------


def test_the_log_shows_names_and_reasons_that_it_does_not_hold(
    ada: User, elena: Customer
) -> None:
    did(ada, elena, reason="She <b>called</b>")
    page = shown(ada)
    assert "Ada" in page
    assert "Elena" in page
    assert "She &lt;b&gt;called&lt;/b&gt;" in page
    with tenant_scope(ada.tenant_id):
        stored = str(list(AuditEvent.objects.values()))
    assert "Elena" not in stored
    assert "called" not in stored


def test_after_an_erasure_the_log_shows_neither_name_nor_reason(
    carla: User, elena: Customer
) -> None:
    did(carla, elena, reason="Elena called")
    with tenant_scope(carla.tenant_id):
        privacy.erase_customer(customer=elena, user=carla)
    page = shown(carla, customer=elena.id)
    assert "Elena" not in page
    assert "Erased with the customer" in page
    assert f"Who saw Erased {elena.id.hex[-8:]}" in page


def test_the_log_is_searched_by_actor_action_customer_and_time(
    ada: User, bob: User, elena: Customer
) -> None:
    otto = make_customer(ada.tenant, "Otto")
    saw(ada, elena)
    saw(bob, otto)
    did(bob, elena)
    with tenant_scope(ada.tenant_id):
        audit.memory_read(actor="assistant:gpt-9", customer_id=otto.id, purpose="reply")

        def found(**wanted: object) -> list[tuple[str, str]]:
            entries = search.page(search.Search(**wanted)).entries  # type: ignore[arg-type]  # any of its fields
            return [(entry.actor, entry.event.action) for entry in entries]

        now = timezone.now()
        assert found(actor=f"user:{bob.id}") == [
            ("Bob", "fact.correct"),
            ("Bob", "memory.read"),
        ]
        assert found(actor="assistant") == [("Assistant (gpt-9)", "memory.read")]
        assert found(action="fact.correct") == [("Bob", "fact.correct")]
        assert found(customer_ref=elena.id, action="memory.read") == [
            ("Ada", "memory.read")
        ]
        assert found(since=now) == []
        assert len(found(until=now)) == 4
        assert found(actor="system") == []
        assert search.actions() == ["fact.correct", "memory.read"]


@pytest.mark.parametrize("text", ["Elena", "elena", "lena", "ELENA@example.org"])
def test_a_customer_is_found_by_name_address_or_id(
    ada: User, elena: Customer, text: str
) -> None:
    saw(ada, elena)
    assert "Who saw Elena" in shown(ada, customer=text)


def test_several_customers_of_one_name_are_offered_to_choose_from(
    ada: User, elena: Customer
) -> None:
    other = make_customer(ada.tenant, "Elena Other")
    page = shown(ada, customer="lena", action="")
    assert "Which one?" in page
    for customer in (elena, other):
        assert f"customer={customer.id}" in page
    assert "Nobody matches" in shown(ada, customer="Nobody At All")


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00+23:59"},
        {"until": "9999-12-31T23:59-23:59"},
        {"actor": "user:somebody"},
        {"action": "nothing.such"},
        {"before": "-1"},
        {"before": "9" * 30},
        {"customer": "x" * 300},
    ],
    ids=str,
)
def test_a_search_that_makes_no_sense_is_told_so(
    ada: User, query: dict[str, str]
) -> None:
    response = signed_in(ada).get("/audit/", query)
    assert response.status_code == 422
    assert b'class="err"' in response.content


def test_a_moment_is_taken_with_any_offset(ada: User) -> None:
    asked = {"since": "2026-01-01T00:00+23:59"}
    assert signed_in(ada).get("/audit/", asked).status_code == 200


def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    ada: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now()
    # Many in one moment, so that a page may end in the middle of it.
    with monkeypatch.context() as clock:
        clock.setattr(timezone, "now", lambda: at)
        saw(ada, elena, times=2 * search.PAGE_ROWS + 7)
    with tenant_scope(ada.tenant_id):
        seen, before = [], None
        while True:
            page = search.page(search.Search(customer_ref=elena.id), before=before)
            seen += [entry.event.seq for entry in page.entries]
            if (before := page.older) is None:
                break
    assert seen == list(range(2 * search.PAGE_ROWS + 7, 0, -1))
    first = shown(ada, customer=elena.id)
    assert "before=58" in first
    assert "Who saw" not in shown(ada, customer=elena.id, before=58)


def test_a_page_takes_as_many_queries_for_fifty_events_as_for_one(
    ada: User, elena: Customer
) -> None:
    def queries() -> int:
        client = signed_in(ada)
        with CaptureQueriesContext(connection) as captured:
            client.get("/audit/", {"customer": str(elena.id)})
        return len(captured)

    saw(ada, elena)
    one = queries()
    for number in range(10):
        user = make_user(ada.tenant, f"Agent{number}")
        saw(user, elena, times=4)
        did(user, make_customer(ada.tenant, f"Otto{number}"), reason="Why")
    assert queries() == one


# --- The breach question --------------------------------------------------------------


def test_who_saw_a_customer_between_two_moments(
    ada: User, bob: User, carla: User, elena: Customer
) -> None:
    saw(ada, elena)
    since = timezone.now()
    saw(bob, elena, times=3)
    did(bob, elena)
    saw(bob, make_customer(ada.tenant, "Otto"))
    until = timezone.now()
    saw(carla, elena)
    with tenant_scope(ada.tenant_id):
        (viewer,) = search.viewers(elena.id, since=since, until=until)
        everybody = search.viewers(elena.id, since=None, until=None)
    assert (viewer.name, viewer.reads, viewer.acts) == ("Bob", 3, 1)
    assert since < viewer.first < viewer.last < until
    assert [each.name for each in everybody] == ["Ada", "Bob", "Carla"]


def who_saw(**options: str) -> list[str]:
    out = StringIO()
    arguments = [f"--{name}={value}" for name, value in options.items()]
    call_command("who_saw", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_answers_the_breach_question_and_leaves_a_trace(
    bob: User, elena: Customer
) -> None:
    saw(bob, elena, times=2)
    span = {
        "from": (timezone.now() - timedelta(hours=1)).isoformat(),
        "to": (timezone.now() + timedelta(hours=1)).isoformat(),
    }
    told = who_saw(tenant="linden", customer="elena", **span)
    assert told[0].startswith(f"Bob [user:{bob.id}]: 2 reads, 0 other, first ")
    assert [line.split()[1:3] for line in told[1:]] == [["Bob", "memory.read"]] * 2
    with tenant_scope(bob.tenant_id):
        trace = AuditEvent.objects.get(action="audit.read")
    assert (trace.actor, trace.customer_ref) == ("operator", elena.id)
    again = who_saw(tenant="linden", customer=str(elena.id), **span)
    assert "Operator" in again[1]
    span["to"] = "2026-01-01"
    assert who_saw(tenant="linden", customer="elena", **span) == ["Nobody."]


@pytest.mark.parametrize(
    "wrong", [{"customer": "nobody"}, {"from": "once"}, {"tenant": "nobody"}], ids=str
)
def test_the_command_says_in_one_line_what_is_wrong(
    desk: Tenant, wrong: dict[str, str]
) -> None:
    right = {
        "tenant": "linden",
        "customer": "x",
        "from": "2026-01-01",
        "to": "2027-01-01",
    }
    with pytest.raises(CommandError) as refusal:
        who_saw(**{**right, **wrong})
    assert "\n" not in str(refusal.value)
