"""What a message is about, what that does to recall, and who decides."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from accounts.models import AuditEvent, Customer, Tenant, User
from accounts.scope import tenant_scope
from memory import recall, retention, working
from memory.llm import embedding, gateway, metering
from memory.llm.config import GatewayConfig
from memory.llm.errors import TerminalError
from memory.models import IntentExample, MemorySettings
from memory.recall import Intent, intents
from memory.recall.intents import by_model, own
from memory.recall.intents import desk as desks
from memory.recall.intents.nearest import Example, Examples, neighbours, vote
from tests.benchmarks.intents import SEEN, UNSEEN, accuracy, judged, skipped_content
from tests.scripted_openai import ScriptedOpenAI

EMBEDDED = GatewayConfig(data_dir=Path(settings.DATA_DIR))
ASKED = "Could you put the kettle on hold for me?"


@pytest.fixture(autouse=True)
def embedded_model() -> Iterator[None]:
    gateway.configure(EMBEDDED)
    yield
    gateway.configure(EMBEDDED)


@pytest.fixture
def model(embedded_model: None) -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as server:
        models = {"reply": "gpt-4o-mini", "classify": "gpt-4.1-nano"}
        connected = replace(
            EMBEDDED, base_url=server.base_url, api_key="k", models=models
        )
        gateway.configure(connected)
        yield server


def decide_by_model(tenant: Tenant) -> None:
    with tenant_scope(tenant.id):
        MemorySettings.objects.create(tenant=tenant, intents_by_model=True)


# --- How well ------------------------------------------------------------------------


def test_messages_are_told_apart_and_no_content_is_skipped() -> None:
    seen, unseen = judged(SEEN), judged(UNSEEN)
    assert len(seen) + len(unseen) >= 400
    assert accuracy(seen) >= 0.92
    assert accuracy(unseen) >= 0.75
    assert accuracy([*seen, *unseen]) >= 0.88
    assert skipped_content([*seen, *unseen]) == []
    small = [row for row in (*seen, *unseen) if row.label == intents.SMALL_TALK]
    assert sum(row.skipped for row in small) >= len(small) / 2


def test_the_catalogue_is_as_large_as_it_says_and_holds_no_test() -> None:
    texts = [text for own_texts in intents.built_in().values() for text in own_texts]
    assert all(len(each) >= 15 for each in intents.built_in().values())
    assert set(intents.built_in()) == set(intents.INTENTS)
    plain = [" ".join(text.lower().split()) for text in texts]
    assert len(plain) == len(set(plain))
    asked = {" ".join(row.text.lower().split()) for row in judged(UNSEEN)}
    assert not asked & set(plain)


# --- What it does --------------------------------------------------------------------


def test_an_intent_tips_a_scale_and_decides_nothing_alone() -> None:
    for kind in intents.INTENTS.values():
        assert set(kind.route.weights) <= set(retention.KINDS)
        assert all(0.8 <= each <= 1.25 for each in kind.route.weights.values())
    assert intents.route_of(Intent("past", 0.9)).weight("episode") > 1
    assert intents.route_of(Intent("past", 0.9)).weight("fact") == 1.0
    assert intents.route_of(Intent("gone", 0.9)) == intents.route_of(None)
    skipping = [k.name for k in intents.INTENTS.values() if k.route.skips_recall]
    assert skipping == [intents.SMALL_TALK]


@pytest.mark.parametrize(
    ("text", "confidence", "last_said", "skips"),
    [
        ("Thanks a lot!", 0.9, "", True),
        ("Hi, how are you?", 0.9, "", True),
        ("ok", 0.9, "It is on its way.", True),
        ("Thanks a lot!", 0.5, "", False),
        ("ok", 0.9, "Shall I send the blue one?", False),
        ("ok 2", 0.9, "", False),
        ("ok Thursday", 0.9, "", False),
        ("how was it?", 0.9, "", False),
        ("thanks and see you at the warehouse", 0.9, "", False),
        ("good " * 13, 0.9, "", False),
    ],
)
def test_only_plain_small_talk_skips_recall(
    text: str, confidence: float, last_said: str, skips: bool
) -> None:
    intent = Intent(intents.SMALL_TALK, confidence)
    assert intents.skips_recall(text, intent, last_said) is skips
    assert not intents.skips_recall(text, Intent("refund", confidence))
    assert not intents.skips_recall(text, None)


def test_a_prepared_question_knows_what_it_is_about(elena: Customer) -> None:
    query = recall.prepare(
        "I want my money back!", tenant_id=elena.tenant_id, customer_id=elena.id
    )
    assert query.intent is not None
    assert query.intent.name == "refund"
    assert 0.3 < query.intent.confidence <= 1


def test_vectors_of_another_model_are_not_compared(desk: Tenant) -> None:
    other = replace(embedding.INFO, name="another", dims=8)
    found = intents.classify(
        "Where is my order?",
        tenant_id=desk.id,
        vector=np.ones(8, dtype=np.float32),
        model=other,
    )
    assert found.name == "order_status"


def test_without_usable_weights_a_question_is_about_something_else(
    desk: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unusable(*_: object, **__: object) -> None:
        raise TerminalError("The weights are missing.")

    monkeypatch.setattr(gateway, "embed", unusable)
    assert intents.classify("Hello", tenant_id=desk.id) == Intent(intents.OTHER, 0.0)


# --- A desk's own --------------------------------------------------------------------


def test_a_desks_own_example_counts_double() -> None:
    vectors = np.eye(2, 384, dtype=np.float32)
    ours = Examples([("refund", "a")], vectors[:1], own=False)
    theirs = Examples([("billing", "b")], vectors[:1], own=True)
    found = neighbours(vectors[0], [ours, theirs])
    assert {each.text for each in found} == {"a", "b"}
    shares = vote(found, {})
    assert shares["billing"] == pytest.approx(2 * shares["refund"])
    assert vote([Example("refund", "far", similarity=0.0)], {})["refund"] < 0.05


def test_what_an_admin_adds_counts_at_once_and_for_her_desk_alone(
    live_db: None, desk: Tenant, other_desk: Tenant, ada: User
) -> None:
    said = "Please moor my boat at the east jetty"
    before = intents.classify(said, tenant_id=desk.id)
    assert before.name != "complaint"
    with tenant_scope(desk.id):
        example = own.add(user=ada, intent="complaint", text=said)
    assert intents.classify(said, tenant_id=desk.id).name == "complaint"
    reading = intents.read(said, tenant_id=desk.id)
    assert reading.nearest[0].own
    assert reading.nearest[0].text == said
    assert intents.classify(said, tenant_id=other_desk.id) == before
    with tenant_scope(desk.id):
        own.change(user=ada, example=example, intent="product", text=said)
    assert intents.classify(said, tenant_id=desk.id).name == "product"
    with tenant_scope(desk.id):
        own.delete(user=ada, example=example)
    assert intents.classify(said, tenant_id=desk.id) == before
    with tenant_scope(desk.id):
        events = AuditEvent.objects.filter(subject_type="intent_example")
        told = [(e.action, e.detail) for e in events.order_by("seq")]
    assert told == [
        ("intent_example.added", {"intent": "complaint"}),
        ("intent_example.changed", {"intent": "product"}),
        ("intent_example.deleted", {"intent": "product"}),
    ]


def test_examples_are_read_again_only_when_they_changed(
    desk: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    loaded = desks._loaded

    def counted(*args: object) -> desks.Desk:
        reads.append(args)
        return loaded(*args)  # type: ignore[arg-type]  # whatever it was called with

    monkeypatch.setattr(desks, "_loaded", counted)
    for _ in range(3):
        intents.classify("Hello", tenant_id=desk.id)
    assert len(reads) == 1
    desks.changed(desk.id)
    intents.classify("Hello", tenant_id=desk.id)
    assert len(reads) == 2
    # Nobody knows whether it changed while Redis is away.
    monkeypatch.setattr(desks, "quietly", lambda *_: None)
    intents.classify("Hello", tenant_id=desk.id)
    assert len(reads) == 3


def test_the_stamp_is_the_desks_and_ends(desk: Tenant) -> None:
    intents.classify("Hello", tenant_id=desk.id)
    ttl = working.client().ttl(f"t:{desk.id.hex}:intents")
    assert 0 < ttl <= desks.STAMP_S


# --- A model -------------------------------------------------------------------------


def test_a_model_decides_only_where_the_desk_chose_it(
    desk: Tenant, model: ScriptedOpenAI
) -> None:
    assert not intents.read(ASKED, tenant_id=desk.id).by_model
    assert model.requests == []


def test_a_model_decides_by_a_strict_schema_and_is_metered(
    desk: Tenant, model: ScriptedOpenAI
) -> None:
    decide_by_model(desk)
    model.json_answer({"intent": "cancellation", "confidence": 3})
    with metering.metered() as meter:
        reading = intents.read(f"{ASKED} My password is hunter22.", tenant_id=desk.id)
    assert reading.by_model
    assert reading.intent == Intent("cancellation", 1.0)
    assert meter.prompt_tokens > 0
    sent = model.requests[-1].body
    assert sent["model"] == "gpt-4.1-nano"
    schema = sent["response_format"]["json_schema"]
    assert schema["strict"]
    assert schema["schema"]["properties"]["intent"]["enum"] == list(intents.INTENTS)
    assert "hunter22" not in json.dumps(sent)


def test_where_the_model_fails_the_examples_decide(
    desk: Tenant, model: ScriptedOpenAI
) -> None:
    decide_by_model(desk)
    model.error(400, to="json")
    reading = intents.read("Where is my parcel?", tenant_id=desk.id)
    assert not reading.by_model
    assert reading.intent.name == "order_status"
    assert len(model.requests) == 1


def test_a_reply_does_not_wait_long_for_its_intent(
    desk: Tenant, model: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_by_model(desk)
    intents.warm_up()
    monkeypatch.setattr(by_model, "PATIENCE_S", 0.3)
    model.json_answer({"intent": "complaint", "confidence": 1}, delay_s=1.5)
    started = time.monotonic()
    reading = intents.read("Where is my parcel?", tenant_id=desk.id)
    assert time.monotonic() - started < 1.4
    assert (reading.intent.name, reading.by_model) == ("order_status", False)


@pytest.mark.usefixtures("embedded_model")
def test_a_choice_for_a_model_that_is_not_there_changes_nothing(desk: Tenant) -> None:
    decide_by_model(desk)
    assert intents.classify("I want a refund.", tenant_id=desk.id).name == "refund"


def test_an_example_has_one_desk_and_no_text_in_its_name(
    desk: Tenant, ada: User
) -> None:
    with tenant_scope(desk.id):
        example = own.add(user=ada, intent="refund", text="Money back, please")
        assert "Money" not in str(example)
        assert IntentExample.objects.get().tenant_id == desk.id
