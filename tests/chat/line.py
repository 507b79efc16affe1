"""The real ASGI application on a free port, and websocket clients that talk to it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from uuid import UUID, uuid4

import uvicorn
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chat import assistant
from config import demo


class Server:
    """uvicorn in a thread, as production runs it."""

    def __init__(self) -> None:
        from config.asgi import application

        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                ws="websockets-sansio",
                log_config=None,
                lifespan="off",
                ws_max_size=demo.MAX_FRAME_BYTES,
                proxy_headers=False,
            )
        )
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @contextmanager
    def widget(self, tenant_slug: str) -> Iterator["Line"]:
        with self.open(f"/ws/widget/{tenant_slug}/") as line:
            yield line

    @contextmanager
    def open(
        self,
        path: str,
        *,
        cookie: str = "",
        origin: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Iterator["Line"]:
        more = {"Cookie": f"sessionid={cookie}"} if cookie else {}
        if origin is None:
            origin = f"http://{self.address}"
        with connect(
            f"ws://{self.address}{path}",
            origin=Origin(origin) if origin else None,
            additional_headers={**more, **(headers or {})},
            compression=None,
            close_timeout=2,
        ) as connection:
            yield Line(connection)


def settle() -> None:
    """Wait until no reply is being written any more."""
    deadline = time.monotonic() + 15
    while assistant._running:
        assert time.monotonic() < deadline, "a reply never ended"
        time.sleep(0.01)


class Line:
    """One open socket, in frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.waiting: list[dict[str, Any]] = []

    def send(self, **frame: Any) -> None:
        self.connection.send(json.dumps(frame))

    def next(self, timeout_s: float = 5.0) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.connection.recv(timeout=timeout_s))
        return frame

    def until(self, kind: str) -> dict[str, Any]:
        """Read on to the next frame of a type; what came before is in `waiting`."""
        while True:
            frame = self.next()
            if frame["type"] == kind:
                return frame
            self.waiting.append(frame)

    def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a frame and return the very next one."""
        self.send(**frame)
        return self.next()

    def hello(self, **options: Any) -> dict[str, Any]:
        frame = self.ask(type="hello", **options)
        assert frame["type"] == "ready", frame
        return frame

    def say(
        self, text: str, client_id: UUID | None = None, **more: Any
    ) -> dict[str, Any]:
        """Send a message and return its ack."""
        self.send(type="send", text=text, client_id=str(client_id or uuid4()), **more)
        return self.until("ack")

    def heal(self) -> list[dict[str, Any]]:
        """Ping, and return what came before the pong."""
        self.send(type="ping")
        self.waiting = []
        self.until("pong")
        return self.waiting

    def rest(self) -> list[dict[str, Any]]:
        """Wait until no reply is being written any more; return every event so far."""
        frames = self.heal()
        settle()
        frames += self.heal()
        return [frame for frame in frames if frame["type"] == "event"]

    def events(self) -> list[dict[str, Any]]:
        """Read every event there is up to now."""
        return [frame for frame in self.heal() if frame["type"] == "event"]

    def closed_with(self) -> int:
        """Wait for the server to close; return the code."""
        try:
            while True:
                self.connection.recv(timeout=5)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0
