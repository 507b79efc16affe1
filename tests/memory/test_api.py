"""The REST API: recall, and a customer's facts."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import NO_SCOPE, Scope, current_scope, tenant_scope
from memory import api, recall
from memory.llm import gateway
from memory.llm.errors import RetryableError
from memory.models import Fact
from memory.recall import finding
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_fact, make_summary
from tests.memory.remembered import remember, say

RECALL = "/api/v1/recall/"
CANARY = "xylophone-4711"


@pytest.fixture
def elena(elena: Customer) -> Customer:
    """A customer with an open conversation: the desk's agents work with her."""
    make_conversation(elena)
    return elena


def ask(client: Client, customer: Any = "elena", **body: Any) -> Any:
    """Ask where the customer lives, unless the test asks something else."""
    asked = {"customer": customer, "query": "Where does she live?", **body}
    return client.post(RECALL, asked, content_type="application/json")


def results(client: Client, **body: Any) -> list[dict[str, Any]]:
    answer = ask(client, **body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def facts_url(external_id: str = "elena") -> str:
    return reverse("memory:api_facts", args=[external_id])


# --- What recall answers -------------------------------------------------------------


def test_recall_answers_with_reasons_and_the_messages_behind(
    alice: User, elena: Customer
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    (turn,) = say(elena, "The parcel never came.")
    first, second = results(signed_in(alice), query="Who lives in Ghent?", explain=True)
    with tenant_scope(elena.tenant_id):
        message_id = fact.evidence.get().message_id
    assert first == {
        "kind": "fact",
        "id": str(fact.id),
        "text": "Lives in Ghent.",
        "said_by": "customer",
        "occurred_at": fact.valid_from.isoformat().replace("+00:00", "Z"),
        "score": first["score"],
        "reasons": {
            "why": first["reasons"]["why"],
            "similarity": first["reasons"]["similarity"],
            "vector_rank": 1,
            "keyword_rank": 1,
            "terms": first["reasons"]["terms"],
            "parts": first["reasons"]["parts"],
            "freshness": pytest.approx(1, abs=0.01),
            "second_pass": False,
        },
        "messages": [str(message_id)],
    }
    assert first["score"] > second["score"] > 0
    assert 0.3 < first["reasons"]["similarity"] <= 1
    assert (second["kind"], second["id"]) == ("message", str(turn.id))
    assert second["messages"] == [str(turn.id)]
    assert second["reasons"]["keyword_rank"] is None
    assert first["reasons"]["why"].startswith("Same words")
    assert all(isinstance(part, float) for part in first["reasons"]["parts"].values())


def test_without_explain_there_are_no_reasons(alice: User, elena: Customer) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    client = signed_in(alice)
    plain, explained = results(client), results(client, explain=True)
    assert [list(row) for row in explained] == [[*row, "reasons"] for row in plain]


def test_only_what_is_kept_for_the_purposes_asked_for_is_recalled(
    alice: User, elena: Customer
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    remember(elena, "payment_method", "invoice", "Pays by invoice.")
    remember(elena, "newsletter", "yes", "Newsletter: yes.")
    client = signed_in(alice)

    def found(**body: Any) -> set[str]:
        return {row["text"] for row in results(client, query="invoice", **body)}

    assert found() == {"Lives in Ghent.", "Pays by invoice."}
    assert found(purposes=["billing"]) == {"Pays by invoice."}
    assert found(purposes=["marketing"]) == {"Newsletter: yes."}
    with tenant_scope(elena.tenant_id):
        read = AuditEvent.objects.filter(action="memory.read").latest("seq")
    assert read.detail["purposes"] == ["marketing"]


EXAMPLE = re.compile(r"```json\n(.*?)```", re.DOTALL)


def test_the_example_of_the_documentation_is_what_is_taken_and_given(
    alice: User, elena: Customer
) -> None:
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    after = text.partition("**`POST /api/v1/recall/`**")[2]
    question, answer = map(json.loads, EXAMPLE.findall(after)[:2])
    make_fact(elena, "city", "Ghent", days_ago=300)
    question |= {"customer": "elena", "as_of": timezone.now().isoformat()}
    given = signed_in(alice).post(RECALL, question, content_type="application/json")
    assert given.status_code == 200
    (shown,) = answer["results"]
    (found,) = given.json()["results"]
    assert list(found) == list(shown)
    assert list(found["reasons"]) == list(shown["reasons"])


def test_recall_gives_what_the_service_gives(alice: User, elena: Customer) -> None:
    for text in ("I live in Ghent.", "My bike is blue.", "I am allergic to nuts."):
        say(elena, text)
    query = recall.prepare("Where does she live?", tenant_id=elena.tenant_id)
    with tenant_scope(elena.tenant_id):
        expected = recall.recall(query, customer_id=elena.id)
    found = results(signed_in(alice))
    assert [UUID(row["id"]) for row in found] == [row.source_id for row in expected]


def test_recall_gives_ten_at_most_or_as_many_as_asked_for(
    alice: User, elena: Customer
) -> None:
    say(elena, *(f"Remark number {n}" for n in range(12)))
    client = signed_in(alice)
    assert len(results(client)) == 10
    assert len(results(client, limit=1)) == 1
    assert len(results(client, limit=50)) == 12


def test_recall_as_of_a_moment_knows_what_was_true_then(
    alice: User, elena: Customer
) -> None:
    make_fact(elena, "city", "Ghent", days_ago=30)
    old = make_fact(elena, "city", "Berlin", days_ago=2)
    client = signed_in(alice)

    def told(as_of: str | None) -> list[str]:
        return [row["text"] for row in results(client, as_of=as_of)]

    before = old.valid_from - timedelta(days=5)
    assert told(before.isoformat()) == ["Told us: Ghent."]
    assert told(None) == ["Told us: Berlin."]
    assert told(timezone.now().isoformat()) == ["Told us: Berlin."]
    # Without an offset it is UTC.
    assert told(before.astimezone(UTC).replace(tzinfo=None).isoformat()) == [
        "Told us: Ghent."
    ]
    for extreme in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert ask(client, as_of=extreme).status_code == 200


def test_the_question_is_embedded_while_no_scope_is_open(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    scopes: list[Scope] = []
    real_embed, real_recall = gateway.embed, recall.recall

    def embed(texts: Any, **options: Any) -> Any:
        scopes.append(current_scope())
        return real_embed(texts, **options)

    def search(*args: Any, **options: Any) -> Any:
        scopes.append(current_scope())
        return real_recall(*args, **options)

    monkeypatch.setattr(gateway, "embed", embed)
    monkeypatch.setattr(finding, "recall", search)
    assert results(signed_in(alice))
    *embedded, searched = scopes
    assert set(embedded) == {NO_SCOPE}
    assert searched == Scope(elena.tenant_id, elena.id)
    assert current_scope() == NO_SCOPE


def test_of_a_customer_that_is_not_there_no_model_is_asked(
    alice: User, viktor: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gateway, "embed", lambda texts, **_: asked.append(texts))
    client = signed_in(alice)
    assert ask(client, customer="nobody").status_code == 404
    assert ask(client, customer="viktor").status_code == 404
    assert asked == []


def test_who_is_taken_from_the_user_while_a_model_is_asked_is_not_shown(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    real = finding.find

    def then_gone(*args: Any, **options: Any) -> Any:
        found = real(*args, **options)
        assert found
        with tenant_scope(elena.tenant_id):
            Customer.objects.filter(pk=elena.pk).update(external_id="somebody-else")
        return found

    monkeypatch.setattr(recall, "find", then_gone)
    assert ask(signed_in(alice)).status_code == 404


def test_words_of_time_are_meant_where_the_customer_is_and_when_it_was_asked(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(elena.tenant_id):
        Customer.objects.filter(pk=elena.pk).update(time_zone="Asia/Tokyo")
    say(elena, "I like tulips")
    queries: list[recall.Query] = []
    real = recall.recall

    def search(query: recall.Query, **options: Any) -> Any:
        queries.append(query)
        return real(query, **options)

    monkeypatch.setattr(finding, "recall", search)
    results(
        signed_in(alice),
        query="What did she say yesterday?",
        as_of="2026-03-05T20:00:00Z",
    )
    (period,) = queries[0].periods
    # In Tokyo it is the 6th by then.
    assert period.start == datetime(2026, 3, 4, 15, tzinfo=UTC)
    for extreme in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        answer = ask(signed_in(alice), query="What of last week?", as_of=extreme)
        assert answer.status_code == 200


def test_the_answer_is_rendered_inside_the_scope_and_nothing_stays_open(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes: list[Scope] = []
    render = api.RecallView.renderer_classes[0].render

    def watch(self: Any, *args: Any, **options: Any) -> Any:
        scopes.append(current_scope())
        return render(self, *args, **options)

    monkeypatch.setattr(api.RecallView.renderer_classes[0], "render", watch)
    client = signed_in(alice)
    assert client.get(facts_url()).status_code == 200
    assert client.get(facts_url("nobody")).status_code == 404
    assert scopes == [
        Scope(elena.tenant_id, elena.id),
        Scope(elena.tenant_id),
    ]
    assert current_scope() == NO_SCOPE


def test_while_the_embedding_model_is_away_words_alone_are_searched(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(elena, "city", "Ghent", "Does she live in Ghent?")

    def away(texts: Any, **options: Any) -> Any:
        raise RetryableError("timeout")

    monkeypatch.setattr(gateway, "embed", away)
    (found,) = results(signed_in(alice), explain=True)
    assert found["reasons"]["vector_rank"] is None
    assert found["reasons"]["keyword_rank"] == 1


# --- What is known -------------------------------------------------------------------


def test_facts_are_the_current_ones_with_their_evidence(
    alice: User, elena: Customer
) -> None:
    make_fact(elena, "city", "Ghent", days_ago=30)
    fact = make_fact(elena, "city", "Berlin", days_ago=2)
    answer = signed_in(alice).get(facts_url()).json()
    with tenant_scope(elena.tenant_id):
        evidence = fact.evidence.get()
    since, known = (
        at.isoformat().replace("+00:00", "Z")
        for at in (fact.valid_from, fact.recorded_at)
    )
    assert answer == {
        "facts": [
            {
                "id": str(fact.id),
                "kind": "fact",
                "key": "city",
                "value": "Berlin",
                "normal": "",
                "text": "Told us: Berlin.",
                "source": "customer",
                "purpose": "support",
                "importance": 0.5,
                "confidence": 0.9,
                "pinned": False,
                "event_at": None,
                "valid_from": since,
                "valid_to": None,
                "recorded_at": known,
                "superseded_by_id": None,
                "expires_at": None,
                "evidence": [
                    {
                        "message_id": str(evidence.message_id),
                        "conversation_id": str(evidence.conversation_id),
                        "author": "customer",
                        "span": "well, it is Berlin",
                        "said_at": since,
                    }
                ],
            }
        ]
    }


def test_history_tells_what_replaced_what(alice: User, elena: Customer) -> None:
    old = make_fact(elena, "city", "Ghent", days_ago=30)
    new = make_fact(elena, "city", "Berlin", days_ago=2)
    client = signed_in(alice)
    answer = client.get(facts_url(), {"history": "1"}).json()
    assert [fact["id"] for fact in answer["facts"]] == [str(new.id)]
    (past,) = answer["history"]
    assert past["id"] == str(old.id)
    assert past["superseded_by_id"] == str(new.id)
    assert past["valid_to"] == answer["facts"][0]["valid_from"]
    assert past["evidence"][0]["span"] == "well, it is Ghent"
    assert "history" not in client.get(facts_url(), {"history": "0"}).json()


def test_an_expired_fact_is_history(alice: User, elena: Customer) -> None:
    fact = make_fact(elena, "intent", "Wants a demo")
    with tenant_scope(elena.tenant_id):
        past = timezone.now() - timedelta(hours=1)
        Fact.objects.filter(pk=fact.pk).update(expires_at=past)
    answer = signed_in(alice).get(facts_url(), {"history": "1"}).json()
    assert answer["facts"] == []
    assert [row["id"] for row in answer["history"]] == [str(fact.id)]


def test_an_external_id_is_taken_as_it_is(alice: User, desk: Tenant) -> None:
    odd = make_customer(desk, "shop/42 & söhne?")
    make_conversation(odd)
    make_fact(odd)
    client = signed_in(alice)
    assert len(client.get(facts_url(odd.external_id)).json()["facts"]) == 1
    assert results(client, customer=odd.external_id)
    assert ask(client, customer=f" {odd.external_id}").status_code == 404


def test_the_answers_are_json_kept_out_of_caches(alice: User, elena: Customer) -> None:
    client = signed_in(alice)
    for answer in (client.get(facts_url(), headers={"Accept": "*/*"}), ask(client)):
        assert answer["Content-Type"] == "application/json"
        assert "no-store" in answer["Cache-Control"]
    page = client.get(facts_url(), headers={"Accept": "text/html"})
    assert page.status_code == 406


# --- How many queries ----------------------------------------------------------------


def test_much_memory_takes_the_same_queries_as_little(
    alice: User, elena: Customer
) -> None:
    client = signed_in(alice)

    def count() -> list[int]:
        counts = []
        for call in (
            lambda: ask(client, limit=50),
            lambda: client.get(facts_url()),
            lambda: client.get(facts_url(), {"history": "1"}),
        ):
            with CaptureQueriesContext(connection) as queries:
                assert call().status_code == 200
            counts.append(len(queries))
        return counts

    make_fact(elena, "city", "Ghent", days_ago=20)
    make_fact(elena, "city", "Berlin", days_ago=19)
    make_summary(elena)
    # What a desk says about intents is read once, and kept by the process.
    ask(client)
    little = count()
    for number in range(9):
        make_fact(elena, "product", f"Thing {number}", single=False)
        make_fact(elena, "city", f"Town {number}", days_ago=9 - number)
        make_summary(elena)
    say(elena, *(f"Remark number {n}" for n in range(9)))
    assert count() == little


# --- Who may -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob", "ada"])
def test_agents_and_admins_of_the_desk_read(
    elena: Customer, name: str, request: pytest.FixtureRequest
) -> None:
    fact = make_fact(elena)
    client = signed_in(request.getfixturevalue(name))
    assert [row["id"] for row in results(client)] == [str(fact.id)]
    (row,) = client.get(facts_url()).json()["facts"]
    assert row["id"] == str(fact.id)


def test_compliance_reads_nothing(carla: User, elena: Customer) -> None:
    make_fact(elena)
    client = signed_in(carla)
    nobody = client.get(facts_url("nobody"))
    for answer in (ask(client), client.get(facts_url())):
        assert answer.status_code == 403
        assert answer.text == nobody.text


def test_a_role_without_the_power_reads_nothing(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_fact(elena)
    client = signed_in(alice)
    monkeypatch.setattr("accounts.policies.POWERS", {})
    for answer in (ask(client), client.get(facts_url())):
        assert answer.status_code == 403
        assert "Ghent" not in answer.text


def test_nobody_reads_without_signing_in(client: Client, elena: Customer) -> None:
    make_fact(elena)
    for customer in ("elena", "nobody"):
        for answer in (ask(client, customer), client.get(facts_url(customer))):
            assert answer.status_code == 403
            assert answer.json() == {
                "detail": "Authentication credentials were not provided."
            }


def test_a_suspended_user_reads_nothing(alice: User, elena: Customer) -> None:
    client = signed_in(alice)
    with tenant_scope(alice.tenant_id):
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert ask(client).status_code == 403
    assert client.get(facts_url()).status_code == 403


def test_a_stranger_finds_nothing_as_if_nobody_were_there(
    charlie: User, elena: Customer
) -> None:
    remember(elena, "city", "Ghent", f"Lives in {CANARY}.")
    client = signed_in(charlie)
    there = [
        ask(client),
        client.get(facts_url()),
        client.get(facts_url(), {"history": 1}),
    ]
    nowhere = [ask(client, "nobody"), client.get(facts_url("nobody"))]
    assert {answer.status_code for answer in there + nowhere} == {404}
    assert {answer.text for answer in there + nowhere} == {'{"detail":"Not found."}'}


def test_the_same_external_id_is_another_customer_in_another_desk(
    alice: User, charlie: User, elena: Customer
) -> None:
    remember(elena, "city", "Ghent", f"Lives in {CANARY}.")
    hers = make_fact(make_customer(charlie.tenant, "Elena"))
    client = signed_in(charlie)
    assert [row["id"] for row in results(client, query=CANARY)] == [str(hers.id)]
    assert CANARY not in client.get(facts_url(), {"history": 1}).text
    assert CANARY in ask(signed_in(alice)).text


def test_memory_of_another_customer_never_appears(alice: User, elena: Customer) -> None:
    other = make_customer(alice.tenant, "Other")
    make_conversation(other)
    remember(other, "city", CANARY, f"Lives in {CANARY}.")
    remember(other, "city", "Oslo", f"Moved from {CANARY}.")
    say(other, f"I live in {CANARY}")
    make_summary(other, f"She lives in {CANARY}.")
    make_fact(elena)
    client = signed_in(alice)
    answers = [
        ask(client, query=f"Lives in {CANARY}", limit=50),
        client.get(facts_url()),
        client.get(facts_url(), {"history": 1}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "Ghent" in answer.text
        assert CANARY not in answer.text
    assert CANARY in ask(client, "other").text


def test_a_visitor_without_an_external_id_is_not_reached_by_an_empty_one(
    alice: User, elena: Customer
) -> None:
    with tenant_scope(elena.tenant_id):
        Customer.objects.filter(pk=elena.pk).update(external_id="")
    make_fact(elena)
    client = signed_in(alice)
    assert ask(client, "").status_code == 400
    assert client.get("/api/v1/customers//facts/").status_code == 404


def test_recall_needs_the_csrf_token(alice: User, elena: Customer) -> None:
    make_fact(elena)
    client = signed_in(alice, enforce_csrf_checks=True)
    refused = ask(client)
    assert refused.status_code == 403
    assert "CSRF" in refused.text
    assert "Ghent" not in refused.text
    token = "a" * 32
    client.cookies["csrftoken"] = token
    body = {"customer": "elena", "query": "Where?"}
    answer = client.post(
        RECALL, body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 200


# --- What is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customer": None}, "customer"),
        ({"customer": ["elena"]}, "customer"),
        ({"customer": "x" * 201}, "customer"),
        ({"customer": "elena\0"}, "customer"),
        ({"query": ""}, "query"),
        ({"query": "   "}, "query"),
        ({"query": None}, "query"),
        ({"query": {"text": "x"}}, "query"),
        ({"query": "x" * 8_001}, "query"),
        ({"query": "a\0b"}, "query"),
        ({"query": "\ud800"}, "query"),
        ({"limit": 0}, "limit"),
        ({"limit": 51}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": 2.5}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": None}, "limit"),
        ({"limit": True}, "limit"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": 1_700_000_000}, "as_of"),
        ({"as_of": "2026-02-30T00:00:00Z"}, "as_of"),
        ({"as_of": "0001-01-01T00:00:00+14:00"}, "as_of"),
        ({"as_of": ""}, "as_of"),
        ({"explain": "yes"}, "explain"),
        ({"explain": 1}, "explain"),
        ({"explain": None}, "explain"),
        ({"purposes": []}, "purposes"),
        ({"purposes": "support"}, "purposes"),
        ({"purposes": ["espionage"]}, "purposes"),
        ({"purposes": [["support"]]}, "purposes"),
        ({"purposes": [None]}, "purposes"),
        ({"purposes": ["support"] * 4}, "purposes"),
        ({"purposes": None}, "purposes"),
    ],
)
def test_bad_input_is_refused_by_field(
    alice: User, elena: Customer, body: dict[str, Any], field: str
) -> None:
    answer = ask(signed_in(alice), **body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_everything_wrong_is_told_at_once(alice: User) -> None:
    answer = signed_in(alice).post(RECALL, {"limit": 0}, "application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"customer", "query", "limit"}


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"elena"', '{"limit": NaN}', "\xff", "[" * 100_000]
)
def test_a_body_that_is_no_json_object_is_refused(alice: User, body: str) -> None:
    raw = body.encode("latin-1")
    answer = signed_in(alice).post(RECALL, raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"


def test_a_body_of_another_type_is_refused(alice: User) -> None:
    answer = signed_in(alice).post(RECALL, {"customer": "elena", "query": "Where?"})
    assert answer.status_code == 415


@pytest.mark.parametrize("history", ["2", "", "maybe"])
def test_history_is_yes_or_no(alice: User, elena: Customer, history: str) -> None:
    answer = signed_in(alice).get(facts_url(), {"history": history})
    assert answer.status_code == 400
    assert list(answer.json()) == ["history"]


def test_a_path_that_cannot_be_an_id_is_refused(alice: User) -> None:
    client = signed_in(alice)
    for odd in ("%00", "x" * 201):
        answer = client.get(f"/api/v1/customers/{odd}/facts/")
        assert answer.status_code == 400
        assert list(answer.json()) == ["customer"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_recall_is_only_posted(alice: User, elena: Customer, method: str) -> None:
    answer = signed_in(alice).generic(method, RECALL)
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_facts_are_only_read(alice: User, elena: Customer, method: str) -> None:
    fact = make_fact(elena)
    assert signed_in(alice).generic(method, facts_url()).status_code == 405
    with tenant_scope(elena.tenant_id):
        assert Fact.objects.get().pk == fact.pk


def test_a_view_without_a_permission_of_its_own_is_closed_to_the_world() -> None:
    assert APIView.permission_classes == [IsAuthenticated]
