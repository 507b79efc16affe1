"""The list of customers and the page with one customer's four tiers."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from memory import facts, records, working
from memory.models import Embedding, Evidence, Fact, Summary
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_fact, make_summary, make_working_item

HTMX = {"HX-Request": "true", "HX-Target": "record"}
WHY = {"reason": "asked by email, ticket 118"}


@pytest.fixture
def elena(elena: Customer) -> Customer:
    """A customer with an open conversation: the desk's agents work with her."""
    make_conversation(elena)
    return elena


def url_of(customer: Customer) -> str:
    return reverse("memory:customer", args=[customer.id])


def act(name: str, customer: Customer, item: Fact | Summary | Embedding) -> str:
    return reverse(f"memory:{name}", args=[customer.id, item.id])


def actions(actor: User) -> list[str]:
    """Return what was done, apart from looking."""
    with tenant_scope(actor.tenant_id):
        acts = AuditEvent.objects.exclude(action="memory.read")
        return list(acts.values_list("action", flat=True))


# --- The list ------------------------------------------------------------------------


def test_the_list_shows_who_is_verified_and_how_much_is_known(
    alice: User, elena: Customer
) -> None:
    make_fact(elena)
    make_fact(elena, "city", "Berlin", days_ago=1)
    make_summary(elena)
    with tenant_scope(elena.tenant_id):
        (row,) = records.customers(Customer.objects.all())
    known = vars(row)
    assert (known["facts"], known["episodes"]) == (1, 1)
    page = signed_in(alice).get(reverse("memory:customers"))
    assert "Elena" in page.text
    assert "Verified" in page.text


def test_search_finds_a_part_of_name_email_or_external_id(
    alice: User, elena: Customer
) -> None:
    make_conversation(make_customer(alice.tenant, "Viktoria"))
    client = signed_in(alice)
    for search in ("len", "ELENA@EXAMPLE", "elena example.org"):
        found = client.get(reverse("memory:customers"), {"q": search}, headers=HTMX)
        assert "Elena" in found.text
        assert "Viktoria" not in found.text
        assert "<html" not in found.text
    assert "Nobody matches" in client.get("/customers/", {"q": "zzz"}).text


