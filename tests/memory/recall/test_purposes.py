"""What is kept for one purpose is never recalled for another, on any way in."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from accounts.models import Customer, User
from accounts.scope import customer_scope
from chat.memory_search import MemorySearch
from memory import facts, recall
from memory.extraction.keys import CATALOGUE
from memory.extraction.keys.specs import BILLING, MARKETING, PURPOSES, SUPPORT
from memory.known import known
from memory.models import Fact
from memory.working import Limits
from tests.clients import signed_in
from tests.conftest import make_conversation
from tests.memory.remembered import remember

pytestmark = pytest.mark.usefixtures("rows")

TOLD = {
    SUPPORT: ("city", "Ghent", "Lives in Ghent and wants the newsletter there."),
    BILLING: ("payment_method", "invoice", "Pays for the newsletter by invoice."),
    MARKETING: ("newsletter", "yes", "Newsletter: yes, every week."),
}
QUESTION = "Does she want the newsletter every week?"
ASKED = [
    purposes
    for size in range(len(PURPOSES) + 1)
    for purposes in combinations(PURPOSES, size)
]


@pytest.fixture
def told(elena: Customer) -> dict[str, Fact]:
    """A fact of each purpose, all of which fit one question."""
    made = {}
    for purpose, (key, value, text) in TOLD.items():
        assert CATALOGUE[key].purpose == purpose
        made[purpose] = remember(elena, key, value, text)
    return made


def named(found: Any) -> set[str]:
    by_text = {text: purpose for purpose, (_, _, text) in TOLD.items()}
    return {by_text[text] for text in found}


@pytest.mark.parametrize("asked", ASKED, ids="+".join)
def test_each_set_of_purposes_finds_its_own_and_nothing_else(
    told: dict[str, Fact], elena: Customer, asked: tuple[str, ...]
) -> None:
    query = recall.prepare(QUESTION, tenant_id=elena.tenant_id, customer_id=elena.id)
    with customer_scope(elena.tenant_id, elena.id):
        found = recall.recall(query, customer_id=elena.id, purposes=asked)
    assert named(memory.text for memory in found) == set(asked)


def test_the_read_path_is_for_support_and_its_bills(
    told: dict[str, Fact], elena: Customer
) -> None:
    found = recall.find(QUESTION, tenant_id=elena.tenant_id, customer_id=elena.id)
    assert named(memory.text for memory in found) == {SUPPORT, BILLING}


@pytest.mark.parametrize("asked", [None, *ASKED[1:]], ids=str)
def test_the_api_shows_what_it_was_asked_for(
    told: dict[str, Fact], elena: Customer, alice: User, asked: tuple[str, ...] | None
) -> None:
    make_conversation(elena)
    body: dict[str, Any] = {"customer": elena.external_id, "query": QUESTION}
    if asked:
        body["purposes"] = list(asked)
    answer = signed_in(alice).post(
        "/api/v1/recall/", body, content_type="application/json"
    )
    assert answer.status_code == 200
    found = named(result["text"] for result in answer.json()["results"])
    assert found == set(asked or (SUPPORT, BILLING))


def test_the_tool_of_the_model_finds_nothing_for_marketing(
    told: dict[str, Fact], elena: Customer
) -> None:
    search = MemorySearch(elena.tenant_id, elena.id, uuid4())
    found = json.loads(search.found(QUESTION, actor="assistant:test"))["memories"]
    assert named(memory["text"] for memory in found) == {SUPPORT, BILLING}


def test_no_answer_is_given_the_facts_for_marketing(
    told: dict[str, Fact], elena: Customer
) -> None:
    with customer_scope(elena.tenant_id, elena.id):
        kept = Limits(messages=50, tokens=8_000, sessions=100, session_s=600)
        for _ in ("from the database", "from working memory"):
            given = known(elena.id, uuid4(), limits=kept).facts
            assert named(fact.text for fact in given) == {SUPPORT, BILLING}


def test_the_measuring_command_asks_for_support(
    told: dict[str, Fact], elena: Customer, tmp_path: Path
) -> None:
    asked = {"id": "q1", "customer": elena.external_id, "query": QUESTION}
    questions, out = tmp_path / "questions.jsonl", tmp_path / "out.jsonl"
    questions.write_text(json.dumps(asked))
    slug = elena.tenant.slug
    call_command(
        "recall_questions", str(questions), "--tenant", slug, "--out", str(out)
    )
    (line,) = out.read_text().splitlines()
    found = json.loads(line)["results"]
    assert named(result["text"] for result in found) == {SUPPORT, BILLING}


def test_consent_that_was_withdrawn_is_found_for_no_purpose(
    told: dict[str, Fact], elena: Customer
) -> None:
    with customer_scope(elena.tenant_id, elena.id):
        message_id = told[MARKETING].evidence.get().message_id
        assert message_id is not None
        facts.withdraw(customer_id=elena.id, message_ids=[message_id])
    query = recall.prepare(QUESTION, tenant_id=elena.tenant_id, customer_id=elena.id)
    with customer_scope(elena.tenant_id, elena.id):
        found = recall.recall(query, customer_id=elena.id, purposes=PURPOSES)
    assert named(memory.text for memory in found) == {SUPPORT, BILLING}
