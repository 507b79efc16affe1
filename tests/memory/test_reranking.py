"""What a connected model does to the order of what was recalled, and what it costs."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Customer
from accounts.scope import tenant_scope
from memory import recall
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from memory.recall import Reasons, Recalled, reranking
from tests.memory.remembered import remember, say
from tests.scripted_openai import ScriptedOpenAI

EMBEDDED = GatewayConfig(data_dir=Path(settings.DATA_DIR))


@pytest.fixture
def ranking() -> Iterator[ScriptedOpenAI]:
    """A connected model that ranks; everything else stays embedded."""
    with ScriptedOpenAI() as server:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                models={"rerank": "ranker-1"},
                data_dir=EMBEDDED.data_dir,
            )
        )
        yield server
        gateway.configure(EMBEDDED)


def memory(text: str, score: float) -> Recalled:
    return Recalled(
        id=uuid4(),
        kind="message",
        source_id=uuid4(),
        conversation_id=None,
        message_ids=(),
        text=text,
        occurred_at=timezone.now(),
        score=score,
        reasons=Reasons(0.5, 1, None, 1.0, parts={"fused": score}),
    )


def test_its_scores_are_joined_to_ours_and_said_among_the_reasons(
    ranking: ScriptedOpenAI,
) -> None:
    found = [memory("a", 0.9), memory("b", 0.6), memory("c", 0.5)]
    ranking.rerank([-4.0, 6.0, 1.0])
    best = reranking.reranked("Which?", found)
    assert [each.text for each in best] == ["b", "a", "c"]
    assert [each.reasons.parts["rerank"] for each in best] == [6.0, -4.0, 1.0]
    assert best[0].reasons.parts["fused"] == 0.6
    # Halves of 1 and 0.25, of 0 and 1, of 0.5 and 0; between 0.5 and 0.9.
    assert [each.score for each in best] == pytest.approx([0.75, 0.7, 0.6])


def test_what_both_think_best_is_best_and_scores_stay_where_recall_put_them(
    ranking: ScriptedOpenAI,
) -> None:
    found = [memory(str(n), 0.02 - n / 10_000) for n in range(40)]
    ranking.rerank([float(-n) for n in range(reranking.CANDIDATES)])
    best = reranking.reranked("Which?", found)
    assert [each.text for each in best] == [str(n) for n in range(40)]
    assert len(ranking.requests[0].body["documents"]) == reranking.CANDIDATES
    assert best[0].score == pytest.approx(found[0].score)
    assert [each.score for each in best] == sorted(
        (each.score for each in best), reverse=True
    )
    assert "rerank" not in best[-1].reasons.parts


def test_equal_scores_change_nothing(ranking: ScriptedOpenAI) -> None:
    found = [memory("a", 0.5), memory("b", 0.5)]
    ranking.rerank([0.3, 0.3])
    assert [each.text for each in reranking.reranked("?", found)] == ["a", "b"]


@pytest.mark.parametrize("fault", ["slow", "refused", "nonsense", "away"])
def test_without_its_answer_the_order_stays_and_one_line_is_logged(
    ranking: ScriptedOpenAI, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    match fault:
        case "slow":
            ranking.rerank([1.0, 2.0], delay_s=5)
        case "refused":
            ranking.error(403, to="rerank")
        case "nonsense":
            ranking.raw_answer("{}", to="rerank")
        case "away":
            gateway.configure(
                GatewayConfig(
                    base_url="http://127.0.0.1:9/v1",
                    models={"rerank": "ranker-1"},
                    data_dir=EMBEDDED.data_dir,
                )
            )
    found = [memory("canary-a", 0.9), memory("canary-b", 0.6)]
    with caplog.at_level(logging.INFO, logger="memory"):
        assert reranking.reranked("canary-question", found) == found
    (line,) = [r.getMessage() for r in caplog.records if r.name.startswith("memory")]
    assert line.startswith("Not ranked again: ")
    assert "canary" not in caplog.text


def test_the_read_path_ranks_outside_of_any_transaction_and_records_what_it_sends(
    live_db: None,
    elena: Customer,
    ranking: ScriptedOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fact = remember(elena, "city", "Ghent", "Lives in Ghent.")
    say(elena, "Ghent is a fine city to live in", "I like tulips")
    recorded: list[AuditEvent] = []
    real, held = gateway.rerank, []

    def watched(query: str, texts: Any) -> list[float]:
        held.append(connection.in_atomic_block)
        with tenant_scope(elena.tenant_id):
            recorded.extend(AuditEvent.objects.filter(action="memory.read"))
        ranking.rerank([9.0 if text == "I like tulips" else 0.0 for text in texts])
        return real(query, texts)

    monkeypatch.setattr(gateway, "rerank", watched)
    found = find(elena, "Where does she live?", limit=2)
    assert held == [False]
    assert len(found) == 2
    assert "I like tulips" in [each.text for each in found]
    # Before it was on its way, with ids and without a word.
    (event,) = recorded
    assert event.actor == "assistant:ranker-1"
    assert event.customer_ref == elena.id
    assert event.detail["purpose"] == "rerank"
    assert event.detail["recalled_fact"] == [str(fact.id)]
    assert len(event.detail["recalled_message"]) == 2


def test_with_no_model_that_ranks_nothing_is_sent_and_nothing_recorded(
    live_db: None, elena: Customer
) -> None:
    gateway.configure(EMBEDDED)
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    say(elena, "I like tulips")
    assert reranking.wanted(3) == 3
    best, _ = find(elena, "Where does she live?")
    assert best.text == "Lives in Ghent."
    assert best.reasons.parts.get("rerank") is None
    with tenant_scope(elena.tenant_id):
        assert not AuditEvent.objects.filter(action="memory.read").exists()


def test_one_memory_alone_is_not_sent(
    live_db: None, elena: Customer, ranking: ScriptedOpenAI
) -> None:
    remember(elena, "city", "Ghent", "Lives in Ghent.")
    assert len(find(elena, "Where does she live?")) == 1
    assert ranking.requests == []
    with tenant_scope(elena.tenant_id):
        assert not AuditEvent.objects.filter(action="memory.read").exists()


def find(customer: Customer, text: str, **options: Any) -> list[Recalled]:
    return recall.find(
        text, tenant_id=customer.tenant_id, customer_id=customer.id, **options
    )
