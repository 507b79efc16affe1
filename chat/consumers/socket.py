"""What both sockets share: frames, the replay of the log, and the streaming reply."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar
from uuid import UUID

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    ValidationError,
)
from django.db import DatabaseError, close_old_connections
from django.http import Http404
from redis.exceptions import RedisError

from chat import push
from chat.consumers import frames
from chat.consumers.frames import FloodError, FrameError, SignedOutError
from chat.models import Conversation
from chat.timeline import PAGE, events_after

logger = logging.getLogger(__name__)

# A person types, scrolls and reconnects well within this.
BURST_FRAMES = 60
FRAMES_A_SECOND = 5
# Pings try again: a person does not wait for a channel layer that hangs.
LAYER_S = 3.0
Handler = Callable[[dict[str, Any]], Awaitable[None]]


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]  # untyped
    """What both sockets share: frames, the replay of the log, and the streaming reply.

    Attributes:
        watching: The conversation that is shown, if any.
        groups: The groups it wants pushes of.
        seen: The last `seq` that was sent for it.
        shown: How much of which reply was sent, in characters.
    """

    console: ClassVar[bool]
    kinds: ClassVar[tuple[str, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watching: UUID | None = None
        self.group: str | None = None
        self.groups: set[str] = set()
        self.seen = 0
        self.shown: tuple[str, int] = ("", 0)
        self.budget: float = BURST_FRAMES
        self.counted_at = time.monotonic()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Serve one frame; whatever is wrong with it is told to the sender."""
        frame: dict[str, Any] = {}
        try:
            self.count_frame()
            frame = frames.parse(text_data)
            if frame["type"] not in self.kinds:
                raise FrameError("unknown", f"There is no frame {frame['type']!r}.")
            handler: Handler = getattr(self, f"on_{frame['type']}")
            await handler(frame)
        except FrameError as error:
            await self.fail(frame, error.code, error.detail)
        except FloodError:
            await self.close(code=4429)
        except SignedOutError:
            await self.close(code=4401)
        except PermissionDenied as error:
            await self.fail(frame, "denied", str(error) or "You may not do that.")
        except ValidationError as error:
            await self.fail(frame, error.code or "invalid", error.messages[0])
        except (ObjectDoesNotExist, Http404):
            await self.fail(frame, "not_found", "There is no such conversation.")
        except DatabaseError as error:
            logger.warning("A frame was not served: %s", type(error).__name__)
            await self.fail(
                frame, "unavailable", "Not stored. Send it again in a moment."
            )

    def count_frame(self) -> None:
        """Take one frame off what this socket may send.

        Raises:
            FrameError: It sends faster than a person does.
            FloodError: It goes on all the same.
        """
        now = time.monotonic()
        earned = (now - self.counted_at) * FRAMES_A_SECOND
        self.budget = min(BURST_FRAMES, self.budget + earned) - 1
        self.counted_at = now
        if self.budget < -BURST_FRAMES:
            raise FloodError
        if self.budget < 0:
            raise FrameError("too_fast", "That was too fast. Wait a moment.")

    async def fail(self, frame: dict[str, Any], code: str, detail: str) -> None:
        """Tell the sender what was wrong with a frame."""
        client_id = frames.optional(frame, "client_id") or None
        await self.send_frame(
            type="error", client_id=client_id, code=code, detail=detail
        )

    async def send_frame(self, **frame: Any) -> None:
        """Send one JSON frame."""
        await self.send(text_data=json.dumps(frame))

    async def disconnect(self, code: int) -> None:
        """Leave the conversation's group."""
        await self.leave()

    # --- The log ---------------------------------------------------------------------

    async def watch(self, tenant_id: UUID, conversation_id: UUID) -> None:
        """Join a conversation's group, and leave the last one's."""
        if self.watching == conversation_id:
            return
        await self.leave()
        self.watching = conversation_id
        self.group = push.conversation_group(tenant_id, conversation_id)
        await self.join(self.group)

    async def leave(self) -> None:
        """Leave the conversation's group."""
        if self.group is not None:
            self.groups.discard(self.group)
            await self._layer("group_discard", self.group)
        self.group = self.watching = None
        self.seen = 0

    async def join(self, group: str) -> None:
        """Join a group: now, or with a ping once the channel layer is back."""
        self.groups.add(group)
        await self._layer("group_add", group)

    async def _layer(self, call: str, group: str) -> None:
        try:
            async with asyncio.timeout(LAYER_S):
                await getattr(self.channel_layer, call)(group, self.channel_name)
        except (RedisError, OSError) as error:
            # Pings still bring what changes, only later.
            logger.warning("The channel layer is away: %s", type(error).__name__)

    async def catch_up(self) -> None:
        """Send every event after the last one that was sent."""
        if self.watching is None:
            return
        for frame in await self.unit(self.read_events, self.watching):
            await self.send_frame(**frame)

    def read_events(self, conversation_id: UUID) -> list[dict[str, Any]]:
        """Read what follows `seen`, in scope; moves `seen` along."""
        conversation = Conversation.objects.select_related("agent").get(
            pk=conversation_id
        )
        frames: list[dict[str, Any]] = []
        while page := events_after(conversation, self.seen, console=self.console):
            frames += page
            self.seen = page[-1]["seq"]
            if len(page) < PAGE:
                break
        return frames

    async def on_ping(self, frame: dict[str, Any]) -> None:
        """Answer a ping with what was missed."""
        # Costs nothing where the group is joined already.
        for group in self.groups:
            await self._layer("group_add", group)
        await self.catch_up()
        await self.send_frame(type="pong")

    # --- Pushes from the channel layer -----------------------------------------------

    async def conversation_changed(self, message: dict[str, Any]) -> None:
        """The log has grown; what was just written here was sent by then."""
        if message["seq"] <= self.seen:
            return
        try:
            await self.catch_up()
        except SignedOutError:
            await self.close(code=4401)
        except (DatabaseError, Conversation.DoesNotExist) as error:
            logger.warning("A push was not served: %s", type(error).__name__)

    async def memory_changed(self, message: dict[str, Any]) -> None:
        """What is remembered has changed: the console looks again."""
        if self.console:
            await self.send_frame(type="memory", conversation=str(self.watching))

    async def reply_grew(self, message: dict[str, Any]) -> None:
        """Send what of the reply was not sent yet."""
        shown_id, offset = self.shown
        if shown_id != message["message"] or offset > len(message["text"]):
            offset = 0
        text = message["text"][offset:]
        self.shown = (message["message"], len(message["text"]))
        if text:
            await self.send_frame(
                type="delta",
                conversation=str(self.watching),
                message=message["message"],
                offset=offset,
                text=text,
            )

    # --- Units of work ---------------------------------------------------------------

    def opened(self) -> AbstractContextManager[None]:
        """Return the scope that this socket's work runs in."""
        raise NotImplementedError

    def check(self) -> None:
        """Look, in scope, whether this socket may still be served."""

    async def unit(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run one synchronous unit of work in the socket's scope, on a pool thread."""

        def run() -> Any:
            try:
                with self.opened():
                    self.check()
                    return work(*args)
            finally:
                close_old_connections()

        return await sync_to_async(run, thread_sensitive=False)()
