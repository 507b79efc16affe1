"""Strategies under Settings: chosen, described, tried, turned on, and off again."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from chat import remembering
from memory import strategies
from memory.models import (
    CustomStrategy,
    Embedding,
    Fact,
    MemorySettings,
    ReviewItem,
    Summary,
)
from memory.strategies import custom
from tests.clients import signed_in
from tests.conftest import make_conversation
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")

SCHEMA = {
    "type": "object",
    "properties": {
        "machine": {"type": "string"},
        "systems": {"type": "array", "items": {"type": "string"}},
    },
}
FIELDS = {
    "name": "equipment",
    "instructions": "Which machines she uses.",
    "schema": json.dumps(SCHEMA),
    "reason": "For the fleet team",
}
WHY = {"reason": "Asked by the team"}
SAID = "I use a Hutch 7 with Debian. My password is hunter22."


@pytest.fixture
def admin(ada: User) -> Client:
    return signed_in(ada)


@pytest.fixture
def strategy(admin: Client, ada: User) -> CustomStrategy:
    assert admin.post("/settings/strategies/new/", FIELDS).status_code == 302
    return stored(ada)


def stored(user: User) -> CustomStrategy:
    with tenant_scope(user.tenant_id):
        row: CustomStrategy = CustomStrategy.objects.get()
        return row


def actions(user: User) -> list[str]:
    with tenant_scope(user.tenant_id):
        events = AuditEvent.objects.filter(action__regex="^(strateg|memory_settings)")
        return list(events.order_by("seq").values_list("action", flat=True))


def claim(span: str, line: int = 0, **value: Any) -> dict[str, Any]:
    return {
        "line": line, "span": span, "certainty": "plain", "confidence": 0.9,
        "value": {"machine": None, "systems": [], **value},
    }  # fmt: skip


GOOD = claim("I use a Hutch 7 with Debian", machine="Hutch 7", systems=["Debian"])
SECRET = claim("My password is hunter22", machine="hunter22")
WRONG_SHAPE = claim("I use a Hutch 7")


def at(row: CustomStrategy, act: str = "") -> str:
    return f"/settings/strategies/{row.pk}/{act}"


# --- Choosing -------------------------------------------------------------------------


def test_an_admin_chooses_and_the_next_conversation_goes_by_it(
    admin: Client, ada: User, elena: Customer
) -> None:
    page = admin.get("/settings/strategies/")
    assert page.text.count('name="strategies"') == 4
    assert page.text.count(" checked>") - page.text.count("switch checked") == 3
    answer = admin.post(
        "/settings/strategies/choose/", {"strategies": ["preferences"], **WHY}
    )
    assert answer.status_code == 302
    assert actions(ada) == ["memory_settings.changed"]
    talk = make_conversation(elena, "I live in Ghent. I love green tea.")
    assert remembering.consolidate(elena.tenant_id, elena.id, talk.id)
    with tenant_scope(elena.tenant_id):
        assert {fact.kind for fact in Fact.objects.all()} == {"preference"}
        assert not Summary.objects.exists()
        marks = set(Fact.objects.values_list("made_by", flat=True))
        assert marks == {"preferences/embedded"}


@pytest.mark.parametrize(
    "fields", [{"strategies": ["all"], **WHY}, {"strategies": ["discrete"]}]
)
def test_a_strategy_that_is_none_or_no_reason_changes_nothing(
    admin: Client, ada: User, fields: dict[str, Any]
) -> None:
    assert admin.post("/settings/strategies/choose/", fields).status_code == 422
    with tenant_scope(ada.tenant_id):
        assert not MemorySettings.objects.exists()


# --- Describing -----------------------------------------------------------------------


def test_a_new_strategy_is_off_and_logged(
    admin: Client, ada: User, strategy: CustomStrategy
) -> None:
    assert (strategy.enabled, strategy.version, strategy.trial) == (False, 1, {})
    assert strategy.changed_by_id == ada.pk
    assert actions(ada) == ["strategy.added"]
    assert "equipment" in admin.get("/settings/strategies/").text
    assert "Which machines she uses." in admin.get(at(strategy)).text


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "No Name"}, {"name": "-"}, {"name": "x" * 41}, {"schema": "[]"},
        {"schema": '{"type": "object"}'}, {"schema": "{"}, {"schema": "[" * 5_000},
        {"instructions": ""}, {"instructions": "x" * 2_001}, {"reason": ""},
        {"schema": '{"type":"object","properties":{"a":{"$ref":"http://x.example"}}}'},
    ],
)  # fmt: skip
def test_what_cannot_be_one_is_refused(
    admin: Client, ada: User, changes: dict[str, str]
) -> None:
    answer = admin.post("/settings/strategies/new/", FIELDS | changes)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert actions(ada) == []


def test_a_name_is_taken_once(admin: Client, strategy: CustomStrategy) -> None:
    answer = admin.post("/settings/strategies/new/", FIELDS)
    assert "Another strategy has this name." in answer.text


def test_a_change_is_the_next_version_and_turns_it_off(
    admin: Client, ada: User, strategy: CustomStrategy
) -> None:
    passed(ada, strategy)
    assert admin.post(at(strategy, "enable/"), WHY).status_code == 302
    assert stored(ada).enabled
    changed = FIELDS | {"instructions": "Which phones.", "name": "other"}
    assert admin.post(at(strategy), changed).status_code == 302
    row = stored(ada)
    assert (row.version, row.enabled, row.trial, row.tried_at) == (2, False, {}, None)
    # Its facts bear its name.
    assert (row.name, row.instructions) == ("equipment", "Which phones.")
    assert admin.post(at(strategy, "enable/"), WHY).status_code == 422


def passed(user: User, row: CustomStrategy, **numbers: int) -> bool:
    with tenant_scope(user.tenant_id):
        return custom.keep_trial(
            user=user,
            strategy_id=row.pk,
            version=row.version,
            numbers={"read": 1, "schema_errors": 0, **numbers},
        )


# --- Trying ---------------------------------------------------------------------------


def test_a_dry_run_shows_all_and_stores_numbers_only(
    admin: Client,
    ada: User,
    elena: Customer,
    strategy: CustomStrategy,
    model: ScriptedOpenAI,
) -> None:
    make_conversation(elena, SAID)
    model.json_answer({"found": [GOOD, SECRET]})
    answer = admin.post(at(strategy, "try/"))
    assert answer.status_code == 200
    assert "equipment:machine" in answer.text
    assert "Hutch 7" in answer.text
    assert "Holds a secret" in answer.text
    assert "hunter22" not in answer.text
    row = stored(ada)
    assert row.trial["read"] == row.trial["refused"] == 1
    assert (row.trial["remembered"], row.trial["refused_percent"]) == (2, 33)
    assert row.trial["prompt_tokens"] > 0
    assert "Hutch" not in json.dumps(row.trial)
    with tenant_scope(ada.tenant_id):
        for rows in (Fact, Summary, Embedding, ReviewItem):
            assert not rows.objects.exists()
        seen = AuditEvent.objects.filter(action="memory.read", customer_ref=elena.id)
        actors = set(seen.values_list("actor", flat=True))
        assert actors == {ada.actor, "assistant:gpt-4.1"}
    assert "Hutch 7" not in admin.get(at(strategy)).text
    assert actions(ada)[-1] == "strategy.tried"


def test_what_reads_as_an_order_is_left_to_people(
    admin: Client, elena: Customer, strategy: CustomStrategy, model: ScriptedOpenAI
) -> None:
    said = "I use a Hutch 7 if you like."
    make_conversation(elena, said)
    model.json_answer({"found": [claim(said, machine="if you like")]})
    answer = admin.post(at(strategy, "try/"))
    assert "Left to people" in answer.text


@pytest.mark.parametrize("failure", ["shape", "model"])
def test_what_does_not_pass_cannot_be_turned_on(
    admin: Client,
    ada: User,
    elena: Customer,
    strategy: CustomStrategy,
    model: ScriptedOpenAI,
    failure: str,
) -> None:
    make_conversation(elena, SAID)
    if failure == "shape":
        model.json_answer({"found": [GOOD, WRONG_SHAPE]})
    else:
        model.error(401, to="json")
    assert admin.post(at(strategy, "try/")).status_code == 200
    answer = admin.post(at(strategy, "enable/"), WHY)
    assert answer.status_code == 422
    assert "Try it first" in answer.text
    assert not stored(ada).enabled


def test_without_a_model_the_page_says_what_to_set(
    admin: Client, ada: User, elena: Customer, strategy: CustomStrategy
) -> None:
    make_conversation(elena, SAID)
    answer = admin.post(at(strategy, "try/"))
    assert "No language model is connected" in answer.text
    assert "OPENAI_BASE_URL" in answer.text
    assert stored(ada).tried_at is None


def test_a_desk_without_conversations_has_nothing_to_try(
    admin: Client, ada: User, strategy: CustomStrategy, model: ScriptedOpenAI
) -> None:
    assert "no conversation to read yet" in admin.post(at(strategy, "try/")).text
    assert stored(ada).tried_at is None


def test_the_numbers_of_an_older_version_are_not_kept(
    ada: User, strategy: CustomStrategy
) -> None:
    strategy.version -= 1
    assert not passed(ada, strategy)
    assert stored(ada).tried_at is None


# --- On and off -----------------------------------------------------------------------


def test_turned_on_it_remembers_and_names_itself(
    admin: Client,
    ada: User,
    elena: Customer,
    strategy: CustomStrategy,
    model: ScriptedOpenAI,
) -> None:
    passed(ada, strategy)
    assert admin.post(at(strategy, "enable/"), WHY).status_code == 302
    chosen = {"strategies": ["custom"], **WHY}
    assert admin.post("/settings/strategies/choose/", chosen).status_code == 302
    talk = make_conversation(elena, SAID)
    model.json_answer({"found": [GOOD, SECRET]})
    assert remembering.consolidate(elena.tenant_id, elena.id, talk.id)
    with tenant_scope(ada.tenant_id):
        found = set(Fact.objects.values_list("key", "value"))
        assert found == {
            ("equipment:machine", "Hutch 7"), ("equipment:systems", "Debian"),
        }  # fmt: skip
        marks = set(Fact.objects.values_list("made_by", flat=True))
        assert marks == {"custom/gpt-4.1/custom-1/equipment-1"}
    page = admin.get(f"/customers/{elena.pk}/").text
    assert "Equipment, machine: Hutch 7." in page or "Hutch 7" in page


def test_off_or_deleted_it_runs_no_more(
    admin: Client, ada: User, strategy: CustomStrategy
) -> None:
    passed(ada, strategy)
    chosen = {"strategies": ["custom"], **WHY}
    admin.post("/settings/strategies/choose/", chosen)
    admin.post(at(strategy, "enable/"), WHY)
    with tenant_scope(ada.tenant_id):
        assert [it.name for it in strategies.chosen().custom] == ["equipment"]
    assert admin.post(at(strategy, "disable/"), WHY).status_code == 302
    with tenant_scope(ada.tenant_id):
        assert strategies.chosen().custom == ()
    assert admin.post(at(strategy, "delete/"), {}).status_code == 422
    assert admin.post(at(strategy, "delete/"), WHY).status_code == 302
    with tenant_scope(ada.tenant_id):
        assert not CustomStrategy.objects.exists()
    ends = ["strategy.enabled", "strategy.disabled", "strategy.deleted"]
    assert actions(ada)[-3:] == ends


def test_no_more_than_three_are_on(ada: User, strategy: CustomStrategy) -> None:
    with tenant_scope(ada.tenant_id):
        for number in range(3):
            row = custom.save(
                user=ada,
                strategy=CustomStrategy(
                    name=f"more-{number}", instructions="x", schema=SCHEMA
                ),
                reason="x",
            )
            passed(ada, row)
            custom.enable(user=ada, strategy_id=row.pk, reason="x")
        passed(ada, strategy)
    answer = signed_in(ada).post(at(strategy, "enable/"), WHY)
    assert "Up to 3 can be on" in answer.text


def test_nobody_else_touches_it(
    ada: User, alice: User, charlie: User, strategy: CustomStrategy
) -> None:
    acts = ("", "try/", "enable/", "disable/", "delete/")
    for user, refused in ((alice, 403), (charlie, 404)):
        for act in acts:
            assert signed_in(user).post(at(strategy, act), WHY).status_code == refused
    assert stored(ada).version == 1