def test_what_is_searched_for_is_escaped(alice: User) -> None:
    page = signed_in(alice).get("/customers/", {"q": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.text


def test_the_list_pages_by_fifty(ada: User, elena: Customer) -> None:
    for number in range(50):
        make_customer(ada.tenant, f"Guest{number:02}")
    client = signed_in(ada)
    first, second = (client.get("/customers/", {"page": n}) for n in (1, 2))
    assert first.text.count('class="person"') == 50
    assert second.text.count('class="person"') == 1
    assert "?page=2" in first.text
    assert "?page=1" in second.text
    assert "?page=3" not in second.text


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    alice: User, elena: Customer
) -> None:
    client = signed_in(alice)
    alone = _count(client, "/customers/")
    for number in range(12):
        guest = make_customer(alice.tenant, f"Guest{number}")
        make_fact(guest)
        make_conversation(guest)
    assert _count(client, "/customers/") == alone


def test_nobody_of_another_tenant_is_listed(
    alice: User, elena: Customer, viktor: Customer
) -> None:
    assert "Viktor" not in signed_in(alice).get("/customers/").text


# --- The page ------------------------------------------------------------------------


def test_the_page_shows_all_four_tiers(alice: User, elena: Customer) -> None:
    conversation = make_conversation(elena, "I moved to Ghent")
    make_fact(elena, conversation_id=conversation.id)
    make_summary(elena, "She asked about the parcel.")
    make_working_item(elena)
    page = signed_in(alice).get(url_of(elena)).text
    assert "Ghent" in page
    assert "well, it is Ghent" in page
    assert reverse("chat:conversation", args=[conversation.id]) in page
    assert "She asked about the parcel." in page
    assert "Refund the postage" in page
    assert "order_lookup(order LF-1): On its way" in page
    assert page.count("Told us: Ghent.") >= 2  # the fact, and its index entry


def test_replaced_and_expired_facts_are_history(alice: User, elena: Customer) -> None:
    make_fact(elena, "city", "Ghent")
    make_fact(elena, "city", "Berlin", days_ago=1)
    expired = make_fact(elena, "intent", "Wants a demo")
    with tenant_scope(elena.tenant_id):
        past = timezone.now() - timedelta(hours=1)
        Fact.objects.filter(pk=expired.pk).update(expires_at=past)
        record = records.record(elena)
    assert [fact.value for fact in record.current] == ["Berlin"]
    assert {fact.value for fact in record.history} == {"Ghent", "Wants a demo"}
    page = signed_in(alice).get(url_of(elena)).text
    assert "Replaced by “Berlin”" in page


def test_only_the_newest_version_of_a_summary_is_shown(
    alice: User, elena: Customer
) -> None:
    first = make_summary(elena, "The first draft.")
    make_summary(
        elena, "The better one.", version=2, conversation_id=first.conversation_id
    )
    page = signed_in(alice).get(url_of(elena)).text
    assert "The better one." in page
    with tenant_scope(elena.tenant_id):
        assert len(records.record(elena).summaries) == 1


def test_the_index_pages_by_fifty(ada: User, elena: Customer) -> None:
    for number in range(51):
        make_fact(elena, "product", f"Thing {number}", single=False)
    client = signed_in(ada)
    part = {"HX-Request": "true", "HX-Target": "index"}
    first = client.get(url_of(elena), headers=part).text
    second = client.get(url_of(elena), {"index": 2}, headers=part).text
    assert first.count('title="Erase"') == 50
    assert second.count('title="Erase"') == 1


def test_a_customer_without_memory_has_a_page_too(alice: User, elena: Customer) -> None:
    page = signed_in(alice).get(url_of(elena)).text
    assert "No facts yet" in page
    assert "Nothing in the index" in page


def test_the_page_takes_the_same_queries_for_little_and_for_much(
    ada: User, elena: Customer
) -> None:
    make_fact(elena, "product", "One", single=False)
    make_fact(elena, "city", "Ghent")
    make_fact(elena, "city", "Berlin", days_ago=1)
    make_summary(elena)
    client = signed_in(ada)
    little = _count(client, url_of(elena))
    for number in range(9):
        make_fact(elena, "product", f"Thing {number}", single=False)
        make_fact(elena, "city", f"Town {number}", days_ago=9 - number)
        make_summary(elena)
    assert _count(client, url_of(elena)) == little


def test_what_a_customer_said_is_escaped(alice: User, elena: Customer) -> None:
    make_fact(elena, "nickname", "<img src=x onerror=alert(1)>", source="agent")
    page = signed_in(alice).get(url_of(elena)).text
    assert "<img src=x" not in page


def test_pages_about_people_are_kept_out_of_caches(
    alice: User, elena: Customer
) -> None:
    for url in ("/customers/", url_of(elena)):
        assert "no-store" in signed_in(alice).get(url)["Cache-Control"]


def test_the_page_has_no_inline_style_or_script(ada: User, elena: Customer) -> None:
    make_fact(elena)
    make_summary(elena)
    page = signed_in(ada).get(url_of(elena)).text
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick=" not in page


# --- Who may -------------------------------------------------------------------------


def test_nobody_reads_without_signing_in(client: Client, elena: Customer) -> None:
    for url in ("/customers/", url_of(elena)):
        answer = client.get(url)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_agents_and_admins_read_and_compliance_does_not(
    alice: User, ada: User, carla: User, elena: Customer
) -> None:
    for user, status in ((alice, 200), (ada, 200), (carla, 403)):
        assert signed_in(user).get("/customers/").status_code == status
        assert signed_in(user).get(url_of(elena)).status_code == status


def test_whoever_reads_a_customers_page_is_recorded(
    alice: User, bob: User, elena: Customer
) -> None:
    make_fact(elena)
    signed_in(alice).get(url_of(elena))
    signed_in(bob).get("/customers/")
    with tenant_scope(elena.tenant_id):
        (event,) = AuditEvent.objects.filter(action="memory.read")
    assert (event.actor, event.subject_id) == (f"user:{alice.id}", str(elena.id))
    assert event.detail["purpose"] == "customer page"
    assert event.detail["facts"] == 1


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("fact", None), ("correct", None), ("retract", None), ("erase_fact", None),
        ("correct", {"value": ""}), ("correct", {"value": "Bruges"}),
        ("pin", {"pinned": "1"}),
    ],
)  # fmt: skip
def test_whoever_is_shown_a_part_of_it_is_recorded(
    ada: User, elena: Customer, name: str, sent: dict[str, str] | None
) -> None:
    client, address = signed_in(ada), act(name, elena, make_fact(elena))
    if sent is None:
        client.get(address, headers=HTMX)
    else:
        client.post(address, sent, headers=HTMX)
    with tenant_scope(elena.tenant_id):
        (event,) = AuditEvent.objects.filter(action="memory.read")
    assert (event.actor, event.customer_ref) == (f"user:{ada.id}", elena.id)


