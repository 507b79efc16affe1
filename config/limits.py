"""How large a request may be, held while its body arrives.

Django looks at a body when the whole of it is there, and a file that is sent along has
no limit of its own; nothing here takes files.
"""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

# The longest form and the longest API call are a few thousand characters.
MAX_BODY_BYTES = 256 * 1024


class BodyLimit:
    """Answers 413 to a request whose body is too large, and reads no further.

    Args:
        application: The application behind it.
        max_bytes: The largest body that it gets.
    """

    def __init__(
        self, application: Application, *, max_bytes: int = MAX_BODY_BYTES
    ) -> None:
        self.application = application
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:20]) > self.max_bytes:
            await _refuse(send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            # Django takes this for a client that left, and drops what it has read. It
            # reads a whole body before it begins to answer.
            return message if came <= self.max_bytes else {"type": "http.disconnect"}

        await self.application(scope, counted, send)
        if came > self.max_bytes:
            await _refuse(send)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"That is too large.\n"})
