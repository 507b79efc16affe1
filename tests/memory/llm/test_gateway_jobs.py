"""JSON answers and embeddings over real HTTP."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.llm import gateway
from memory.llm.config import GatewayConfig
from memory.llm.errors import RetryableError, TerminalError
from memory.llm.types import Usage
from tests.memory.llm.conftest import Connect
from tests.scripted_openai import EMBEDDING_DIMS, PROMPT_TOKENS, ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("connect")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "topics": {"type": "array", "items": {"type": "string"}},
        "sentiment": {"type": "string", "enum": ["positive", "neutral", "negative"]},
    },
    "required": ["topics", "sentiment"],
    "additionalProperties": False,
}
ANSWER = {"topics": ["refund"], "sentiment": "neutral"}


def completed() -> tuple[dict[str, Any], Usage]:
    return gateway.complete_json(
        "consolidate",
        system="You summarise.",
        prompt="The conversation …",
        schema=SCHEMA,
        schema_name="analysis",
    )


def test_a_json_answer_is_asked_for_by_strict_schema(server: ScriptedOpenAI) -> None:
    server.json_answer(ANSWER)
    answer, usage = completed()
    assert answer == ANSWER
    assert (usage.model, usage.prompt_tokens) == ("gpt-4.1", PROMPT_TOKENS)
    asked = server.requests[0].body["response_format"]["json_schema"]
    assert asked == {"name": "analysis", "schema": SCHEMA, "strict": True}


@pytest.mark.parametrize(
    "bad",
    [
        "Sure! topics: refund",
        '{"topics": ["refund"]}',
        '{"topics": "refund", "sentiment": "neutral"}',
        '{"topics": [1], "sentiment": "neutral"}',
        '{"topics": [], "sentiment": "furious"}',
        "[]",
    ],
)
def test_a_bad_answer_is_repaired_once_and_both_calls_are_metered(
    server: ScriptedOpenAI, bad: str
) -> None:
    server.text_answer(bad)
    server.text_answer('```json\n{"topics": ["refund"], "sentiment": "neutral"}\n```')
    answer, usage = completed()
    assert answer == ANSWER
    assert usage.prompt_tokens == 2 * PROMPT_TOKENS
    assert server.requests[1].body["messages"][2]["content"] == bad


def test_two_bad_answers_are_an_error_that_does_not_quote_them(
    server: ScriptedOpenAI,
) -> None:
    server.text_answer("Anna lives in Ghent")
    server.text_answer("Anna lives in Ghent")
    with pytest.raises(RetryableError, match="not JSON") as caught:
        completed()
    assert "Anna" not in str(caught.value)


def test_an_endpoint_without_schemas_gets_plain_json_mode(
    server: ScriptedOpenAI,
) -> None:
    server.error(400, to="json", message="response_format json_schema is unknown")
    server.json_answer(ANSWER)
    server.json_answer(ANSWER)
    assert completed()[0] == ANSWER
    assert completed()[0] == ANSWER
    forms = [request.body["response_format"]["type"] for request in server.requests]
    assert forms == ["json_schema", "json_object", "json_object"]
    assert '"sentiment"' in server.requests[1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "context_length_exceeded", TerminalError),
        (403, "", TerminalError),
        (429, "insufficient_quota", TerminalError),
        (502, "", RetryableError),
    ],
)
def test_errors_say_whether_to_try_again_and_never_quote_the_provider(
    server: ScriptedOpenAI, connect: Connect, status: int, code: str, kind: type
) -> None:
    connect(timeout_s=0.3)
    server.error(status, to="json", code=code, message="Anna's prompt")
    with pytest.raises(kind) as caught:
        completed()
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("body", ["{broken", '{"choices": []}', '"text"'])
def test_an_unreadable_answer_can_be_tried_again(
    server: ScriptedOpenAI, connect: Connect, body: str
) -> None:
    connect(timeout_s=0.3)
    server.raw_answer(body)
    with pytest.raises(RetryableError):
        completed()


def test_embeddings_go_out_by_the_hundred_and_come_back_in_order(
    server: ScriptedOpenAI,
) -> None:
    texts = [f"text {number}" for number in range(230)]
    vectors, usage = gateway.embed_metered(texts)
    sizes = [len(request.body["input"]) for request in server.requests]
    assert sizes == [100, 100, 30]
    assert vectors.shape == (230, EMBEDDING_DIMS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[201], gateway.embed(["text 201"])[0])
    assert usage.prompt_tokens == 3 * PROMPT_TOKENS


def test_a_query_is_embedded_once(server: ScriptedOpenAI) -> None:
    first = gateway.embed(["where is my laptop"])
    first[0, 0] = 9
    again = gateway.embed(["where is my laptop"])
    assert len(server.requests) == 1
    assert again[0, 0] != 9


def test_no_texts_make_an_empty_matrix() -> None:
    assert gateway.embed([]).shape == (0, EMBEDDING_DIMS)


def test_a_missing_vector_is_an_error(server: ScriptedOpenAI, connect: Connect) -> None:
    connect(timeout_s=0.3)
    server.embeddings([[1.0, 0.0]])
    with pytest.raises(RetryableError, match="one embedding per text"):
        gateway.embed(["one", "two"])


def test_the_dimensions_of_an_unknown_model_are_learnt(server: ScriptedOpenAI) -> None:
    info = gateway.embedding_model()
    assert (info.name, info.dims) == ("scripted-embed", EMBEDDING_DIMS)
    gateway.embedding_model()
    assert len(server.requests) == 1


def test_embeddings_never_fall_back_to_another_model(
    server: ScriptedOpenAI, connect: Connect
) -> None:
    connect(timeout_s=0.3)
    for _ in range(5):
        server.error(500, to="embeddings")
        with pytest.raises(RetryableError, match="500"):
            gateway.embed(["a text"])
    with pytest.raises(RetryableError, match="rest"):
        gateway.embed(["a text"])
    assert len(server.requests) == 5


def test_without_a_model_a_json_job_is_refused(model_data_dir: Path) -> None:
    gateway.configure(GatewayConfig(data_dir=model_data_dir))
    with pytest.raises(TerminalError, match="No language model"):
        completed()
