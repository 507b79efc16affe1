"""Texts ranked by an endpoint over real HTTP, within a customer's patience."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from memory.llm import gateway, metering, openai_rerank
from memory.llm.config import GatewayConfig
from memory.llm.errors import RetryableError, TerminalError
from tests.scripted_openai import PROMPT_TOKENS, ScriptedOpenAI

TEXTS = ["Lives in Ghent.", "Ordered a laptop.", "Likes tea."]


@pytest.fixture
def ranking(server: ScriptedOpenAI, model_data_dir: Path) -> ScriptedOpenAI:
    """A gateway whose one external model ranks."""
    gateway.configure(
        GatewayConfig(
            base_url=server.base_url,
            api_key="test-key",
            models={"rerank": "ranker-1"},
            data_dir=model_data_dir,
        )
    )
    return server


def test_each_text_gets_its_own_score_in_the_order_given(
    ranking: ScriptedOpenAI,
) -> None:
    ranking.rerank([0.1, 0.9, 0.2])
    with metering.metered() as meter:
        assert gateway.rerank("Where is my laptop?", TEXTS) == [0.1, 0.9, 0.2]
    (request,) = ranking.requests
    assert request.path == "/v1/rerank"
    assert request.headers["authorization"] == "Bearer test-key"
    assert request.body == {
        "model": "ranker-1",
        "query": "Where is my laptop?",
        "documents": TEXTS,
        "top_n": 3,
    }
    assert meter.prompt_tokens == PROMPT_TOKENS
    assert meter.waited_ms > 0


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"index": 1, "relevance_score": 2}, {"index": 0, "score": -1.5}]},
        {"data": [{"index": 0, "relevance_score": -1.5}, {"index": 1, "score": 2.0}]},
        [{"index": 1, "score": 2.0}, {"index": 0, "score": -1.5}],
    ],
)
def test_the_shapes_of_several_providers_are_read(
    ranking: ScriptedOpenAI, answer: Any
) -> None:
    ranking.raw_answer(json.dumps(answer), to="rerank")
    assert gateway.rerank("Where?", TEXTS[:2]) == [-1.5, 2.0]


@pytest.mark.parametrize(
    "answer",
    [
        '{"results": [{"index": 0, "relevance_score": 1}]}',
        '{"results": [{"index": 0, "score": 1}, {"index": 0, "score": 2}]}',
        '{"results": [{"index": 0, "score": 1}, {"index": 2, "score": 2}]}',
        '{"results": [{"index": 0, "score": 1}, {"index": 1, "score": NaN}]}',
        '{"results": [{"index": 0, "score": 1}, {"index": 1, "score": "2"}]}',
        '{"results": [{"index": false, "score": 1}, {"index": 1, "score": 2}]}',
        '{"results": "none"}',
        "[1, 2]",
        "null",
        "<html></html>",
    ],
)
def test_an_answer_without_one_score_for_each_text_is_none(
    ranking: ScriptedOpenAI, answer: str
) -> None:
    for _ in range(3):
        ranking.raw_answer(answer, to="rerank")
    with pytest.raises(RetryableError):
        gateway.rerank("Where?", TEXTS[:2])


@pytest.mark.parametrize("waits", [{"delay_s": 5.0}, {"delay_s": 0.6, "pause_s": 0.1}])
def test_it_is_waited_for_no_longer_than_its_deadline(
    ranking: ScriptedOpenAI, waits: dict[str, float]
) -> None:
    """Neither where nothing comes, nor where each piece comes in time but not all."""
    ranking.rerank([1, 2, 3], **waits)
    started = time.monotonic()
    with pytest.raises(RetryableError, match="in time"):
        gateway.rerank("Where?", TEXTS)
    assert time.monotonic() - started < openai_rerank.DEADLINE_S + 0.3


def test_a_hiccup_is_tried_again_only_where_there_is_time(
    ranking: ScriptedOpenAI,
) -> None:
    ranking.error(503, to="rerank", retry_after="0.1")
    ranking.rerank([1, 2, 3])
    assert gateway.rerank("Where?", TEXTS) == [1, 2, 3]
    ranking.error(429, to="rerank", retry_after="20")
    started = time.monotonic()
    with pytest.raises(RetryableError, match="429"):
        gateway.rerank("Where?", TEXTS)
    assert time.monotonic() - started < openai_rerank.DEADLINE_S


def test_a_refusal_is_final_and_does_not_quote_the_provider(
    ranking: ScriptedOpenAI,
) -> None:
    ranking.error(400, to="rerank", message="Lives in Ghent.")
    with pytest.raises(TerminalError) as caught:
        gateway.rerank("Where?", TEXTS)
    assert "Ghent" not in str(caught.value)
    assert len(ranking.requests) == 1


def test_five_failures_rest_it(ranking: ScriptedOpenAI) -> None:
    for _ in range(5):
        ranking.error(503, to="rerank", retry_after="9")
        with pytest.raises(RetryableError, match="503"):
            gateway.rerank("Where?", TEXTS)
    with pytest.raises(RetryableError, match="rest"):
        gateway.rerank("Where?", TEXTS)
    assert len(ranking.requests) == 5


def test_another_endpoint_gets_its_own_key_and_nobody_elses(
    server: ScriptedOpenAI, model_data_dir: Path
) -> None:
    server.rerank([1, 2, 3])
    gateway.configure(
        GatewayConfig(
            base_url="http://127.0.0.1:9/v1",
            api_key="reply-key",
            models={"reply": "gpt-4o-mini", "rerank": "ranker-1"},
            data_dir=model_data_dir,
            rerank_base_url=server.base_url,
            rerank_api_key="rank-key",
        )
    )
    gateway.rerank("Where?", TEXTS)
    assert server.requests[0].headers["authorization"] == "Bearer rank-key"
    assert "rank-key" not in repr(GatewayConfig(rerank_api_key="rank-key"))


def test_no_language_model_stands_in_for_one_that_ranks(model_data_dir: Path) -> None:
    gateway.configure(
        GatewayConfig(
            api_key="k", models={"reply": "gpt-4o-mini"}, data_dir=model_data_dir
        )
    )
    assert not gateway.can_rerank()
    assert gateway.model_name("rerank") == gateway.EMBEDDED
    with pytest.raises(TerminalError, match="ranks"):
        gateway.rerank("Where?", TEXTS)


@pytest.fixture(autouse=True)
def unconfigured(embedded: None) -> None:
    """Begin without any model."""
