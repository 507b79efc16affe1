"""An OpenAI-compatible HTTP server that answers what a test scripts.

It speaks real HTTP on a free local port, so the official client, its timeouts and its
streaming are all part of the test:

    with ScriptedOpenAI() as server:
        server.stream("Hello Anna.")
        ...  # point the product at server.base_url
        assert server.requests[0].body["messages"][-1]["content"] == "Hi"

Scripted answers wait in queues, so that a chat and a worker do not take each other's:
"stream" (streamed completions), "json" (other completions), "embeddings" and "rerank".
Each request takes the oldest answer of its queue. Embeddings need no script: with an
empty queue every text gets a vector made from its words. A completion nobody scripted
is answered with 404, or by `improvise`: what the model says of its own to a request.
"""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from typing_extensions import override

Queue = Literal["stream", "json", "embeddings", "rerank"]
Calls = Sequence[tuple[str, str, str]]
# From the body of a request to a text, and to tool calls: (id, name, arguments) each.
Improvise = Callable[[Mapping[str, Any]], tuple[str, Calls]]

EMBEDDING_DIMS = 8
PROMPT_TOKENS = 11
COMPLETION_TOKENS = 7
"""The usage that every scripted answer reports."""

_USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": COMPLETION_TOKENS,
    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
}


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as the server received it; names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What goes back: a status, a body in pieces, and how it ends."""

    pieces: tuple[str, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    pause_s: float = 0.0
    cut: bool = False


class ScriptedOpenAI:
    """The server; a context manager that starts and stops it."""

    def __init__(self, improvise: Improvise | None = None) -> None:
        self.improvise = improvise
        self.requests: list[RecordedRequest] = []
        self._queues: dict[Queue, deque[_Answer]] = {
            "stream": deque(),
            "json": deque(),
            "embeddings": deque(),
            "rerank": deque(),
        }
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """Root of the API, as the official client wants it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def asked(self) -> list[RecordedRequest]:
        """The requests but for those that judge a summary."""
        judging = "You check the summary of a support conversation"
        return [it for it in self.requests if judging not in str(it.body)]

    def pending(self) -> int:
        """Count the scripted answers that nobody has asked for yet."""
        return sum(len(queue) for queue in self._queues.values())

    def stream(
        self,
        text: str,
        *,
        delay_s: float = 0.0,
        pause_s: float = 0.0,
        usage: bool = True,
    ) -> None:
        """Script a streamed answer, one word a piece.

        Args:
            text: The answer.
            delay_s: Waited before the first piece.
            pause_s: Waited before each piece.
            usage: Whether the usage is reported at the end.
        """
        self._stream_pieces(_words(text), usage=usage, delay_s=delay_s, pause_s=pause_s)

    def cut_stream(self, text: str) -> None:
        """Script a streamed answer whose connection breaks after this text."""
        chunks = [_chunk({"content": word}) for word in _words(text)]
        self._queues["stream"].append(
            _Answer(
                pieces=tuple(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks),
                content_type="text/event-stream",
                cut=True,
            )
        )

    def tool_call(
        self, name: str, arguments: Mapping[str, Any], *, call_id: str = "call_1"
    ) -> None:
        """Script one streamed tool call, its arguments in several fragments."""
        self.tool_calls([(call_id, name, json.dumps(dict(arguments)))])

    def tool_calls(self, calls: Sequence[tuple[str, str, str]]) -> None:
        """Script streamed tool calls: (id, name, arguments as raw JSON) each."""
        chunks = []
        for index, (call_id, name, arguments) in enumerate(calls):
            head = {"name": name, "arguments": ""}
            chunks.append(_call_chunk(index, head, id=call_id, type="function"))
            for start in range(0, len(arguments), 5):
                fragment = {"arguments": arguments[start : start + 5]}
                chunks.append(_call_chunk(index, fragment))
        chunks.append(_chunk({}, finish_reason="tool_calls"))
        self._add("stream", _events(chunks, usage=True))

    def json_answer(self, answer: Mapping[str, Any], *, delay_s: float = 0.0) -> None:
        """Script a completion whose text is this object in JSON."""
        self.text_answer(json.dumps(dict(answer)), delay_s=delay_s)

    def text_answer(self, text: str, *, delay_s: float = 0.0) -> None:
        """Script a completion with this text, for example malformed JSON."""
        message = {"role": "assistant", "content": text}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": _USAGE,
        }
        answer = _Answer(pieces=(json.dumps(body),), delay_s=delay_s)
        self._queues["json"].append(answer)

    def slow_answer(
        self, answer: Mapping[str, Any], *, pause_s: float, cut: bool = False
    ) -> None:
        """Script a completion that comes in drips, or breaks off on its way.

        Args:
            answer: The object that its text is, in JSON.
            pause_s: Waited before each of its many pieces.
            cut: Whether the connection breaks half way.
        """
        self.json_answer(answer)
        whole = self._queues["json"].pop()
        (body,) = whole.pieces
        pieces = [body[start : start + 20] for start in range(0, len(body), 20)]
        pieces = pieces[: len(pieces) // 2] if cut else pieces
        wait_s = 0.0 if cut else pause_s
        self._queues["json"].append(
            replace(whole, pieces=tuple(pieces), pause_s=wait_s, cut=cut)
        )

    def raw_answer(self, body: str, *, to: Queue = "json") -> None:
        """Script a 200 with this body, whatever it is."""
        self._queues[to].append(_Answer(pieces=(body,)))

    def embeddings(self, vectors: Sequence[Sequence[float]]) -> None:
        """Script the vectors of the next embeddings call."""
        body = json.dumps(_embeddings_body(vectors))
        self._queues["embeddings"].append(_Answer(pieces=(body,)))

    def rerank(
        self, scores: Sequence[float], *, delay_s: float = 0.0, pause_s: float = 0.0
    ) -> None:
        """Script the scores of the next texts to rank, told from the last text on.

        Args:
            scores: Of the texts, in their order.
            delay_s: Waited before the answer.
            pause_s: Waited before each of its many pieces.
        """
        results = [
            {"index": index, "relevance_score": score}
            for index, score in reversed(list(enumerate(scores)))
        ]
        usage = {"total_tokens": PROMPT_TOKENS}
        body = json.dumps({"results": results, "usage": usage})
        pieces = tuple(body[start : start + 20] for start in range(0, len(body), 20))
        self._queues["rerank"].append(
            _Answer(pieces=pieces, delay_s=delay_s, pause_s=pause_s)
        )

    def error(
        self,
        status: int,
        *,
        to: Queue = "stream",
        retry_after: str = "",
        code: str = "",
        message: str = "scripted failure",
    ) -> None:
        """Script an error answer, with a Retry-After header if given."""
        headers = (("Retry-After", retry_after),) if retry_after else ()
        body = json.dumps({"error": {"message": message, "code": code or None}})
        answer = _Answer(pieces=(body,), status=status, headers=headers)
        self._queues[to].append(answer)

    def _stream_pieces(
        self, texts: Sequence[str], *, usage: bool, **waits: float
    ) -> None:
        chunks = [_chunk({"role": "assistant", "content": ""})]
        chunks += [_chunk({"content": text}) for text in texts]
        chunks.append(_chunk({}, finish_reason="stop"))
        self._add("stream", _events(chunks, usage=usage), **waits)

    def _add(
        self,
        to: Queue,
        pieces: list[str],
        *,
        delay_s: float = 0.0,
        pause_s: float = 0.0,
    ) -> None:
        self._queues[to].append(
            _Answer(
                pieces=tuple(pieces),
                content_type="text/event-stream",
                delay_s=delay_s,
                pause_s=pause_s,
            )
        )

    def _answer_to(self, request: RecordedRequest) -> _Answer:
        self.requests.append(request)
        to: Queue = "stream" if request.body.get("stream") else "json"
        if request.path.endswith("/embeddings"):
            to = "embeddings"
        elif request.path.endswith("/rerank"):
            to = "rerank"
        speaks = to in {"stream", "json"}
        if not self._queues[to] and speaks and self.improvise:
            text, calls = self.improvise(request.body)
            if to == "json":
                self.text_answer(text)
            elif calls:
                self.tool_calls(calls)
            else:
                self._stream_pieces([text[:60], text[60:]], usage=True)
        if self._queues[to]:
            return self._queues[to].popleft()
        if to == "embeddings":
            vectors = [word_vector(text) for text in request.body["input"]]
            return _Answer(pieces=(json.dumps(_embeddings_body(vectors)),))
        return _Answer(pieces=('{"error": {"message": "not scripted"}}',), status=404)

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        answer_to: Callable[[RecordedRequest], _Answer] = self._answer_to
        closing = self._closing

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                answer = answer_to(
                    RecordedRequest(
                        self.path,
                        {name.lower(): value for name, value in self.headers.items()},
                        body,
                    )
                )
                try:
                    self._send(answer)
                except ConnectionError:
                    # The client hung up, as it does after a timeout.
                    self.close_connection = True

            def _send(self, answer: _Answer) -> None:
                closing.wait(answer.delay_s)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("Connection", "close")
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                for piece in answer.pieces:
                    closing.wait(answer.pause_s)
                    data = piece.encode()
                    self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                    self.wfile.flush()
                if not answer.cut:
                    self.wfile.write(b"0\r\n\r\n")

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Keep the test output quiet."""

        return Handler


def word_vector(text: str) -> list[float]:
    """Return a vector in which texts that share words are near each other."""
    vector = [0.0] * EMBEDDING_DIMS
    for word in text.lower().split() or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[digest[0] % EMBEDDING_DIMS] += 1.0
    return vector


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + words[-1:]


def _chunk(delta: Mapping[str, Any], finish_reason: str | None = None) -> Any:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }


def _call_chunk(index: int, function: Mapping[str, Any], **extra: Any) -> Any:
    return _chunk({"tool_calls": [{"index": index, "function": function, **extra}]})


def _events(chunks: list[Any], *, usage: bool) -> list[str]:
    if usage:
        chunks = [*chunks, {**_chunk({}), "choices": [], "usage": _USAGE}]
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]


def _embeddings_body(vectors: Sequence[Sequence[float]]) -> Any:
    data = [
        {"object": "embedding", "index": index, "embedding": list(vector)}
        for index, vector in enumerate(vectors)
    ]
    return {
        "object": "list",
        "data": data,
        "model": "scripted",
        "usage": {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS},
    }