def test_only_the_controls_of_the_role_are_drawn(
    alice: User, ada: User, elena: Customer
) -> None:
    make_fact(elena)
    pages = {
        user.role: signed_in(user).get(url_of(elena)).text for user in (alice, ada)
    }
    drawn = {
        role: [
            word for word in ("Correct", "Pin:", "Erase") if f'title="{word}' in page
        ]
        for role, page in pages.items()
    }
    assert drawn == {
        "agent": ["Correct", "Pin:"],
        "admin": ["Correct", "Pin:", "Erase"],
    }


def test_an_agent_erases_nothing(alice: User, elena: Customer) -> None:
    fact, summary, key = make_fact(elena), make_summary(elena), make_working_item(elena)
    entry = _entry(elena, fact)
    client = signed_in(alice)
    answers = [
        client.post(act("erase_fact", elena, fact), WHY),
        client.post(act("erase_summary", elena, summary), WHY),
        client.post(act("erase_entry", elena, entry), WHY),
        client.post(
            reverse("memory:erase_working", args=[elena.id]), {"key": key, **WHY}
        ),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    with tenant_scope(elena.tenant_id):
        assert Fact.objects.count() == 1
        assert Summary.objects.count() == 1
        assert Embedding.objects.count() == 2
    assert len(working.items(elena.tenant_id, elena.id)) == 1


def test_compliance_changes_nothing(carla: User, elena: Customer) -> None:
    fact = make_fact(elena)
    client = signed_in(carla)
    for name in ("correct", "pin", "retract", "erase_fact"):
        sent = {"value": "Oslo", "pinned": "1", **WHY}
        answer = client.post(act(name, elena, fact), sent)
        assert answer.status_code == 403
    fact_now = _again(fact)
    assert (fact_now.value, fact_now.pinned) == ("Ghent", False)


def test_a_stranger_finds_nothing_as_if_nothing_were_there(
    charlie: User, elena: Customer
) -> None:
    fact, summary, key = make_fact(elena), make_summary(elena), make_working_item(elena)
    entry = _entry(elena, fact)
    client = signed_in(charlie)
    there = [
        client.get(url_of(elena)),
        client.get(act("fact", elena, fact)),
        client.post(act("correct", elena, fact), {"value": "Oslo"}),
        client.post(act("pin", elena, fact), {"pinned": "1"}),
        client.post(act("retract", elena, fact)),
        client.post(act("erase_fact", elena, fact), WHY),
        client.post(act("erase_summary", elena, summary), WHY),
        client.post(act("erase_entry", elena, entry), WHY),
        client.post(
            reverse("memory:erase_working", args=[elena.id]), {"key": key, **WHY}
        ),
    ]
    nowhere = client.get(reverse("memory:customer", args=[uuid4()]))
    assert {answer.status_code for answer in there} == {404}
    assert {answer.text for answer in there} == {nowhere.text}
    assert _again(fact).value == "Ghent"
    assert len(working.items(elena.tenant_id, elena.id)) == 1


def test_an_item_is_found_only_under_its_own_customer(
    ada: User, elena: Customer
) -> None:
    fact = make_fact(elena)
    other = make_customer(ada.tenant, "Other")
    client = signed_in(ada)
    for name in ("correct", "pin", "retract", "erase_fact"):
        assert client.post(act(name, other, fact), WHY).status_code == 404
    assert _again(fact).is_current


@pytest.mark.parametrize(
    "name", ["correct", "pin", "retract", "erase_fact", "erase_summary", "erase_entry"]
)
def test_a_write_needs_the_csrf_token(ada: User, elena: Customer, name: str) -> None:
    fact = make_fact(elena)
    item: dict[str, Callable[[], Fact | Summary | Embedding]] = {
        "erase_summary": lambda: make_summary(elena),
        "erase_entry": lambda: _entry(elena, fact),
    }
    client = signed_in(ada, enforce_csrf_checks=True)
    target = item.get(name, lambda: fact)()
    assert client.post(act(name, elena, target), WHY).status_code == 403
    assert _again(fact).is_current


# --- What they do --------------------------------------------------------------------


def test_a_correction_keeps_the_old_value_as_history(
    alice: User, elena: Customer
) -> None:
    fact = make_fact(elena)
    answer = signed_in(alice).post(
        act("correct", elena, fact), {"value": " Bruges "}, headers=HTMX
    )
    assert answer["HX-Retarget"] == "#record"
    assert "Bruges" in answer.text
    assert "<html" not in answer.text
    with tenant_scope(elena.tenant_id):
        (new,) = facts.current_facts()
    assert (new.value, new.source) == ("Bruges", Fact.Source.AGENT)
    assert _again(fact).superseded_by_id == new.id
    assert actions(alice) == ["fact.correct"]


@pytest.mark.parametrize("value", ["", "   ", "Ghent", "x" * 501])
def test_a_refused_correction_says_why_in_place(
    alice: User, elena: Customer, value: str
) -> None:
    fact = make_fact(elena)
    answer = signed_in(alice).post(
        act("correct", elena, fact), {"value": value}, headers=HTMX
    )
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert f'id="fact-{fact.id}"' in answer.text
    assert "HX-Retarget" not in answer
    assert _again(fact).is_current


def test_everything_works_without_scripts(ada: User, elena: Customer) -> None:
    fact = make_fact(elena)
    client = signed_in(ada)
    assert "<form" in client.get(act("correct", elena, fact)).text
    assert "cannot be undone" in client.get(act("erase_fact", elena, fact)).text
    answer = client.post(act("erase_fact", elena, fact), WHY, follow=True)
    assert answer.redirect_chain == [(url_of(elena), 302)]
    assert "Erased, and taken out" in answer.text


def test_another_page_gets_no_content_from_a_write(
    alice: User, elena: Customer
) -> None:
    fact = make_fact(elena)
    answer = signed_in(alice).post(
        act("pin", elena, fact), {"pinned": "1"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 204
    assert _again(fact).pinned


def test_a_pinned_fact_leads_until_it_is_unpinned(alice: User, elena: Customer) -> None:
    fact = make_fact(elena)
    client = signed_in(alice)
    client.post(act("pin", elena, fact), {"pinned": "1"}, headers=HTMX)
    assert _again(fact).pinned
    client.post(act("pin", elena, fact), {"pinned": "0"}, headers=HTMX)
    assert not _again(fact).pinned
    assert actions(alice) == ["fact.pin", "fact.unpin"]


def test_taking_a_fact_back_restores_what_it_replaced(
    alice: User, elena: Customer
) -> None:
    old = make_fact(elena, "city", "Ghent")
    wrong = make_fact(elena, "city", "Berlin", days_ago=1)
    client = signed_in(alice)
    asked = client.get(act("retract", elena, wrong), headers=HTMX).text
    assert "“Ghent”, which it replaced, becomes current again." in asked
    answer = client.post(act("retract", elena, wrong), headers=HTMX)
    assert "current again" in answer.text
    with tenant_scope(elena.tenant_id):
        assert [fact.id for fact in facts.current_facts()] == [old.id]
        assert not Embedding.objects.filter(source_id=wrong.id).exists()


def test_history_cannot_be_corrected_or_taken_back(
    alice: User, elena: Customer
) -> None:
    old = make_fact(elena, "city", "Ghent")
    make_fact(elena, "city", "Berlin", days_ago=1)
    client = signed_in(alice)
    for name in ("correct", "pin", "retract"):
        assert client.post(act(name, elena, old)).status_code == 404


def test_erasing_a_fact_takes_its_evidence_and_index_entry(
    ada: User, elena: Customer
) -> None:
    fact = make_fact(elena)
    answer = signed_in(ada).post(act("erase_fact", elena, fact), WHY, headers=HTMX)
    assert "Ghent" not in answer.text
    with tenant_scope(elena.tenant_id):
        assert not Fact.objects.exists()
        assert not Evidence.objects.exists()
        assert not Embedding.objects.exists()
    assert actions(ada) == ["fact.erase"]


def test_erasing_a_summary_takes_all_its_versions(ada: User, elena: Customer) -> None:
    first = make_summary(elena)
    second = make_summary(elena, version=2, conversation_id=first.conversation_id)
    other = make_summary(elena, "Something else.")
    signed_in(ada).post(act("erase_summary", elena, second), WHY, headers=HTMX)
    with tenant_scope(elena.tenant_id):
        assert [row.id for row in Summary.objects.all()] == [other.id]
        assert [row.source_id for row in Embedding.objects.all()] == [other.id]
    assert actions(ada) == ["summary.erase"]


def test_erasing_an_index_entry_leaves_its_fact(ada: User, elena: Customer) -> None:
    fact = make_fact(elena)
    make_fact(elena, "country", "Belgium")
    answer = signed_in(ada).post(
        act("erase_entry", elena, _entry(elena, fact)), WHY, headers=HTMX
    )
    assert "Erased from the index." in answer.text
    with tenant_scope(elena.tenant_id):
        assert not Embedding.objects.filter(source_id=fact.id).exists()
        assert Embedding.objects.count() == 1
    assert _again(fact).is_current


def test_a_write_stays_on_the_page_of_the_index_that_is_open(
    ada: User, elena: Customer
) -> None:
    for number in range(52):
        make_fact(elena, "product", f"Thing {number}", single=False)
    with tenant_scope(elena.tenant_id):
        fact = Fact.objects.earliest("id")
    current = f"http://testserver{url_of(elena)}?index=2"
    answer = signed_in(ada).post(
        act("erase_fact", elena, fact),
        WHY,
        headers={**HTMX, "HX-Current-URL": current},
    )
    assert "of 51<" in answer.text
    assert answer.text.count("Erase this entry") == 1


def test_a_working_item_is_erased_from_redis(ada: User, elena: Customer) -> None:
    key = make_working_item(elena)
    url = reverse("memory:erase_working", args=[elena.id])
    client = signed_in(ada)
    assert "order_lookup" in client.get(url, {"key": key}, headers=HTMX).text
    client.post(url, {"key": key, **WHY}, headers=HTMX)
    assert working.items(elena.tenant_id, elena.id) == []
    assert actions(ada) == ["working_tool.erase"]
    assert client.post(url, {"key": key, **WHY}, headers=HTMX).status_code == 404


def test_a_key_of_another_customer_is_not_erased(
    ada: User, elena: Customer, viktor: Customer
) -> None:
    url = reverse("memory:erase_working", args=[elena.id])
    for owner in (make_customer(ada.tenant, "Other"), viktor):
        key = make_working_item(owner)
        assert signed_in(ada).post(url, {"key": key, **WHY}).status_code == 404
        assert len(working.items(owner.tenant_id, owner.id)) == 1


def test_an_erasure_without_a_reason_is_asked_for_one(
    ada: User, elena: Customer
) -> None:
    fact, summary, key = make_fact(elena), make_summary(elena), make_working_item(elena)
    client = signed_in(ada)
    tries = {
        act("erase_fact", elena, fact): {},
        act("erase_summary", elena, summary): {},
        act("erase_entry", elena, _entry(elena, fact)): {},
        reverse("memory:erase_working", args=[elena.id]): {"key": key},
    }
    for url, sent in tries.items():
        assert 'name="reason"' in client.get(url, sent, headers=HTMX).text
        for reason in ("", "  ", "x" * 301):
            answer = client.post(url, {**sent, "reason": reason}, headers=HTMX)
            assert answer.status_code == 422
            assert 'aria-invalid="true"' in answer.text
    assert _again(fact).is_current
    with tenant_scope(elena.tenant_id):
        assert (Summary.objects.count(), Embedding.objects.count()) == (1, 2)
    assert len(working.items(elena.tenant_id, elena.id)) == 1
    assert actions(ada) == []


def test_redis_away_is_said_and_leaves_no_trace_of_an_erasure(
    ada: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_working_item(elena)

    def away(*_: object) -> bool:
        raise redis.ConnectionError

    monkeypatch.setattr(working, "erase_item", away)
    answer = signed_in(ada).post(
        reverse("memory:erase_working", args=[elena.id]),
        {"key": key, **WHY},
        headers=HTMX,
    )
    assert answer.status_code == 503
    assert "Nothing was erased" in answer.text
    assert actions(ada) == []


def _again(fact: Fact) -> Fact:
    with tenant_scope(fact.tenant_id):
        again: Fact = Fact.objects.get(pk=fact.pk)
        return again


def _entry(customer: Customer, fact: Fact) -> Embedding:
    with tenant_scope(customer.tenant_id):
        entry: Embedding = Embedding.objects.get(source_id=fact.id)
        return entry


def _count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_value_that_cannot_be_stored_as_it_is_breaks_nothing(
    alice: User, elena: Customer
) -> None:
    fact = make_fact(elena)
    url = f"/customers/{elena.id}/facts/{fact.id}/correct/"
    assert signed_in(alice).post(url, {"value": "Ber\x00lin"}).status_code == 302
    assert signed_in(alice).post(url, {"value": "\x00"}).status_code in {404, 422}
