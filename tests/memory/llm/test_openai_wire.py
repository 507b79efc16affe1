"""Odd answers of endpoints that are only almost compatible."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from memory.llm.config import GatewayConfig
from memory.llm.openai_wire import StreamedAnswer, _retry_after_s


def chunk(calls: list[dict[str, Any]]) -> ChatCompletionChunk:
    """Build a chunk as the client does: without validation."""
    choice = {"index": 0, "delta": {"tool_calls": calls}}
    return ChatCompletionChunk.construct(choices=[choice])


def call_part(index: int | None, call_id: str, arguments: str) -> dict[str, Any]:
    function = {"name": "look_up", "arguments": arguments}
    return {"index": index, "id": call_id, "function": function}


@pytest.mark.parametrize("indexes", [(0, 1), (0, 0), (None, None)])
def test_two_calls_stay_two_whatever_their_index(
    indexes: tuple[int | None, int | None],
) -> None:
    answer = StreamedAnswer()
    answer.take(chunk([call_part(indexes[0], "a", '{"n": 1}')]))
    answer.take(chunk([call_part(indexes[1], "b", '{"n": 2}')]))
    calls = answer.tool_calls()
    assert [(call.id, call.arguments) for call in calls] == [
        ("a", {"n": 1}),
        ("b", {"n": 2}),
    ]


def test_a_call_without_id_and_arguments_gets_both() -> None:
    answer = StreamedAnswer()
    answer.take(chunk([call_part(0, "", "")]))
    call = answer.tool_calls()[0]
    assert call.id
    assert call.arguments == {}


def test_retry_after_may_be_a_date() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = _retry_after_s(header)
    assert seconds is not None
    assert 25 < seconds <= 30


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("-1", 0), ("soon", None), (None, None)]
)
def test_retry_after_in_seconds_or_nonsense(
    header: str | None, seconds: float | None
) -> None:
    assert _retry_after_s(header) == seconds


def test_the_key_does_not_show_in_the_configuration() -> None:
    assert "sk-secret" not in repr(GatewayConfig(api_key="sk-secret"))


@pytest.mark.parametrize(
    ("config", "job", "model"),
    [
        (GatewayConfig(models={"reply": "m"}), "reply", ""),
        (GatewayConfig(api_key="k", models={"reply": "m"}), "judge", "m"),
        (GatewayConfig(api_key="k", models={"reply": "m"}), "embed", ""),
        (
            GatewayConfig(base_url="u", models={"reply": "m", "judge": "j"}),
            "judge",
            "j",
        ),
    ],
)
def test_each_job_finds_its_model(config: GatewayConfig, job: Any, model: str) -> None:
    assert config.model_for(job) == model
