"""How large a request may be."""

import asyncio
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from config.limits import MAX_BODY_BYTES, BodyLimit


def send(
    *pieces: bytes, announced: str | None = None, path: str = "/healthz"
) -> tuple[int, int]:
    """Send a body in pieces; return the status and how many pieces were taken."""
    waiting = list(pieces)
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(60)
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def answer(message: dict[str, Any]) -> None:
        answers.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"text/plain")]
    if announced is not None:
        headers.append((b"content-length", announced.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    application = BodyLimit(get_asgi_application())
    asyncio.run(application(scope, receive, answer))
    assert [message["type"] for message in answers] == [
        "http.response.start",
        "http.response.body",
    ]
    return answers[0]["status"], len(pieces) - len(waiting)


@pytest.mark.parametrize(
    "announced", [str(MAX_BODY_BYTES + 1), "9" * 5_000, "-1", "1e9", "ten", ""]
)
def test_a_body_that_says_it_is_too_large_is_not_read(announced: str) -> None:
    assert send(b"x", announced=announced) == (413, 0)


def test_a_body_without_end_is_read_up_to_the_limit() -> None:
    piece = b"x" * 65_536
    status, taken = send(*[piece] * 100)
    assert status == 413
    assert taken == MAX_BODY_BYTES // len(piece) + 1


def test_a_body_within_the_limit_is_served() -> None:
    status, _ = send(b"x" * MAX_BODY_BYTES, path="/nowhere/")
    assert status == 404
