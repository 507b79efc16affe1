"""Clients that follow the protocol of docs/api.md through whatever breaks."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.stack import Stack

Frame = dict[str, Any]


class Client:
    """One side of a conversation, which outlives its connections.

    It comes back with the last `seq` it has, sends again what was not acknowledged, and
    does not stand for a gap in the log.

    Attributes:
        seq: The last event it has.
        messages: The newest state of each message, in order of appearance.
        unacknowledged: The frames of messages by client id, oldest first.
        deltas: Every piece of a streaming reply.
    """

    def __init__(
        self, stack: Stack, path: str, greeting: Frame, **headers: str
    ) -> None:
        self._url = f"ws://127.0.0.1:{stack.port}{path}"
        self._origin = Origin(stack.base_url)
        self._headers = headers
        self._greeting = greeting
        self._connection: ClientConnection | None = None
        self._line = ExitStack()
        self.conversation: str | None = greeting.pop("conversation", None)
        self.seq = 0
        self.messages: dict[str, Frame] = {}
        self.unacknowledged: dict[str, Frame] = {}
        self.deltas: list[Frame] = []
        self.pongs = 0

    def send(self, text: str, *, note: bool = False) -> None:
        """Write a message; it is sent now, or as soon as there is a connection."""
        client_id = str(uuid4())
        frame = {"type": "send", "client_id": client_id, "text": text, "note": note}
        self.unacknowledged[client_id] = frame
        with suppress(WebSocketException, OSError):
            self._transmit(frame)

    def ping(self) -> None:
        """Ask for what was missed, and wait until it is there."""
        before = self.pongs
        self.until(lambda: self._connection is not None)
        self._transmit({"type": "ping"})
        self.until(lambda: self.pongs > before)

    def until(self, done: Callable[[], object], *, timeout_s: float = 60.0) -> None:
        """Take frames, connecting again when the line breaks, until something holds."""
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {self}"
            try:
                self._take_one()
            except TimeoutError:
                continue
            except (WebSocketException, OSError):
                self.close()
                time.sleep(0.1)

    def until_it_says(self, text: str) -> None:
        """Take frames until the assistant has said something, and all of it."""
        self.until(lambda: text in self.texts("assistant"))

    def texts(self, author: str) -> list[str]:
        """Return the whole messages of an author."""
        return [
            message["text"]
            for message in self.messages.values()
            if message["author"] == author and message["status"] == "complete"
        ]

    def close(self) -> None:
        """Hang up."""
        self._connection = None
        with suppress(WebSocketException, OSError):
            self._line.close()

    def __repr__(self) -> str:
        return f"seq {self.seq}, {list(self.messages.values())}"

    def _take_one(self) -> None:
        if self._connection is None:
            line = connect(
                self._url,
                origin=self._origin,
                additional_headers=self._headers,
                compression=None,
                close_timeout=1,
            )
            self._connection = self._line.enter_context(line)
            self._greet()
        frame: Frame = json.loads(self._connection.recv(timeout=0.2))
        take = getattr(self, f"_on_{frame['type']}", None)
        if take is not None:
            take(frame)

    def _greet(self) -> None:
        self._transmit({**self._greeting, "after": self.seq})

    def _transmit(self, frame: Frame) -> None:
        if self._connection is not None:
            whole = {"conversation": self.conversation, **frame}
            self._connection.send(json.dumps(whole))

    def _on_ready(self, frame: Frame) -> None:
        if frame["conversation"] != self.conversation:
            self.conversation = frame["conversation"]
            self.seq = 0
        for event in frame["events"]:
            self._on_event(event)
        for unacknowledged in self.unacknowledged.values():
            self._transmit(unacknowledged)

    def _on_event(self, event: Frame) -> None:
        if event["conversation"] != self.conversation:
            self.conversation, self.seq = event["conversation"], 0
        if event["seq"] <= self.seq:
            return
        assert event["seq"] == self.seq + 1, "a gap in the log"
        self.seq = event["seq"]
        if message := event["message"]:
            self.messages[message["id"]] = message

    def _on_delta(self, frame: Frame) -> None:
        self.deltas.append(frame)

    def _on_ack(self, frame: Frame) -> None:
        self.unacknowledged.pop(frame["client_id"], None)

    def _on_error(self, frame: Frame) -> None:
        # Not stored: it stays unacknowledged and goes out again.
        assert frame["code"] == "unavailable", frame

    def _on_pong(self, frame: Frame) -> None:
        self.pongs += 1


def widget(stack: Stack, desk: str, token: str) -> Client:
    """Return a customer's client."""
    return Client(stack, f"/ws/widget/{desk}/", {"type": "hello", "token": token})


def console(stack: Stack, session: str, conversation: str) -> Client:
    """Return an agent's client that shows a conversation."""
    greeting = {"type": "open", "conversation": conversation}
    return Client(stack, "/ws/console/", greeting, Cookie=f"sessionid={session}")
